import type { Msg } from '@nats-io/transport-node';
import type { LogBatch } from '../../../codec/index.js';
import { sleep, startTimer } from '../../abort.js';
import { isBatch } from '../../batch.js';
import { isRefusal } from '../../connection/failure.js';
import { KeptConnection } from '../../connection/kept-connection.js';
import { Outage } from '../../connection/outage.js';
import { BoundaryLogError } from '../../errors.js';
import { type BatchReceiver, type BatchSource, RETURN_DELAY_MS } from '../../forwarding/batch-source.js';
import type { Forwarder } from '../../forwarding/forwarder.js';
import { GuardedEvents } from '../../guard.js';
import { attemptTimeoutMs } from '../../nats/connect.js';
import { checkArgument, milliseconds, type OptionCheck, objectWith } from '../../options.js';
import { messageOf } from '../../printable.js';
import { type Callback, Readable } from '../../streams/base.js';
import { Custody } from './custody.js';
import type { JetStreamSourceEvents } from './source-events.js';
import {
  type JetStreamSourceOptions,
  type ResolvedSourceOptions,
  resolveSourceOptions,
} from './source-options.js';
import { SourceSession } from './source-session.js';

/** How long the end waits until the server has read all answers, in ms. */
const CLOSE_MS = 2_000;
const BATCH: OptionCheck = { expected: 'a LogBatch', accepts: isBatch };
const DELAY = milliseconds({ min: 0 });
const REASON: OptionCheck = { expected: 'a text', accepts: (value) => typeof value === 'string' };

const CLOSED = 'this JetStreamSource is closed: create a new one';

/**
 * Readable, object mode: the batches of a NATS JetStream stream, from a durable consumer that any number of sources share.
 * The server keeps each message until this source has told it what became of its batch: {@link accepted},
 * {@link returned} or {@link rejected}. Until then, the source extends the time after which the server would deliver the
 * message again.
 *
 * ```ts
 * const source = new JetStreamSource({ servers: 'nats://127.0.0.1:4222' });
 * const forwarder = new Forwarder({ report: (batch) => console.log(batch.request) }, { retry: {} });
 * await pipeline(source.settleWith(forwarder), forwarder);
 * ```
 *
 * It connects when somebody reads. During an outage it reconnects for ever, and fails only if the server refuses this
 * configuration at the start. At most `maxBatches` batches are here that were not settled, whether they were read or not.
 *
 * | event | arguments | when |
 * |---|---|---|
 * | `reject` | error | a message is not a valid batch: the server does not deliver it again, unless a newer version of this package may understand it |
 */
export class JetStreamSource extends Readable<LogBatch, JetStreamSourceEvents> implements BatchSource {
  /** Where the batches come from, such as `nats://127.0.0.1:4222, stream boundary-logs`. */
  readonly name: string;
  readonly #options: ResolvedSourceOptions;
  readonly #outage: Outage;
  readonly #events = new GuardedEvents(this);
  readonly #custody = new Custody(
    (error) => this.#events.emit('reject', error),
    () => this.#outage.answered(),
  );
  /** Ends the first attempt to connect. */
  readonly #closing = new AbortController();
  #kept: KeptConnection<SourceSession> | undefined;
  #session: SourceSession | undefined;
  #opened: Promise<void> | undefined;
  #hasConsumer = false;
  #isStopped = false;

  /** @throws ERR_INVALID_OPTION. The error never contains a secret. */
  constructor(options: JetStreamSourceOptions) {
    const resolved = resolveSourceOptions(options);
    super({ objectMode: true, highWaterMark: resolved.maxBatches, autoDestroy: false });
    this.#options = resolved;
    const { servers, stream, logger } = resolved;
    this.name = `${servers.tls ? 'tls' : 'nats'}://${servers.hosts.join(',')}, stream ${stream}`;
    this.#outage = new Outage(logger, 'the NATS stream');
  }

  /** Whether it is connected, and the consumer exists. */
  get isUp(): boolean {
    return this.#session?.isOpen === true;
  }

  /** How many batches are here that were neither accepted, returned nor rejected. */
  get unsettled(): number {
    return this.#custody.held.size;
  }

  /**
   * Connects, and begins to receive. It resolves during an outage, too, and then reconnects in the background. A second
   * call waits for the first one; after a failure it may be called again.
   *
   * @throws ERR_NATS_REFUSED if the server does not accept this configuration: the message says what to correct
   * @throws ERR_PACKAGE_MISSING
   * @throws ERR_CLOSED
   */
  open(): Promise<void> {
    if (this.destroyed) {
      return Promise.reject(new BoundaryLogError('ERR_CLOSED', CLOSED));
    }
    this.#opened ??= this.#open().catch((error) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** Connects, and delivers everything to a receiver, as a proxy wants it. */
  async receive(receiver: BatchReceiver): Promise<void> {
    await this.open();
    this.on('reject', (error) => receiver.invalid(error));
    this.on('data', (batch) => {
      if (!receiver.batch(batch)) this.pause();
    });
  }

  /** How many times a batch was delivered so far, to anybody: 1 for the first time, and for a batch that is not here. */
  deliveries(batch: LogBatch): number {
    checkArgument('deliveries', 'batch', batch, BATCH);
    return this.#custody.held.ofBatch(batch)?.deliveries ?? 1;
  }

  /** The batch has arrived at its destination. The server does not deliver it again. */
  accepted(batch: LogBatch): void {
    checkArgument('accepted', 'batch', batch, BATCH);
    this.#custody.accepted(batch);
    this.#session?.more();
  }

  /**
   * The batch has not arrived at its destination. The server delivers it again, to any source of this consumer.
   *
   * @param delayMs After how many ms. Default: 0.
   */
  returned(batch: LogBatch, delayMs = 0): void {
    checkArgument('returned', 'batch', batch, BATCH);
    checkArgument('returned', 'delayMs', delayMs, DELAY);
    this.#custody.returned(batch, delayMs);
    this.#session?.more();
  }

  /** The batch will never be accepted. The server does not deliver it again, and publishes the reason as an advisory. */
  rejected(batch: LogBatch, reason = 'rejected'): void {
    checkArgument('rejected', 'batch', batch, BATCH);
    checkArgument('rejected', 'reason', reason, REASON);
    this.#custody.rejected(batch, reason);
    this.#session?.more();
  }

  /**
   * Settles each batch by what a Forwarder makes of it. What it drops is returned, at once if it was destroyed, and
   * otherwise after 30 s; what it drops as `rejected` is rejected.
   */
  settleWith(forwarder: Pick<Forwarder, 'on' | 'write'>): this {
    checkArgument('settleWith', 'forwarder', forwarder, objectWith('on', 'write'));
    forwarder.on('forward', (batch) => this.accepted(batch));
    forwarder.on('drop', (batch, reason, error) => {
      if (reason === 'rejected') this.rejected(batch, messageOf(error));
      else this.returned(batch, reason === 'shutdown' ? 0 : RETURN_DELAY_MS);
    });
    return this;
  }

  /** Takes nothing more. What has arrived can still be read, and is followed by `end`. It remains connected. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.#stopSession();
    this.push(null);
  }

  /**
   * Returns every batch that is not settled, waits up to 2 s until the server has read all answers, and closes the
   * connection. `destroy()` does the same.
   */
  async close(): Promise<void> {
    this.#isStopped = true;
    if (this.closed) return;
    const closed = new Promise<void>((resolve) => this.once('close', resolve));
    this.destroy();
    await closed;
  }

  override _read(): void {
    this.open().catch((error) => this.destroy(error));
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#isStopped = true;
    this.#end().then(() => callback(error), callback);
  }

  async #open(): Promise<void> {
    const { logger, stream, consumer, servers, reconnectInitialDelayMs, reconnectMaxDelayMs } = this.#options;
    let first: Promise<SourceSession> | undefined = this.#firstSession();
    await first.catch((error) => {
      const { code } = error as { code?: string };
      // Whoever starts it learns what to correct. Everything else may pass, and is retried.
      if (isRefusal(error) || code === 'ERR_PACKAGE_MISSING' || code === 'ERR_CLOSED') throw error;
    });
    this.#kept = new KeptConnection<SourceSession>(
      {
        owner: 'JetStreamSource',
        server: 'the NATS stream',
        fields: { servers: servers.hosts.join(','), stream, consumer },
        connectTimeoutMs: attemptTimeoutMs(this.#options),
        ...{ reconnectInitialDelayMs, reconnectMaxDelayMs, logger },
        dial: (signal) => {
          const session = first ?? this.#dial(signal);
          first = undefined;
          return session;
        },
      },
      this.#outage,
    );
  }

  /** @throws what `SourceSession.dial()` throws, and ERR_CLOSED */
  async #firstSession(): Promise<SourceSession> {
    const attempt = new AbortController();
    const ms = attemptTimeoutMs(this.#options);
    const { signal } = this.#closing;
    const stopTimer = startTimer(
      ms,
      signal,
      () => attempt.abort(new Error(`no connection within ${ms} ms`)),
      () => attempt.abort(signal.reason),
    );
    return this.#dial(attempt.signal).finally(stopTimer);
  }

  async #dial(signal: AbortSignal): Promise<SourceSession> {
    const source = this;
    const state = {
      ...{ options: this.#options, held: this.#custody.held, answers: this.#custody.answers },
      get isStopped() {
        return source.#isStopped;
      },
      message: (message: Msg) => {
        const batch = this.#custody.receive(message, !this.#isStopped);
        if (batch !== undefined) this.push(batch);
      },
      works: () => this.#outage.answered(),
      refuses: (error: BoundaryLogError) => this.#outage.callFailed(error),
    };
    const session = await SourceSession.dial(state, signal);
    this.#session = session;
    session.ended.then(() => {
      if (this.#session === session) this.#session = undefined;
    });
    this.#tellAbout(session.consumer);
    return session;
  }

  #tellAbout({ isCreated, warnings }: SourceSession['consumer']): void {
    const { logger, stream, consumer } = this.#options;
    const isAgain = this.#hasConsumer;
    this.#hasConsumer = true;
    if (isCreated && isAgain) {
      const message =
        'the consumer was deleted, and is created again: everything that the stream contains is delivered again';
      logger.warn({ stream, consumer }, message);
    } else if (isCreated) logger.info({ stream, consumer }, 'the consumer is created');
    if (warnings.length > 0 && !isAgain)
      logger.warn({ stream, consumer, warnings }, 'the consumer could lose or repeat batches');
  }

  async #stopSession(): Promise<void> {
    const session = this.#session;
    if (session !== undefined) await within(CLOSE_MS, Promise.race([session.stop(), session.closed]));
  }

  async #end(): Promise<void> {
    this.#closing.abort(new BoundaryLogError('ERR_CLOSED', CLOSED));
    await this.#opened?.catch(() => undefined);
    // Otherwise the server would deliver to the open request what is returned.
    await this.#stopSession();
    const { answers } = this.#custody;
    this.#custody.returnAll();
    if (answers.unconfirmed > 0 && this.#kept !== undefined) await within(CLOSE_MS, answers.confirmed());
    await this.#kept?.close();
    this.#outage.flush();
    const left = answers.unconfirmed;
    if (left === 0) return;
    const message = 'the server may not have read all answers: it delivers these batches again';
    this.#options.logger.warn({ batches: left }, message);
  }
}

/** Resolves when the promise does, or after so many ms. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const settled = new AbortController();
  promise.then(() => settled.abort());
  await sleep(ms, settled.signal);
}
