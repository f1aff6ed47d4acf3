import { encodeStatus } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import type { BoundaryLogSenderEvents } from '../events.js';
import { backoffMs } from '../forwarding/backoff.js';
import { retry } from '../forwarding/retry.js';
import { GuardedEvents } from '../guard.js';
import { resolveOptions } from '../options.js';
import { messageOf, token } from '../printable.js';
import { type Callback, Writable } from '../streams/base.js';
import type { EndArguments } from '../streams/typed-stream.js';
import type { BoundaryEvent } from '../text/event.js';
import { type EncodedEvent, EventEncoder } from './event-encoder.js';
import { Outbox, type OverflowReason } from './outbox.js';
import { ReconnectingSocket } from './reconnecting-socket.js';
import type { SenderAccounts, SenderDropReason } from './sender-accounts.js';
import { type BoundaryLogSenderOptions, SENDER_OPTIONS } from './sender-options.js';

/**
 * Writable, object mode: {@link BoundaryEvent}s → the Unix socket of a receiver, in batches, as boundary sends them.
 *
 * A batch is sent when it has enough events, when it has waited long enough, or when the next event does not fit into
 * its frame. Events without a `sequence_number` are numbered, and those without an `event_time` get the current time.
 * A batch that cannot be written is kept, and written again on a new connection; meanwhile `write()` returns false, or,
 * with `overflow: 'drop'`, events are dropped. The protocol has no acknowledgements, so "written" is all that the sender
 * can know.
 *
 * The texts of an event that is too large for a frame are cut, the longest one first, and end with `[truncated]`. Lone
 * surrogates become U+FFFD. An event that is dropped is a `drop` event with the event, an error and the
 * {@link SenderDropReason}. After the next batch, or at the end, the sender reports the number of drops to the receiver.
 *
 * `end()` fails with ERR_SEND_FAILED if not everything is sent after `closeTimeoutMs`. After that, and after `destroy()`,
 * {@link BoundaryLogSender.accounts} tells how many events are left.
 */
export class BoundaryLogSender extends Writable<BoundaryEvent, BoundaryLogSenderEvents> {
  readonly #events = new GuardedEvents(this);
  readonly #options: ReturnType<typeof resolve>;
  readonly #encoder: EventEncoder;
  readonly #outbox: Outbox;
  readonly #socket: ReconnectingSocket;
  readonly #destroying = new AbortController();

  /** How many events `_write()` has received. */
  #received = 0;
  #sent = 0;
  #truncated = 0;
  #repaired = 0;
  readonly #dropped = { channel_full: 0, batch_full: 0, too_large: 0, invalid: 0 };
  readonly #overflows: { [Reason in OverflowReason]?: BoundaryLogError } = {};
  /** Drops that the receiver does not know of. */
  #unreported = { droppedChannelFull: 0, droppedBatchFull: 0 };

  /** Sends the batch when it has waited long enough. */
  #batchTimer: NodeJS.Timeout | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  /** Settles when the batch that is being sent is sent, or when the sender is destroyed. It never rejects. */
  #sending: Promise<void> | undefined;
  /** Why the last attempt failed, until there is a connection again. */
  #failure: unknown;
  #hasConnected = false;
  /** Whether `_write()` has received an event that Node's stream still counts. */
  #isWriting = false;
  /** Callback of a write that has to wait. */
  #onSent: Callback | undefined;
  /** How many events Node's stream still had when it was destroyed. */
  #neverReceived: number | undefined;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: BoundaryLogSenderOptions = {}) {
    const resolved = resolve(options);
    super({ objectMode: true });
    this.#options = resolved;
    this.#encoder = new EventEncoder(resolved);
    this.#outbox = new Outbox(resolved);
    const { socketPath: path, writeTimeoutMs } = resolved;
    this.#socket = new ReconnectingSocket({ path, writeTimeoutMs, onConnect: () => this.#onConnect() });
  }

  /** What became of all events so far. */
  accounts(): SenderAccounts {
    const unreceived = this.#neverReceived ?? this.#unreceived();
    return {
      written: this.#received + unreceived,
      sent: this.#sent,
      dropped: { ...this.#dropped },
      left: this.#outbox.count + unreceived,
      truncated: this.#truncated,
      repaired: this.#repaired,
    };
  }

  override end(event: never, encoding?: unknown, callback?: unknown): this;
  override end(...args: EndArguments<BoundaryEvent>): this;
  override end(...args: unknown[]): this {
    super.end(...(args as [never]));
    const { closeTimeoutMs } = this.#options;
    if (Number.isFinite(closeTimeoutMs) && !this.writableFinished && !this.destroyed)
      this.#closeTimer ??= setTimeout(this.#onCloseTimeout, closeTimeoutMs);
    return this;
  }

  override _write(value: unknown, _encoding: BufferEncoding, callback: Callback): void {
    this.#isWriting = true;
    this.#add(value);
    this.#send();
    const done = (error?: Error | null) => {
      this.#isWriting = false;
      callback(error);
    };
    // With backpressure, the next event waits until all complete batches are written.
    if (this.#options.overflow === 'block' && this.#sending !== undefined) this.#onSent = done;
    else done();
  }

  override _final(callback: Callback): void {
    this.#outbox.end();
    this.#finish().then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#neverReceived = this.#unreceived();
    clearTimeout(this.#batchTimer);
    clearTimeout(this.#closeTimer);
    this.#destroying.abort();
    this.#socket.destroy();
    callback(error);
    const closed = () => new BoundaryLogError('ERR_CLOSED', 'the sender was destroyed before this was sent');
    this.#release(error ?? (this.#failure as Error | undefined) ?? closed());
  }

  /** Events that are in the buffer of Node's stream. */
  #unreceived(): number {
    return this.writableLength - (this.#isWriting ? 1 : 0);
  }

  #add(value: unknown): void {
    this.#received += 1;
    let event: EncodedEvent;
    try {
      event = this.#encoder.encode(value, new Date());
    } catch (error) {
      const isTooLarge = (error as BoundaryLogError).code === 'ERR_MESSAGE_TOO_LARGE';
      this.#drop(value, isTooLarge ? 'too_large' : 'invalid', error);
      return;
    }
    if (event.isTruncated) this.#truncated += 1;
    if (event.isRepaired) this.#repaired += 1;
    const reason = this.#outbox.add(event);
    if (reason !== undefined) this.#overflow(value, reason);
  }

  /** Sends all complete batches, unless one is being sent already: at once, as long as the socket accepts them at once. */
  #send(): void {
    if (this.#sending !== undefined || this.destroyed) return;
    while (this.#outbox.next()) {
      clearTimeout(this.#batchTimer);
      this.#batchTimer = undefined;
      const pending = this.#attempt();
      if (pending === undefined && !this.#hasReport) continue;
      this.#sending = this.#complete(pending);
      return;
    }
    if (this.#outbox.isCollecting)
      this.#batchTimer ??= setTimeout(this.#onBatchDue, this.#options.batchDelayMs);
  }

  #attempt(): Promise<void> | undefined {
    return this.#socket.write(this.#outbox.attempt(), () => {
      this.#sent += this.#outbox.sent();
    });
  }

  /** Waits until a batch is sent, however many attempts that takes, and continues with the next one. */
  async #complete(pending: Promise<void> | undefined): Promise<void> {
    try {
      if (pending !== undefined) await this.#retry(pending);
      await this.#reportDrops();
    } catch (error) {
      this.destroy(error as Error);
    }
    this.#sending = undefined;
    this.#send();
    if (this.#sending === undefined) this.#release();
  }

  /** @throws ERR_SEND_FAILED */
  async #retry(first: Promise<void>): Promise<void> {
    const { initialDelayMs, maxDelayMs, attempts: maxAttempts, retryForMs: maxElapsedMs } = this.#options;
    const backoff = { initialDelayMs, maxDelayMs, factor: 2 };
    let attempt: Promise<void> | undefined = first;
    try {
      await retry(async () => attempt ?? this.#attempt(), {
        signal: this.#destroying.signal,
        maxAttempts,
        maxElapsedMs,
        delayMs: (failures) => backoffMs(failures, backoff),
        onRetry: (error) => {
          attempt = undefined;
          this.#onFailure(error);
        },
      });
    } catch (cause) {
      throw this.#sendFailed('', cause);
    }
  }

  #onFailure(error: unknown): void {
    this.#failure = error;
    for (const { value } of this.#outbox.failed()) this.#overflow(value, 'batch_full');
  }

  get #hasReport(): boolean {
    return this.#unreported.droppedChannelFull + this.#unreported.droppedBatchFull > 0;
  }

  /** Like boundary, the sender reports drops on a connection that a batch was written to, and never opens one for it. */
  async #reportDrops(): Promise<void> {
    if (!this.#hasReport || !this.#socket.isConnected) return;
    const report = this.#unreported;
    this.#unreported = { droppedChannelFull: 0, droppedBatchFull: 0 };
    try {
      await this.#socket.write(encodeStatus(report));
    } catch {
      this.#unreported.droppedChannelFull += report.droppedChannelFull;
      this.#unreported.droppedBatchFull += report.droppedBatchFull;
    }
  }

  async #finish(): Promise<void> {
    this.#send();
    while (this.#sending !== undefined) await this.#sending;
    await this.#reportDrops();
    await this.#socket.end();
  }

  #overflow(value: unknown, reason: OverflowReason): void {
    // One error for all, because creating one takes longer than sending an event.
    this.#overflows[reason] ??= new BoundaryLogError('ERR_SENDER_FULL', OVERFLOWS[reason]);
    this.#drop(value, reason, this.#overflows[reason]);
  }

  #drop(value: unknown, reason: SenderDropReason, error: unknown): void {
    this.#dropped[reason] += 1;
    if (reason === 'channel_full') this.#unreported.droppedChannelFull += 1;
    else this.#unreported.droppedBatchFull += 1;
    this.#events.emit('drop', value, error, reason);
  }

  readonly #onBatchDue = (): void => {
    this.#batchTimer = undefined;
    this.#outbox.due();
    this.#send();
  };

  readonly #onCloseTimeout = (): void => {
    const when = ` within ${this.#options.closeTimeoutMs} ms of its end`;
    this.destroy(this.#sendFailed(when, this.#failure));
  };

  /** The time for `end()` is counted from the first connection, so that a receiver may start later. */
  #onConnect(): void {
    if (!this.#hasConnected) this.#closeTimer?.refresh();
    this.#hasConnected = true;
    this.#failure = undefined;
  }

  #release(error?: Error): void {
    const onSent = this.#onSent;
    this.#onSent = undefined;
    onSent?.(error);
  }

  #sendFailed(when: string, cause: unknown): BoundaryLogError {
    const why = cause === undefined ? 'the receiver does not read' : messageOf(cause);
    const { left } = this.accounts();
    const message = `cannot send to ${token(this.#options.socketPath)}${when}: ${why}. Events left: ${left}. Does a proxy listen on it?`;
    return new BoundaryLogError('ERR_SEND_FAILED', message, { cause });
  }
}

const resolve = (options: BoundaryLogSenderOptions) =>
  resolveOptions('BoundaryLogSender', options, SENDER_OPTIONS);

/** Why there was no room for an event. */
const OVERFLOWS: Record<OverflowReason, string> = {
  channel_full: 'the queue is full while a batch is being sent',
  batch_full: 'the batch is full and could not be sent',
};
