import type { Batch } from '../../batch.js';
import { KeptConnection } from '../../connection/kept-connection.js';
import { Outage } from '../../connection/outage.js';
import { AttemptTimeout } from '../../forwarding/attempt-timeout.js';
import type { CoalesceOptions } from '../../forwarding/coalesce-options.js';
import type { Reporter } from '../../forwarding/reporter.js';
import { splitRequest } from '../split-request.js';
import type { AgentSession } from './agent-session.js';
import { dial } from './dial.js';
import { MAX_PACKET_LENGTH } from './drpc/packet.js';
import { type Failure, permanent } from './failures.js';
import { type CoderReporterOptions, resolveCoderOptions } from './options.js';
import { TokenPatience } from './token-patience.js';

const METHOD = '/coder.agent.v2.Agent/ReportBoundaryLogs';

/**
 * Reports batches to Coder with the API of its workspace agents: calls of `ReportBoundaryLogs` over DRPC, yamux and a
 * WebSocket. A batch is sent with the bytes that were received, so unknown fields arrive. The reporter connects when it
 * is created, and keeps one connection open until {@link close}. Each call uses a yamux stream of its own.
 *
 * Coder accepts at most 1000 logs in one call, so a larger batch takes several calls. If one of them fails and the same
 * batch is reported again, the reporter continues with the part that failed.
 *
 * **Coder stores a batch twice if it is sent twice**, because it does not detect duplicates. This happens if Coder
 * accepts a batch, its answer is lost, and the batch is reported again. Therefore a call in progress has one more
 * second to be answered after the report's `signal` has aborted.
 *
 * How a report fails:
 *
 * | what happened | `code` | retries |
 * |---|---|---|
 * | Coder is not reachable (refused, reset, DNS, TLS) or not available (HTTP 408, 425, 429 or 5xx), something in front of it answers, or a redirect leads to another host | `ERR_CONNECT_FAILED` | may succeed after `retryAfterMs`: the time until the next attempt to connect, and at least what `Retry-After` asks for |
 * | the connection or the call ended before the answer arrived | `ERR_CONNECTION_LOST` | may succeed |
 * | Coder did not answer in time | `ERR_CALL_TIMEOUT` | may succeed |
 * | the server violated a protocol | `ERR_PROTOCOL_VIOLATION` | may succeed |
 * | HTTP 401, or the token cannot be read | `ERR_CODER_REFUSED` | may succeed; once Coder has answered 401 for 5 minutes, `retryAfterMs` is minutes |
 * | HTTP 400 of Coder, which is too old; a server without this method | `ERR_CODER_REFUSED` | fail until somebody corrects the configuration: `retryAfterMs` is minutes |
 * | the method returned an error | `ERR_CALL_REJECTED` | are useless: `permanent` is true |
 * | `close()` was called | `ERR_CLOSED` | fail |
 */
export class CoderReporter implements Reporter<Batch> {
  /** Batches that wait become one call. Coder accepts at most 1000 logs in it. */
  readonly coalesce: CoalesceOptions = { maxLogs: 1000, maxBytes: 2 ** 20 };
  /** Whether there is a logger. */
  readonly logsOutages: boolean;
  readonly #connection: KeptConnection<AgentSession>;
  readonly #callTimeout: AttemptTimeout;
  /** For each batch that takes several calls: how many of them have succeeded. */
  readonly #partsReported = new WeakMap<Batch, number>();
  readonly #outage: Outage;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: CoderReporterOptions) {
    const resolved = resolveCoderOptions(options);
    this.#callTimeout = new AttemptTimeout(resolved.callTimeoutMs, resolved.maxCallTimeoutMs);
    this.#outage = new Outage(resolved.logger, 'Coder');
    this.logsOutages = options.logger !== undefined;
    const { url } = resolved;
    const names = { owner: 'CoderReporter', server: 'Coder', fields: { url } };
    const patience = new TokenPatience();
    const connect = (signal: AbortSignal) => patience.during(() => dial(resolved, signal));
    this.#connection = new KeptConnection({ ...resolved, ...names, dial: connect }, this.#outage);
  }

  async report(batch: Batch, { signal }: { signal: AbortSignal }): Promise<void> {
    const parts = splitRequest(batch.raw, batch.count);
    for (let i = this.#partsReported.get(batch) ?? 0; i < parts.length; i++) {
      await this.#call(parts[i] as Uint8Array, signal);
      if (parts.length > 1) this.#partsReported.set(batch, i + 1);
    }
    this.#partsReported.delete(batch);
  }

  /** Closes the connection. Reports in progress, and later ones, fail with ERR_CLOSED. */
  async close(): Promise<void> {
    await this.#connection.close();
    this.#outage.flush();
  }

  async #call(request: Uint8Array, signal: AbortSignal): Promise<void> {
    if (request.length > MAX_PACKET_LENGTH) {
      const message = `this batch has ${request.length} bytes, and Coder accepts at most ${MAX_PACKET_LENGTH} in one request`;
      throw permanent(message);
    }
    const session = await this.#connection.session(signal).catch((error) => {
      if (error.name !== 'AbortError') this.#outage.callWaits();
      throw error;
    });
    const { ms: timeoutMs } = this.#callTimeout;
    const succeeded = this.#callTimeout.begin();
    try {
      await session.call(METHOD, request, { signal, timeoutMs });
      succeeded();
      this.#outage.answered();
    } catch (error) {
      const { permanent, code } = error as Partial<Failure>;
      if (code === 'ERR_CALL_TIMEOUT') this.#callTimeout.exceeded(timeoutMs);
      // A rejected batch, a closed reporter or the end of a run is not an outage.
      if (permanent) this.#outage.answered();
      else if (code !== 'ERR_CLOSED' && (error as Error).name !== 'AbortError')
        this.#outage.callFailed(error);
      throw error;
    }
  }
}
