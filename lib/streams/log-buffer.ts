import type { LogBatch } from '../../codec/index.js';
import type { Amount, Batch } from '../batch.js';
import { type OptionTable, oneOf, resolveOptions, wholeNumber } from '../options.js';
import { type Callback, Duplex, isObject } from './base.js';
import { Queue } from './queue.js';

/** Options of {@link LogBuffer}. */
export interface LogBufferOptions {
  /** How many batches the buffer holds. Default: `100`. */
  maxBatches?: number | undefined;
  /** How many bytes of batches the buffer holds. Default: 32768 for each batch of `maxBatches`. */
  maxBytes?: number | undefined;
  /** When the buffer is full: `'drop'` the newest batch, or `'block'` the writers. Default: `'drop'`. */
  overflow?: 'drop' | 'block' | undefined;
}

type Held = Amount & { bytes: number };

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
} satisfies OptionTable<LogBufferOptions>;

/**
 * An object-mode PassThrough with an exact bound: it holds at most `maxBatches` batches and at most
 * `maxBytes` bytes, counted over both of its sides. Any number of streams may write to it.
 *
 * When it is full, `overflow: 'drop'` drops the newest, as the reference does, with a `drop` event (batch,
 * reason `'buffer_full'`), and no writer waits. `overflow: 'block'` holds the writers back instead: each
 * has one batch waiting, and they are let in in the order in which they came. A batch of more than
 * `maxBytes` is dropped in either case.
 *
 * A batch that has to wait is detached from the chunk that it came in.
 */
export class LogBuffer<T extends Batch = LogBatch> extends Duplex {
  /** How many batches it can hold. */
  readonly maxBatches: number;
  /** How many bytes of batches it can hold. */
  readonly maxBytes: number;
  /** What happens to a batch that does not fit. */
  readonly overflow: 'drop' | 'block';
  /** All that was written to it and let in or dropped. */
  readonly received: Amount = { batches: 0, logs: 0 };
  readonly #queue = new Queue<T>();
  readonly #queued: Held = { batches: 0, logs: 0, bytes: 0 };
  /** Handed to the readable side. Of these the last `readableLength` were not read yet: they are held, too. */
  #handed: T[] = [];
  /** The readable side wants a batch as soon as there is one. */
  #wanted = false;
  /** Written while there was no room, in `block` mode. The Writable keeps those behind it. */
  #waiting: { batch: T; callback: Callback } | undefined;
  #ending = false;
  #refusing = false;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: LogBufferOptions = {}) {
    const resolved = resolveOptions('LogBuffer', options, LOG_BUFFER_OPTIONS);
    const { maxBatches, maxBytes = maxBatches * 32_768, overflow } = resolved;
    // The queue is the only buffer: nothing is read ahead of a reader, and `write` says who has to wait.
    super({ objectMode: true, readableHighWaterMark: 0, writableHighWaterMark: 1 });
    this.maxBatches = maxBatches;
    this.maxBytes = maxBytes;
    this.overflow = overflow;
  }

  /** @returns false while a batch waits for room: go on at `drain`. */
  override write(batch: unknown, ...rest: unknown[]): boolean {
    // What passes through needs nothing of a Writable's bookkeeping, which is most of what it would cost.
    if (rest.length === 0 && isObject(batch) && this.#isIdle() && this.#isPassingThrough()) {
      this.#pass(batch as T);
      return true;
    }
    (super.write as (...args: unknown[]) => boolean)(batch, ...rest);
    return this.#waiting === undefined;
  }

  override read(size?: number): T | null {
    const batch = super.read(size) as T | null;
    if (batch !== null) this.#admit();
    return batch;
  }

  /** What it holds now. */
  get held(): Readonly<Amount & { bytes: number }> {
    const unread = this.#unread();
    if (unread.length === 0) return this.#queued;
    const held = { ...this.#queued };
    for (const batch of unread) add(held, batch, 1);
    return held;
  }

  /** Takes a batch back, as the next to be read. It was let in once, and is so again, full or not. */
  override unshift(batch: T): void {
    batch.detach?.();
    if (this.readableLength > 0) {
      this.#unread().unshift(batch);
      super.unshift(batch);
    } else {
      this.#queue.unshift(batch);
      add(this.#queued, batch, 1);
      this.#offer();
    }
  }

  /**
   * Drops what it holds, and from now on whatever is written, as a `drop` with the reason `'shutdown'`.
   * No writer waits any more.
   */
  shutdown(): void {
    this.#refusing = true;
    for (let batch = this.#take(); batch !== undefined; batch = this.#take()) {
      this.emit('drop', batch, 'shutdown');
    }
    this.#admit();
  }

  override _write(batch: T, _encoding: BufferEncoding, callback: Callback): void {
    if (this.#refusing) {
      this.#receive(batch);
      this.emit('drop', batch, 'shutdown');
    } else if (this.#isPassingThrough()) {
      this.#pass(batch);
    } else if (!this.#isFull(batch)) {
      this.#receive(batch);
      batch.detach?.();
      this.#queue.push(batch);
      add(this.#queued, batch, 1);
      this.#offer();
    } else if (this.overflow === 'block' && batch.raw.length <= this.maxBytes) {
      batch.detach?.();
      this.#waiting = { batch, callback };
      return;
    } else {
      this.#receive(batch);
      this.emit('drop', batch, 'buffer_full');
    }
    callback();
  }

  override _final(callback: Callback): void {
    this.#ending = true;
    this.#offer();
    callback();
  }

  override _read(): void {
    this.#wanted = true;
    this.#admit();
    this.#offer();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const unread = this.#unread();
    this.#handed = [];
    for (const batch of unread) this.emit('drop', batch, 'shutdown');
    this.shutdown();
    callback(error);
  }

  #receive(batch: T): void {
    this.received.batches += 1;
    this.received.logs += batch.count;
  }

  #pass(batch: T): void {
    this.#receive(batch);
    this.#hand(batch);
    // A flow that is only about to begin takes it now: a place in the buffer is not for it.
    if (this.readableLength > 0 && this.readableFlowing) this.read();
  }

  /** Gives the readable side what it waits for: the next batch, or the end. */
  #offer(): void {
    if (!this.#wanted || this.readableLength > 0) return;
    const batch = this.#take();
    if (batch !== undefined) this.#hand(batch);
    else if (this.#ending) this.push(null);
  }

  #hand(batch: T): void {
    this.#wanted = false;
    this.#unread().push(batch);
    // This may lead straight into a reporter, and from there back to here.
    this.push(batch);
    if (this.readableLength > 0) batch.detach?.();
    this.#admit();
  }

  #take(): T | undefined {
    const batch = this.#queue.shift();
    if (batch !== undefined) add(this.#queued, batch, -1);
    return batch;
  }

  /** Lets in the batch that waits, if there is room by now. Those behind it follow on their own. */
  #admit(): void {
    if (this.#waiting === undefined) return;
    const { batch, callback } = this.#waiting;
    if (this.#isFull(batch) && !this.#refusing) return;
    this.#waiting = undefined;
    this._write(batch, 'utf8', callback);
  }

  #unread(): T[] {
    const unread = this.readableLength;
    // Nearly always it is one, and gone. Setting the length to 0 costs more than all of the rest here.
    if (unread === 0) while (this.#handed.length > 0) this.#handed.pop();
    else if (unread < this.#handed.length) this.#handed.splice(0, this.#handed.length - unread);
    return this.#handed;
  }

  /** Nothing that was written is on its way, and more may be. */
  #isIdle(): boolean {
    return this.writable && this.writableLength === 0 && this.writableCorked === 0 && !this.#refusing;
  }

  /** The reader takes all that it can get, and has got all that there was. */
  #isPassingThrough(): boolean {
    return this.readableFlowing === true && this.#queue.length === 0 && this.readableLength === 0;
  }

  #isFull(batch: T): boolean {
    const { batches, bytes } = this.held;
    return batches >= this.maxBatches || bytes + batch.raw.length > this.maxBytes;
  }
}

function add(held: Held, batch: Batch, sign: 1 | -1): void {
  held.batches += sign;
  held.logs += sign * batch.count;
  held.bytes += sign * batch.raw.length;
}
