import type { LogBatch } from '../../../codec/index.js';
import { onAbort } from '../../abort.js';
import type { Failure } from '../../connection/failure.js';
import { KeptConnection } from '../../connection/kept-connection.js';
import { Outage } from '../../connection/outage.js';
import { AttemptTimeout } from '../../forwarding/attempt-timeout.js';
import { isPermanent, type Reporter, type ReportOptions } from '../../forwarding/reporter.js';
import { attemptTimeoutMs, connectNats } from '../../nats/connect.js';
import { isUnanswered, requestFailure } from '../../nats/failures.js';
import { type Envelope, envelopeOf, Header } from '../../nats/message.js';
import type { NatsSession } from '../../nats/session.js';
import { quoted } from '../../printable.js';
import { CheckedStream } from './checked-stream.js';
import { Lanes } from './lanes.js';
import { type JetStreamReporterOptions, resolveJetStreamOptions } from './options.js';

/** How long to wait for an acknowledgement after everything has been told to end, in ms. Equals the proxy's default `graceMs`. */
const ANSWER_GRACE_MS = 1000;

/**
 * Publishes each batch as one message to a stream of NATS JetStream, with its bytes as they were received. The batch is
 * delivered when the stream has acknowledged that it stores it. The reporter connects when it is created, and keeps one
 * connection open until {@link close}. A missing stream is created; one that exists is checked, and never changed.
 *
 * Give `runForwarder()` a `concurrency`, such as 64: so many batches may wait for their acknowledgement, at most one of
 * each session. Within a session, the stream has the batches in their order, whatever fails and is retried.
 *
 * The id of a message is derived from the batch, so the stream stores a batch that is retried once, as long as it remembers
 * the id (`duplicateWindowMs`). docs/nats.md tells what this means for batches without a session.
 *
 * How a report fails:
 *
 * | what happened | `code` | retries |
 * |---|---|---|
 * | NATS is not reachable (refused, DNS, TLS, no answer), JetStream does not answer, or something else does | `ERR_CONNECT_FAILED` | may succeed after `retryAfterMs`: the time until the next attempt to connect |
 * | the connection ended before the acknowledgement arrived | `ERR_CONNECTION_LOST` | may succeed; the batch is stored once |
 * | the server sent something that the protocol does not allow | `ERR_PROTOCOL_VIOLATION` | may succeed |
 * | no acknowledgement arrived in time | `ERR_CALL_TIMEOUT` | may succeed; the batch is stored once |
 * | credentials, permissions or the stream are not as needed, or the stream is full | `ERR_NATS_REFUSED` | fail until somebody corrects what the message names |
 * | the batch is larger than the server or the stream accepts | `ERR_CALL_REJECTED` | are useless: `permanent` is true |
 * | it is not a `LogBatch` | `ERR_INVALID_BATCH` | are useless: `permanent` is true |
 * | the client of NATS is not installed | `ERR_PACKAGE_MISSING` | fail |
 * | `close()` was called | `ERR_CLOSED` | fail |
 */
export class JetStreamReporter implements Reporter<LogBatch> {
  /** Whether there is a logger. */
  readonly logsOutages: boolean;
  readonly #connection: KeptConnection<NatsSession>;
  readonly #stream: CheckedStream;
  readonly #outage: Outage;
  readonly #callTimeout: AttemptTimeout;
  readonly #proxy: string;
  readonly #lanes = new Lanes();

  /** @throws ERR_INVALID_OPTION. The error never contains a secret. */
  constructor(options: JetStreamReporterOptions) {
    const resolved = resolveJetStreamOptions(options);
    this.#proxy = resolved.proxy;
    this.#callTimeout = new AttemptTimeout(resolved.callTimeoutMs, resolved.maxCallTimeoutMs);
    this.#stream = new CheckedStream(resolved);
    this.#outage = new Outage(resolved.logger, 'NATS');
    this.logsOutages = options.logger !== undefined;
    const { servers, stream } = resolved;
    const fields = { servers: servers.hosts, stream };
    const names = { owner: 'JetStreamReporter', server: 'NATS', fields };
    const dial = async (signal: AbortSignal) => {
      const session = await connectNats(resolved, signal);
      try {
        await this.#stream.check(session);
        return session;
      } catch (error) {
        const failure = session.endedWith ?? (error as Failure);
        session.close(failure);
        throw failure;
      }
    };
    const connectTimeoutMs = attemptTimeoutMs(resolved);
    this.#connection = new KeptConnection({ ...resolved, ...names, connectTimeoutMs, dial }, this.#outage);
  }

  /** The order is that of the session. The batches of other sessions do not wait for one that failed. */
  readonly keepsOrder = ({ sessionId }: LogBatch): string => sessionId;

  report(batch: LogBatch, { signal, onFailure }: ReportOptions): Promise<void> {
    const envelope = envelopeOf(batch);
    const { sessionId } = batch;
    // It may wait for long. The chunk that it arrived in should not.
    if (this.#lanes.isBusy(sessionId)) batch.detach();
    return this.#lanes.run(sessionId, () => this.#deliver(batch, envelope, signal), { signal, onFailure });
  }

  /** Closes the connection. Reports in progress, and later ones, fail with ERR_CLOSED. It does not wait for the server. */
  async close(): Promise<void> {
    await this.#connection.close();
    this.#outage.flush();
  }

  async #deliver(batch: LogBatch, envelope: Envelope, signal: AbortSignal): Promise<void> {
    const session = await this.#connection.session(signal).catch((error) => {
      if (error.name !== 'AbortError') this.#outage.callWaits();
      throw error;
    });
    const { ms: timeoutMs } = this.#callTimeout;
    const succeeded = this.#callTimeout.begin();
    try {
      await this.#stream.ready(session);
      await afterGrace(this.#publish(session, batch, envelope, timeoutMs), signal);
      session.answered += 1;
      succeeded();
      this.#outage.answered();
    } catch (error) {
      // Everything ends, or the attempt is over, which the caller knows.
      if (signal.aborted && error === signal.reason) throw error;
      if (session.endedWith !== undefined) throw session.endedWith;
      if (isUnanswered(error)) this.#stream.suspect();
      const what = `the stream ${quoted(this.#stream.name)} has not accepted a batch`;
      const failure = requestFailure(what, error, timeoutMs);
      if (failure.code === 'ERR_CALL_TIMEOUT') this.#callTimeout.exceeded(timeoutMs);
      if (isPermanent(failure)) this.#outage.answered();
      else this.#outage.callFailed(failure);
      throw failure;
    }
  }

  /** Resolves when the stream has stored the batch, now or at an earlier attempt. */
  async #publish(
    { jetstream, packages }: NatsSession,
    batch: LogBatch,
    { subject, id }: Envelope,
    timeout: number,
  ): Promise<void> {
    const headers = packages.transport.headers();
    headers.set(Header.TAG, String(batch.tag));
    headers.set(Header.COUNT, String(batch.count));
    headers.set(Header.PROXY, this.#proxy);
    await jetstream.publish(subject, batch.raw, {
      ...{ headers, timeout, msgID: id },
      // Without this, any stream that stores the subject would acknowledge.
      expect: { streamName: this.#stream.name },
    });
  }
}

/** Settles like `promise`, or rejects with `signal.reason` some time after the signal has aborted. */
function afterGrace(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const stopListening = onAbort(signal, () => {
      timer = setTimeout(() => reject(signal.reason), ANSWER_GRACE_MS);
    });
    promise.then(resolve, reject).finally(() => {
      stopListening();
      clearTimeout(timer);
    });
  });
}
