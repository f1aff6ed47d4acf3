import type { LogBatch } from '../../codec/index.js';
import { nextTurn } from '../real-time.js';
import { type Patience, pause } from './files.js';
import type { SpoolQueue } from './queue.js';
import { grow, NOTHING, type Size, sizeOf } from './record.js';

/** How many bytes may wait to be written before their writers wait, too. */
const MAX_BYTES = 1 << 20;

/** A batch that was accepted and is not stored yet. */
export interface Fresh {
  readonly batch: LogBatch;
  /** Whether a reader has it. */
  isRead: boolean;
  /** Whether the reader has acknowledged it. */
  isDone: boolean;
}

/**
 * The batches that were accepted and are not stored yet, in order: first those that a reader has, then the others.
 * They are stored in the next turn, together. If that fails, they wait, and it is tried again.
 */
export class Pending {
  /** What they contain, with headers. */
  readonly size: Size = { ...NOTHING };
  /** Why the last attempt to store them failed. */
  shortage: unknown;
  readonly #patience: Patience;
  readonly #onStored: (fresh: Fresh, id: number) => void;
  readonly #onRound: () => void;
  readonly #read = new Set<Fresh>();
  readonly #unread = new Set<Fresh>();
  #queue: SpoolQueue | undefined;
  #isDue = false;
  #storing: Promise<void> | undefined;

  /**
   * @param onStored A batch is on disk by now.
   * @param onRound Some were stored, or an attempt failed.
   */
  constructor(patience: Patience, onStored: (fresh: Fresh, id: number) => void, onRound: () => void) {
    this.#patience = patience;
    this.#onStored = onStored;
    this.#onRound = onRound;
  }

  /** Stores them here from now on. */
  begin(queue: SpoolQueue): void {
    this.#queue = queue;
    this.#store();
  }

  /** Whether nothing can be stored now, and so many bytes more would be too many. */
  isFull(bytes: number): boolean {
    return this.shortage !== undefined && this.size.bytes > 0 && this.size.bytes + bytes > MAX_BYTES;
  }

  /** Whether the disk is slower than the writers. */
  get isBehind(): boolean {
    return this.shortage === undefined && this.size.bytes > MAX_BYTES;
  }

  get hasUnread(): boolean {
    return this.#unread.size > 0;
  }

  /** Counts a batch. If a reader does not acknowledge it at once, it is to be added. */
  accept(batch: LogBatch): Fresh {
    grow(this.size, sizeOf(batch), 1);
    return { batch, isRead: false, isDone: false };
  }

  add(fresh: Fresh): void {
    // Otherwise it is stored in a moment, and its chunk is free again.
    if (this.#queue === undefined || this.shortage !== undefined) fresh.batch.detach();
    (fresh.isRead ? this.#read : this.#unread).add(fresh);
    if (this.#isDue) return;
    this.#isDue = true;
    nextTurn().then(() => {
      this.#isDue = false;
      this.#store();
    });
  }

  /** The next one that no reader has. A reader has it then. */
  take(): Fresh | undefined {
    for (const fresh of this.#unread) {
      this.#unread.delete(fresh);
      this.#read.add(fresh);
      return fresh;
    }
    return undefined;
  }

  /** Its reader has acknowledged it: it need not be stored. */
  acknowledge(fresh: Fresh): void {
    fresh.isDone = true;
    this.#remove(fresh);
  }

  /** Stores all of them, if the disk lets it. */
  async flush(): Promise<void> {
    await this.#storing;
    this.#store();
    await this.#storing;
  }

  clear(): Fresh[] {
    const all = this.#all;
    for (const fresh of all) this.#remove(fresh);
    return all;
  }

  get #all(): Fresh[] {
    return [...this.#read, ...this.#unread];
  }

  #remove(fresh: Fresh): void {
    if (!this.#read.delete(fresh)) this.#unread.delete(fresh);
    grow(this.size, sizeOf(fresh.batch), -1);
  }

  #store(): void {
    if (this.#queue === undefined) return;
    this.#storing ??= this.#storeAll(this.#queue).finally(() => {
      this.#storing = undefined;
    });
  }

  /** Group by group: what comes meanwhile is in the next one. */
  async #storeAll(queue: SpoolQueue): Promise<void> {
    const { disk, signal, onFailure } = this.#patience;
    for (let group = this.#all; group.length > 0; group = this.#all) {
      const batches = group.map(({ batch }) => batch);
      try {
        await queue.append(batches, (first, n) => {
          for (const [i, fresh] of group.slice(0, n).entries()) {
            this.#onStored(fresh, first + i);
            if (!fresh.isDone) this.#remove(fresh);
          }
        });
        this.shortage = undefined;
      } catch (error) {
        this.shortage = error;
        onFailure(error);
        for (const batch of batches) batch.detach();
      }
      this.#onRound();
      if (this.shortage !== undefined && !(await pause(disk, signal))) return;
    }
  }
}
