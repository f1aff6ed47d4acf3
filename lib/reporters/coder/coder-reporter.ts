import type { Batch } from '../../batch.js';
import type { Reporter } from '../../forwarding/reporter.js';
import { Episode } from '../../telemetry/episode.js';
import { MAX_PACKET_LENGTH } from './drpc/packet.js';
import { isLasting, permanent } from './failures.js';
import { KeptConnection } from './kept-connection.js';
import { type CoderReporterOptions, resolveCoderOptions } from './options.js';
import { splitRequest } from './split-request.js';

const METHOD = '/coder.agent.v2.Agent/ReportBoundaryLogs';

/**
 * Reports batches to Coder, by the API of its workspace agents: `ReportBoundaryLogs` over DRPC, yamux and a
 * WebSocket. The bytes of a batch go as they came, so unknown fields arrive. It connects when it is made, and
 * keeps the one connection until {@link close}; each call has a stream of its own.
 *
 * A batch of more than 1000 logs takes several calls, as the server takes no more in one. When one of them fails
 * and the same batch is reported again, only what was not taken before is sent.
 *
 * **A batch sent twice is stored twice**: the server knows no duplicates. It is sent twice where it was taken but
 * its answer was lost, and is then reported again. So where the report's `signal` aborts, the answer to a call that
 * is under way has another second to come.
 *
 * How a report fails, for retries:
 *
 * | what happened | `code` | |
 * |---|---|---|
 * | not reachable (refused, reset, DNS, TLS), HTTP 408, 425, 429, 5xx | `ERR_CONNECT_FAILED` | may pass; `retryAfterMs` until it connects again, at least what `Retry-After` asks for |
 * | the connection or the call ended before the answer | `ERR_CONNECTION_LOST` | may pass |
 * | no answer in time | `ERR_CALL_TIMEOUT` | may pass |
 * | the server broke a protocol | `ERR_PROTOCOL_VIOLATION` | may pass |
 * | HTTP 400, 401, 403, any other; an old server; the method is not there | `ERR_CODER_REFUSED` | lasts until somebody mends it: `retryAfterMs` is in minutes |
 * | the method fails with a text | `ERR_CALL_REJECTED` | lasts for this batch: `permanent` |
 * | `close()` was called | `ERR_CLOSED` | |
 */
export class CoderReporter implements Reporter<Batch> {
  readonly #connection: KeptConnection;
  readonly #callTimeoutMs: number;
  /** Of batches that take several calls: how many of these have succeeded. */
  readonly #partsTaken = new WeakMap<Batch, number>();
  readonly #refusals: Episode;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: CoderReporterOptions) {
    const resolved = resolveCoderOptions(options);
    this.#callTimeoutMs = resolved.callTimeoutMs;
    this.#refusals = new Episode(resolved.logger, {
      started: 'Coder refuses boundary logs; retrying',
      ended: 'Coder accepts boundary logs again',
    });
    this.#connection = new KeptConnection(resolved);
  }

  async report(batch: Batch, { signal }: { signal: AbortSignal }): Promise<void> {
    const parts = splitRequest(batch.raw, batch.count);
    for (let i = this.#partsTaken.get(batch) ?? 0; i < parts.length; i++) {
      await this.#call(parts[i] as Uint8Array, signal);
      if (parts.length > 1) this.#partsTaken.set(batch, i + 1);
    }
    this.#partsTaken.delete(batch);
  }

  /** Ends the connection. Reports under way, and later ones, fail with ERR_CLOSED. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  async #call(request: Uint8Array, signal: AbortSignal): Promise<void> {
    if (request.length > MAX_PACKET_LENGTH) {
      const message = `Coder takes no request of more than ${MAX_PACKET_LENGTH} bytes, and this one has ${request.length}`;
      throw permanent(message);
    }
    const session = await this.#connection.session(signal);
    try {
      await session.call(METHOD, request, { signal, timeoutMs: this.#callTimeoutMs });
      this.#refusals.end();
    } catch (error) {
      if (isLasting(error)) this.#refusals.happened({}, { err: error }, error.code);
      throw error;
    }
  }
}
