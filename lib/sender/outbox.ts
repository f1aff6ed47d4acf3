import type { EncodedEvent } from './event-encoder.js';
import { OutgoingBatch } from './outgoing-batch.js';

/** Why boundary drops an event. */
export type OverflowReason = 'channel_full' | 'batch_full';

export interface OutboxOptions {
  /** How many events complete a batch. */
  readonly batchSize: number;
  /** Whether events are dropped when there is no room for them. Otherwise the writer has to wait. */
  readonly overflow: 'block' | 'drop';
}

/** How many batches of events wait while a batch is being sent, as in boundary. */
const QUEUED_BATCHES = 2;

/**
 * The events that are not sent yet: one batch, and a queue behind it. It knows which batch is to be sent, and which event
 * is to be dropped. Whoever uses it sends, and says what became of it.
 *
 * With `overflow: 'drop'` it drops the events that boundary drops, for the same reasons. While a batch is being sent,
 * events wait in the queue; if that is full, they are dropped as `channel_full`. After a batch could not be sent, events
 * fill it up; if it is full, they are dropped as `batch_full`.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: EncodedEvent[] = [];
  #batch: OutgoingBatch | undefined;
  /** What happens to the batch: it collects events, it is being sent, or the next attempt is waited for. */
  #state: 'collecting' | 'sending' | 'waiting' = 'collecting';
  /** Whether the batch is to be sent although it is not full. */
  #isDue = false;
  #isEnding = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** How many events are in it. */
  get count(): number {
    return this.#queue.length + (this.#batch?.count ?? 0);
  }

  /** Whether a batch collects events. */
  get isCollecting(): boolean {
    return this.#state === 'collecting' && this.#batch !== undefined;
  }

  /** Adds an event. @returns why it was dropped instead. */
  add(event: EncodedEvent): OverflowReason | undefined {
    if (this.#options.overflow === 'drop') {
      if (this.#state === 'waiting') return this.#batch?.add(event) ? undefined : 'batch_full';
      const maxQueued = QUEUED_BATCHES * this.#options.batchSize;
      if (this.#state === 'sending' && this.#queue.length >= maxQueued) return 'channel_full';
    }
    this.#queue.push(event);
    return undefined;
  }

  /** From now on a batch is complete, even if it has few events. */
  end(): void {
    this.#isEnding = true;
  }

  /** The batch that collects events is complete, even if it has few events. */
  due(): void {
    this.#isDue = true;
  }

  /**
   * Whether there is a batch to send. Call it after `add()`, `end()` and `due()`, and after `sent()` when the next batch
   * may be sent; not while a batch is being sent.
   */
  next(): boolean {
    this.#state = 'collecting';
    for (let event = this.#queue[0]; event !== undefined; event = this.#queue[0]) {
      if (this.#batch === undefined) this.#batch = new OutgoingBatch(event, this.#options.batchSize);
      else if (!this.#batch.add(event)) break;
      this.#queue.shift();
    }
    const isComplete = this.#batch?.isFull || this.#queue.length > 0 || this.#isDue || this.#isEnding;
    if (this.#batch === undefined || !isComplete) return false;
    this.#state = 'sending';
    return true;
  }

  /** The frame of the batch that is to be sent. Call it for each attempt, because events may have filled up the batch. */
  attempt(): Buffer {
    this.#state = 'sending';
    return (this.#batch as OutgoingBatch).toFrame();
  }

  /** The attempt failed. @returns the events that are dropped for that, as `batch_full`. */
  failed(): EncodedEvent[] {
    this.#state = 'waiting';
    // At the end no more events come, so there is nothing to make room for.
    if (this.#options.overflow === 'block' || this.#isEnding) return [];
    return this.#queue.splice(0).filter((event) => !this.#batch?.add(event));
  }

  /** The batch was sent. @returns how many events it had. */
  sent(): number {
    const { count } = this.#batch as OutgoingBatch;
    this.#batch = undefined;
    this.#isDue = false;
    return count;
  }
}
