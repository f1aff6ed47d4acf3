import type { LogBatch } from '../../codec/index.js';
import { type Amount, type Batch, count, hold, isBatch, refuseOther } from '../batch.js';
import type { LogBufferEvents } from '../events.js';
import { GuardedEvents } from '../guard.js';
import { flag, type OptionTable, oneOf, resolveOptions, wholeNumber } from '../options.js';
import { type Callback, PassThrough, type TransformCallback } from './base.js';
import { type End, isDirectBatch, isFlowing, isObject, setNeedDrain, type Write } from './direct.js';
import { entrance } from './entrance.js';
import { FairShares, type Share } from './fair-shares.js';
import { Queue } from './queue.js';
import type { EndArguments, WriteRest } from './typed-stream.js';

/** Options of {@link LogBuffer}. */
export interface LogBufferOptions {
  /** How many batches the buffer holds. Default: `100`, like the Go implementation. */
  maxBatches?: number | undefined;
  /** How many bytes of batches the buffer holds. Default: 32768 for each batch of `maxBatches`. */
  maxBytes?: number | undefined;
  /** When the buffer is full: `'drop'` the newest batch, or `'block'` the writers. Default: `'drop'`. */
  overflow?: 'drop' | 'block' | undefined;
  /**
   * Whether a sender that has more than an equal share of the buffer has its newest batch dropped before the buffer is
   * full; see {@link LogBuffer.sender}. Ignored with `overflow: 'block'`, where each sender has one batch that waits.
   * Default: `false`, like the Go implementation.
   */
  fairShare?: boolean | undefined;
}

export const LOG_BUFFER_OPTIONS = {
  maxBatches: { ...wholeNumber({ min: 1 }), default: 100, doc: 'How many batches the buffer holds' },
  maxBytes: {
    ...wholeNumber({ min: 1 }),
    defaultDoc: '32768 for each batch of `maxBatches`',
    doc: 'How many bytes of batches the buffer holds',
  },
  overflow: {
    ...oneOf('drop', 'block'),
    default: 'drop',
    doc: "When the buffer is full: `'drop'` the newest batch, or `'block'` the writers",
  },
  fairShare: {
    ...flag,
    default: false,
    doc: 'Whether a sender that has more than an equal share of the buffer has its newest batch dropped before the buffer is full',
  },
} satisfies OptionTable<LogBufferOptions>;

/**
 * PassThrough, object mode, with an exact bound: it holds at most `maxBatches` batches (its high-water mark) and at most
 * `maxBytes` bytes, counted over both of its sides. Any number of streams may write to it.
 *
 * When it is full, `overflow: 'drop'` drops the newest batch, like the Go implementation, and emits `drop` (batch,
 * reason `'buffer_full'`); `write()` stays true, so no writer waits. With `overflow: 'block'`, `write()` returns false:
 * the batch waits, and `drain` follows when no batch has to wait any more. Waiting batches are accepted in the order in
 * which they were written. A batch of more than `maxBytes` is dropped in either case.
 *
 * A batch in the buffer does not keep the chunk in memory in which it arrived. A listener that fails does not stop the
 * buffer; the first failure is a warning of the process.
 *
 * | event | arguments | when |
 * |---|---|---|
 * | `drop` | batch, `'buffer_full'` | there was no room |
 * | `drop` | batch, `'unfair_share'` | with `fairShare`: its sender has its share of the buffer already |
 * | `drop` | batch, `'shutdown'` | it was in the buffer at a shutdown or `destroy()`, or was written after a shutdown |
 */
export class LogBuffer<T extends Batch = LogBatch> extends PassThrough<T, T, LogBufferEvents<T>> {
  /** How many batches the buffer can hold. */
  readonly maxBatches: number;
  /** How many bytes of batches the buffer can hold. */
  readonly maxBytes: number;
  /** What happens to a batch that does not fit. */
  readonly overflow: 'drop' | 'block';
  /** Whether it is shared between senders. */
  readonly fairShare: boolean;
  /** Everything that was written and either accepted or dropped. */
  readonly received: Amount = { batches: 0, logs: 0 };
  /** What is in the buffer now. */
  readonly held: Amount & { bytes: number } = { batches: 0, logs: 0, bytes: 0 };
  readonly #events = new GuardedEvents(this);
  /** The batches of {@link held}, in the order in which they will be read. */
  readonly #batches = new Queue<T>();
  /** Batches that were written when there was no room, with `overflow: 'block'`. */
  readonly #waiting = new Queue<T>();
  readonly #shares: FairShares | undefined;
  /** The share of the sender that is writing. */
  #share: Share | undefined;
  #isOpen = true; // It is neither ended nor shut down.
  #isShutDown = false;
  /** A batch is being handed over: what the reader writes meanwhile has to wait. */
  #isHandingOver = false;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: LogBufferOptions = {}) {
    const resolved = resolveOptions('LogBuffer', options, LOG_BUFFER_OPTIONS);
    const { maxBatches, maxBytes = maxBatches * 32_768, overflow, fairShare } = resolved;
    // A PassThrough has two queues. With these marks the one batch that is ready to be read still counts as written,
    // so `writableLength` is the number of batches.
    super({ objectMode: true, writableHighWaterMark: maxBatches, readableHighWaterMark: 1 });
    this.maxBatches = maxBatches;
    this.maxBytes = maxBytes;
    this.overflow = overflow;
    this.fairShare = fairShare && overflow === 'drop';
    if (this.fairShare) this.#shares = new FairShares(maxBatches, this.maxBytes);
    this.#share = this.#shares?.common;
  }

  static {
    // Otherwise a pipe into a full buffer that drops would wait, too. Node's types declare this getter as a property.
    Object.defineProperty(LogBuffer.prototype, 'writableNeedDrain', {
      get(this: LogBuffer) {
        return this.#waiting.length > 0;
      },
    });
  }

  /** How many times a listener of the event above has failed. */
  get listenerErrors(): number {
    return this.#events.errors;
  }

  /** @returns false if the batch has to wait for room, with `overflow: 'block'`: continue at `drain`. */
  override write(batch: never, encoding?: unknown, callback?: unknown): boolean;
  override write(batch: T, ...rest: WriteRest): boolean;
  override write(batch: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (
      this.#isOpen &&
      !this.#isHandingOver &&
      isDirectBatch(this, batch, encoding, callback) &&
      isFlowing(this) &&
      batch.raw.length <= this.maxBytes
    ) {
      count(this.received, batch as T);
      this.#handOver(batch as T);
      return true;
    }
    if (!isBatch(batch) || !this.writable) return (super.write as Write)(batch, encoding, callback);
    if (this.#admit(batch as T)) {
      (super.write as Write)(batch, encoding, callback);
    } else {
      count(this.received, batch as T);
      this.#events.emit('drop', batch, this.#reasonToDrop(batch as T));
      const onWritten = callback ?? encoding;
      if (typeof onWritten === 'function') process.nextTick(onWritten as () => void);
    }
    if (this.#waiting.length === 0) return true;
    setNeedDrain(this, true);
    return false;
  }

  /**
   * Creates an entrance for one sender: what is written to it is written to the buffer, and counts towards the sender's
   * share. Destroy it when the sender has gone; what it has in the buffer stays. Without `fairShare`, all senders are
   * equal, and whatever is written to the buffer itself is that of one sender more.
   */
  sender() {
    const share = this.#shares?.open();
    return entrance<T>({
      buffer: this,
      write: (batch) => {
        this.#share = share;
        try {
          return this.write(batch);
        } finally {
          this.#share = this.#shares?.common;
        }
      },
      close: () => this.#shares?.close(),
    });
  }

  override _transform(batch: T, encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.#isHandingOver) process.nextTick(() => this._transform(batch, encoding, callback));
    else if (!refuseOther(batch, callback)) callback(null, batch);
  }

  override end(batch: never, encoding?: unknown, callback?: unknown): this;
  override end(...args: EndArguments<T>): this;
  override end(batch?: unknown, encoding?: unknown, callback?: unknown): this {
    this.#isOpen = false;
    // Node's end() would write the last batch without respecting the bound.
    if (!isObject(batch)) return (super.end as End).call(this, batch, encoding, callback);
    this.write(batch as T);
    return (super.end as End).call(this, typeof encoding === 'function' ? encoding : callback);
  }

  override read(size?: number): T | null;
  override read(size?: number): never;
  override read(size?: number): T | null {
    // First, because super.read() emits `data`, and the batch must no longer be counted by then.
    if ((size ?? 1) > 0 && this.readableLength > 0) this.#leave();
    return super.read(size) as T | null;
  }

  /** Makes a batch available to the reader. The stream itself calls it. */
  override push(batch: T | null): boolean {
    if (batch === null || (!this.#isShutDown && !isFlowing(this))) return super.push(batch);
    if (this.#isShutDown) return true;
    this.#leave();
    this.#handOver(batch);
    return true;
  }

  /** Puts a batch back as the next one to be read. It was accepted once and is accepted again, even if there is no room. */
  override unshift(batch: T): void {
    if (this.#isShutDown) {
      this.#events.emit('drop', batch, 'shutdown');
      return;
    }
    batch.detach?.();
    if (isFlowing(this)) {
      this.#handOver(batch);
    } else {
      this.#batches.unshift(batch);
      this.#shares?.putBack();
      hold(this.held, batch, 1);
      super.unshift(batch);
    }
  }

  /**
   * Drops all batches in the buffer and, from now on, every batch that is written, as `drop` events with the reason
   * `'shutdown'`. No writer waits any more.
   */
  shutdown(): void {
    if (this.#isShutDown) return;
    while (this.#waiting.length > 0) this.#accept(this.#waiting.shift() as T);
    this.#isShutDown = true;
    this.#isOpen = false;
    // The stream's own queues refer to the batches that are held.
    while (this.writableCorked > 0) this.uncork();
    while (super.read() !== null);
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      hold(this.held, batch, -1);
      this.#shares?.remove(batch);
      this.#events.emit('drop', batch, 'shutdown');
    }
    process.nextTick(() => this.emit('drain'));
  }

  /** After a shutdown nothing is delivered, because the batches that remain in the stream's queues were dropped. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    return event === 'data' && this.#isShutDown ? false : super.emit(event, ...args);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.shutdown();
    super._destroy(error, callback);
  }

  #handOver(batch: T): void {
    this.#isHandingOver = true;
    try {
      super.emit('data', batch);
    } finally {
      this.#isHandingOver = false;
    }
  }

  /** Accepts the batch, or lets it wait. @returns false if it must be dropped. */
  #admit(batch: T): boolean {
    if (this.#isShutDown || batch.raw.length > this.maxBytes) return false;
    if (!this.#isFull(batch) && this.#isFair(batch)) this.#accept(batch);
    else if (this.overflow === 'block') this.#waiting.push(batch);
    else return false;
    batch.detach?.();
    return true;
  }

  #accept(batch: T): void {
    count(this.received, batch);
    hold(this.held, batch, 1);
    this.#batches.push(batch);
    this.#shares?.add(this.#share as Share, batch);
  }

  /** Removes the next batch from the accounts, and accepts waiting batches in its place. */
  #leave(): void {
    const batch = this.#batches.shift() as T;
    hold(this.held, batch, -1);
    this.#shares?.remove(batch);
    if (this.#waiting.length === 0) return;
    while (this.#waiting.length > 0 && !this.#isFull(this.#waiting.peek() as T)) {
      this.#accept(this.#waiting.shift() as T);
    }
    if (this.#waiting.length === 0) process.nextTick(() => this.emit('drain'));
  }

  #reasonToDrop(batch: T): string {
    if (this.#isShutDown) return 'shutdown';
    return batch.raw.length > this.maxBytes || this.#isFair(batch) ? 'buffer_full' : 'unfair_share';
  }

  #isFair(batch: T): boolean {
    return this.#shares?.allows(this.#share as Share, batch.raw.length, this.held) ?? true;
  }

  #isFull(batch: T): boolean {
    return this.held.batches >= this.maxBatches || this.held.bytes + batch.raw.length > this.maxBytes;
  }
}
