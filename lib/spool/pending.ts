import type { LogBatch } from '../../codec/index.js';
import { nextTurn } from '../real-time.js';
import type { SpoolQueue } from './queue.js';
import { HEADER } from './record.js';
import { type Patience, pause } from './retry.js';

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

export interface PendingOptions {
  readonly patience: Patience;
  /** A batch is on disk by now. */
  onStored(fresh: Fresh, id: number): void;
  /** Some were stored, or an attempt failed. */
  onRound(): unknown;
}

/**
 * The batches that were accepted and are not stored yet, in order: first those that a reader has, then the others.
 * They are stored in the next turn, together. If that fails, they wait, and it is tried again.
 */
export class Pending {
  /** What they will use on disk. */
  bytes = 0;
  /** Why the last attempt to store them failed. */
  shortage: unknown;
  readonly #options: PendingOptions;
  readonly #read = new Set<Fresh>();
  readonly #unread = new Set<Fresh>();
  #queue: SpoolQueue | undefined;
  #isDue = false;
  #storing: Promise<void> | undefined;

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  /** Stores them here from now on. */
  begin(queue: SpoolQueue): void {
    this.#queue = queue;
    this.#store();
  }

  /** Whether writers have to wait for the disk. During a shortage they need not: what comes then is dropped. */
  get isBehind(): boolean {
    return this.bytes > MAX_BYTES && this.shortage === undefined;
  }

  /** Whether there is room for so many bytes more: in memory during a shortage, and on disk. */
  hasRoom(bytes: number): boolean {
    if (this.shortage !== undefined && this.bytes > 0 && this.bytes + bytes > MAX_BYTES) return false;
    return this.bytes + bytes <= (this.#queue?.space ?? Number.POSITIVE_INFINITY);
  }

  get hasUnread(): boolean {
    return this.#unread.size > 0;
  }

  add(fresh: Fresh): void {
    // Otherwise it is stored in a moment, and its chunk is free again.
    if (this.#queue === undefined || this.shortage !== undefined) fresh.batch.detach();
    (fresh.isRead ? this.#read : this.#unread).add(fresh);
    this.bytes += HEADER + fresh.batch.raw.length;
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
      fresh.isRead = true;
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
    while (this.#storing !== undefined) await this.#storing;
    for (this.#store(); this.#storing !== undefined; ) await this.#storing;
  }

  /** Removes all of them. */
  clear(): Fresh[] {
    const all = this.#list();
    for (const fresh of all) this.#remove(fresh);
    return all;
  }

  #list(): Fresh[] {
    return [...this.#read, ...this.#unread];
  }

  #remove(fresh: Fresh): void {
    if (!this.#read.delete(fresh) && !this.#unread.delete(fresh)) return;
    this.bytes -= HEADER + fresh.batch.raw.length;
  }

  #store(): void {
    if (this.#queue === undefined) return;
    this.#storing ??= this.#storeAll(this.#queue).finally(() => {
      this.#storing = undefined;
    });
  }

  /** Group by group: what comes meanwhile is in the next one. */
  async #storeAll(queue: SpoolQueue): Promise<void> {
    const { patience, onStored, onRound } = this.#options;
    for (let group = this.#list(); group.length > 0; group = this.#list()) {
      const batches = group.map(({ batch }) => batch);
      try {
        await queue.append(batches, (first, n) => {
          for (const [i, fresh] of group.slice(0, n).entries()) {
            onStored(fresh, first + i);
            this.#remove(fresh);
          }
        });
        this.shortage = undefined;
      } catch (error) {
        this.shortage = error;
        patience.onFailure(error);
        for (const batch of batches) batch.detach();
      }
      onRound();
      if (this.shortage !== undefined && !(await pause(patience.disk, patience.signal))) return;
    }
  }
}
