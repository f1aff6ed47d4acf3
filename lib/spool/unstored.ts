import type { LogBatch } from '../../codec/index.js';
import type { SpoolQueue } from './queue.js';
import { HEADER } from './record.js';

/** How many bytes may wait to be written before their writers wait, too. */
const MAX_BYTES = 1 << 20;
/** How long a failed attempt says something about the next one, in ms. */
const RECENT_MS = 30_000;

/** A batch that was accepted and is not stored yet. */
export interface Fresh {
  readonly batch: LogBatch;
  /** Whether a reader has it already, and whether the reader has acknowledged it since. */
  state: 'unread' | 'read' | 'done';
}

/** The batches that were accepted and are not stored yet, in order. */
export class Unstored {
  /** What they will use on disk. */
  bytes = 0;
  /** How many no reader has, those included that are being stored. */
  unread = 0;
  #waiting: Fresh[] = [];
  readonly #read = new Map<LogBatch, Fresh>();
  /** When an attempt to store something failed, unless one has succeeded since. */
  #failedAt = Number.NEGATIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether so much waits that writers should wait, too. */
  get isMuch(): boolean {
    return this.bytes > MAX_BYTES;
  }

  /** Whether the last attempt to store something succeeded, or was not recent. */
  get isStorable(): boolean {
    return performance.now() - this.#failedAt > RECENT_MS;
  }

  /** @param give Gives it to a reader. If the reader acknowledges it at once, it need not be stored. */
  add(batch: LogBatch, give: ((batch: LogBatch) => void) | undefined): void {
    const fresh: Fresh = { batch, state: 'unread' };
    if (give === undefined) {
      this.unread += 1;
      batch.detach();
    } else {
      fresh.state = 'read';
      this.#read.set(batch, fresh);
      give(batch);
      if (!this.#read.has(batch)) return;
    }
    this.bytes += HEADER + batch.raw.length;
    this.#waiting.push(fresh);
  }

  /** @returns false if no reader has it, or it is stored. */
  acknowledge(batch: LogBatch): boolean {
    const fresh = this.#read.get(batch);
    if (fresh === undefined) return false;
    fresh.state = 'done';
    return this.#read.delete(batch);
  }

  /**
   * Stores what is there now, without what is acknowledged by now.
   *
   * @param onStored Called for each batch as soon as it is stored, with its id.
   * @param onLost Called with those that cannot be stored and that no reader has.
   */
  async store(
    queue: SpoolQueue,
    onStored: (fresh: Fresh, id: number) => void,
    onLost: (batches: LogBatch[], error: unknown) => void,
  ): Promise<void> {
    let group = this.#take();
    const stored = (first: number, n: number) => {
      this.#failedAt = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < n; i++) {
        const fresh = group[i] as Fresh;
        this.#leave(fresh);
        onStored(fresh, first + i);
      }
      group = group.slice(n);
    };
    try {
      while (group.length > 0) {
        const batches = group.map(({ batch }) => batch);
        await queue.append(batches, stored);
      }
    } catch (error) {
      this.#failedAt = performance.now();
      onLost(this.#fail(group), error);
    }
  }

  /** Removes everything: what no reader has, and what a reader has not acknowledged. */
  abandon(): { unread: LogBatch[]; read: LogBatch[] } {
    const unread = this.#fail(this.#take());
    const read = [...this.#read.keys()];
    this.#read.clear();
    return { unread, read };
  }

  #take(): Fresh[] {
    const group = this.#waiting.filter(({ state }) => state !== 'done');
    this.#waiting = [];
    this.bytes = group.reduce((sum, { batch }) => sum + HEADER + batch.raw.length, 0);
    return group;
  }

  /** A batch that a reader has is not lost by that. */
  #fail(group: readonly Fresh[]): LogBatch[] {
    for (const { batch } of group) this.bytes -= HEADER + batch.raw.length;
    const lost = group.filter(({ state }) => state === 'unread').map(({ batch }) => batch);
    this.unread -= lost.length;
    return lost;
  }

  #leave({ batch, state }: Fresh): void {
    this.bytes -= HEADER + batch.raw.length;
    if (state === 'unread') this.unread -= 1;
    else this.#read.delete(batch);
  }
}
