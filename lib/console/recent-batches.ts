import type { Outcome } from '../../codec/index.js';
import type { Batch } from '../batch.js';

/** How many batches and bytes are kept in one tick at most. Above that, copying them would slow the proxy down. */
const BATCHES_PER_TICK = 2000;
const BYTES_PER_TICK = 4 * 2 ** 20;

export interface RecentBatchesOptions {
  /** How many events are kept. */
  readonly maxEvents: number;
  /** How many bytes of batches are kept. */
  readonly maxBytes: number;
}

/** A batch that is kept, and where the next one is. */
export interface KeptBatch {
  /** A view that the next {@link RecentBatches.write} may overwrite. */
  readonly raw: Buffer;
  readonly count: number;
  /** The number of its first event. */
  readonly firstEvent: number;
  /** The number of the batch after it. */
  readonly next: number;
}

/**
 * The newest batches, as the bytes that were received: nothing is decoded here. Events are numbered in the order of their
 * arrival, those that are not kept included, so that a gap between two numbers says how many are missing.
 *
 * The bytes are copied into one block of memory. To keep the batches themselves would cost the garbage collector more than
 * the proxy needs for everything else.
 */
export class RecentBatches {
  /** How many events have arrived. */
  events = 0;
  readonly #maxEvents: number;
  readonly #bytes: Buffer;
  // A table of the kept batches. The number of a batch, modulo the length of the table, is its row.
  readonly #mask: number;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #firstEvents: Float64Array;
  /** Numbers of the oldest batch that is kept, and of the next one that will be. */
  #oldest = 0;
  #next = 0;
  /** Where the next batch is copied to. */
  #end = 0;
  #batchesLeft = BATCHES_PER_TICK;
  #bytesLeft = BYTES_PER_TICK;

  constructor({ maxEvents, maxBytes }: RecentBatchesOptions) {
    this.#maxEvents = maxEvents;
    // The system provides memory only for what is written.
    this.#bytes = Buffer.allocUnsafeSlow(maxBytes);
    const rows = 2 ** Math.ceil(Math.log2(maxEvents + 1));
    this.#mask = rows - 1;
    this.#starts = new Uint32Array(rows);
    this.#lengths = new Uint32Array(rows);
    this.#counts = new Uint32Array(rows);
    this.#firstEvents = new Float64Array(rows);
  }

  /** The number of the oldest batch that is kept. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Keeps copies of the batches among these outcomes. */
  keep(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) if (outcome.kind === 'logs') this.write(outcome);
  }

  /** Keeps a copy of a batch, unless too many have arrived since the last {@link tick}. */
  write({ raw, count }: Batch): void {
    const { length } = raw;
    const first = this.events;
    this.events += count;
    this.#batchesLeft -= 1;
    this.#bytesLeft -= length;
    if (this.#batchesLeft < 0 || this.#bytesLeft < 0 || count === 0 || count > this.#maxEvents) return;
    const start = this.#makeRoom(length);
    if (start < 0) return;
    this.#bytes.set(raw, start);
    this.#end = start + length;
    const row = this.#next & this.#mask;
    this.#starts[row] = start;
    this.#lengths[row] = length;
    this.#counts[row] = count;
    this.#firstEvents[row] = first;
    this.#next += 1;
    while (this.events - (this.#firstEvents[this.#oldest & this.#mask] as number) > this.#maxEvents)
      this.#oldest += 1;
  }

  /** Some time has passed, so that as many batches as in the time before may be kept. */
  tick(): void {
    this.#batchesLeft = BATCHES_PER_TICK;
    this.#bytesLeft = BYTES_PER_TICK;
  }

  /** The batch with a number, or undefined if it has not arrived. If it is no longer kept, the oldest that is. */
  at(number: number): KeptBatch | undefined {
    const found = Math.max(number, this.#oldest);
    if (found >= this.#next) return undefined;
    const row = found & this.#mask;
    const start = this.#starts[row] as number;
    return {
      raw: this.#bytes.subarray(start, start + (this.#lengths[row] as number)),
      count: this.#counts[row] as number,
      firstEvent: this.#firstEvents[row] as number,
      next: found + 1,
    };
  }

  /** The number of the batch with an event, or of the first one after it. */
  batchOf(event: number): number {
    let low = this.#oldest;
    let high = this.#next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = middle & this.#mask;
      const end = (this.#firstEvents[row] as number) + (this.#counts[row] as number);
      if (end > event) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Drops the oldest batches until so many bytes are free in one piece. @returns where; below 0 if there is no such room. */
  #makeRoom(length: number): number {
    if (length > this.#bytes.length) return -1;
    let start = this.#end;
    if (start + length > this.#bytes.length) {
      // What lies behind is older than what lies at the beginning.
      while (this.#oldest < this.#next && (this.#starts[this.#oldest & this.#mask] as number) >= start)
        this.#oldest += 1;
      start = 0;
    }
    while (this.#oldest < this.#next) {
      const oldest = this.#starts[this.#oldest & this.#mask] as number;
      if (oldest < start || oldest >= start + length) break;
      this.#oldest += 1;
    }
    return start;
  }
}
