import type { Batch } from '../batch.js';
import { Queue } from './queue.js';

/** What one sender has in a buffer. */
export interface Share {
  batches: number;
  bytes: number;
}

/**
 * Decides which batches a full buffer is kept free of, so that a sender who has nothing in it finds room. Pure.
 *
 * A sender's first batch needs only room. Any further one needs two things more:
 *
 * 1. With it, the sender has no more than an equal share: the capacity divided by the number of senders that have batches
 *    in the buffer, and one more, who may come.
 * 2. Behind it, room for one batch of every sender remains, and at least a quarter of the buffer. A sender counts as long
 *    as it is open.
 *
 * Therefore a first batch always finds room, as long as fewer senders than that reserve have batches in the buffer. All
 * of this applies to batches and to bytes. In the reserve, a batch has as many bytes as there are for each batch.
 */
export class FairShares {
  /** The share of whoever writes to the buffer itself. It is never closed, and nothing is reserved for it. */
  readonly common: Share = { batches: 0, bytes: 0 };
  readonly #maxBatches: number;
  readonly #maxBytes: number;
  /** Senders that are open. */
  #open = 0;
  /** Senders that have batches in the buffer. */
  #active = 0;
  /** Whose the batches in the buffer are, in their order. Those that were put back are nobody's. */
  readonly #owners = new Queue<Share | undefined>();

  constructor(maxBatches: number, maxBytes: number) {
    this.#maxBatches = maxBatches;
    this.#maxBytes = maxBytes;
  }

  open(): Share {
    this.#open += 1;
    return { batches: 0, bytes: 0 };
  }

  close(): void {
    this.#open -= 1;
  }

  /** Whether a sender may add so many bytes, if there is room for them. `held`: what is in the buffer. */
  allows(share: Share, bytes: number, held: Share): boolean {
    if (share.batches === 0) return true;
    const reserve = Math.min(this.#maxBatches - 1, Math.max(Math.floor(this.#maxBatches / 4), this.#open));
    const part = 1 - reserve / this.#maxBatches;
    return (
      share.batches + 1 <= this.#maxBatches / (this.#active + 1) &&
      share.bytes + bytes <= this.#maxBytes / (this.#active + 1) &&
      held.batches + 1 <= this.#maxBatches - reserve &&
      held.bytes + bytes <= this.#maxBytes * part
    );
  }

  /** A batch was added at the end. */
  add(share: Share, { raw }: Batch): void {
    if (share.batches === 0) this.#active += 1;
    share.batches += 1;
    share.bytes += raw.length;
    this.#owners.push(share);
  }

  /** The first batch has left. */
  remove({ raw }: Batch): void {
    const share = this.#owners.shift();
    if (share === undefined) return;
    share.batches -= 1;
    share.bytes -= raw.length;
    if (share.batches === 0) this.#active -= 1;
  }

  /** A batch was put back at the front. */
  putBack(): void {
    this.#owners.unshift(undefined);
  }
}
