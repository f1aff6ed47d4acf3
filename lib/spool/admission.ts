import type { LogBatch } from '../../codec/index.js';
import type { Callback } from '../streams/base.js';
import type { Pending } from './pending.js';
import type { SpoolQueue } from './queue.js';
import { NOTHING, sizeOf } from './record.js';
import type { Share, SharedSpace } from './shared-space.js';

interface Contents {
  /** Undefined until it is open. */
  readonly queue: SpoolQueue | undefined;
  readonly pending: Pending;
}

/** Decides whether a batch fits into a spool. If it does not, the writer may wait here. */
export class Admission {
  /** How many bytes of batches fit at most, if other spools need nothing. */
  readonly most: number;
  /** How large the files may become: `maxBytes` as an equal share, `limit()` at the moment. */
  readonly limits: { readonly maxBytes: number; readonly limit: () => number };
  readonly #contents: () => Contents;
  readonly #write: (batch: LogBatch, callback: Callback) => void;
  readonly #share: Share | undefined;
  /** The writer that waits until there is room for its batch, or without a batch, until the disk has caught up. */
  #waiting: { batch: LogBatch | undefined; callback: Callback } | undefined;
  #isClosed = false;

  /**
   * @param space The space that the spool shares with others. It replaces `maxBytes`.
   * @param write Writes the batch of a writer whose wait is over.
   */
  constructor(
    maxBytes: number,
    space: SharedSpace | undefined,
    contents: () => Contents,
    write: (batch: LogBatch, callback: Callback) => void,
  ) {
    this.#contents = contents;
    this.#write = write;
    this.#share = space?.join({ claimed: () => this.#claimed, admit: () => this.#admit() });
    const { most = maxBytes, equal = maxBytes, limit = () => maxBytes } = this.#share ?? {};
    this.most = most;
    this.limits = { maxBytes: equal, limit };
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Whether no writer waits any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  hasRoom(batch: LogBatch): boolean {
    const { queue, pending } = this.#contents();
    const { bytes } = sizeOf(batch);
    const waiting = pending.size.bytes + bytes;
    const { space = Number.POSITIVE_INFINITY, size = NOTHING } = queue ?? {};
    if (pending.isFull(bytes) || waiting > space) return false;
    return size.bytes + waiting <= this.limits.limit();
  }

  /** Makes the writer wait. */
  wait(batch: LogBatch | undefined, callback: Callback): void {
    this.#waiting = { batch, callback };
  }

  /** Call this when there may be more room than before. */
  freed(): void {
    this.#admit();
    this.#share?.freed();
  }

  /** Ends the wait, and lets no writer wait from now on. */
  close(): void {
    this.#isClosed = true;
    this.freed();
  }

  /** Until it is open, nobody knows what it has on disk. So the others leave it as much as it could have. */
  get #claimed(): number {
    const { queue, pending } = this.#contents();
    return (queue?.claimed ?? this.most) + pending.size.bytes;
  }

  /** Lets the waiting writer continue, if there is room. */
  #admit(): void {
    if (this.#waiting === undefined) return;
    const { batch, callback } = this.#waiting;
    const mustWait = batch === undefined ? this.#contents().pending.isBehind : !this.hasRoom(batch);
    if (mustWait && !this.#isClosed) return;
    this.#waiting = undefined;
    if (batch === undefined) callback();
    else this.#write(batch, callback);
  }
}
