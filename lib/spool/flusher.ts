import type { Disk } from './disk.js';
import type { Segment } from './segment.js';
import { RETRY_MS } from './segment-reader.js';

export interface FlusherOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** Whether what was written is to be on the disk as soon as possible. */
  readonly sync: boolean;
  readonly signal: AbortSignal;
  /** Whether all of a segment is finished, and nothing is appended to it any more. */
  isDone(segment: Segment): boolean;
  /** Whether there is no segment before it. Others keep their names, so that no ids seem to be missing. */
  isOldest(segment: Segment): boolean;
  /** Called before a segment is deleted. @throws if it cannot be deleted yet. */
  beforeRemoval(segment: Segment): Promise<unknown>;
  onRemoved(segment: Segment): void;
  onEmptied(segment: Segment): void;
  onFailure(error: unknown): void;
}

/**
 * Writes the states of batches at the end of each turn, and deletes finished segments instead. What fails stays in
 * memory, and is tried again.
 */
export class Flusher {
  readonly #options: FlusherOptions;
  readonly #due = new Set<Segment>();
  readonly #unsynced = new Set<Segment>();
  readonly #removing = new Set<Promise<void>>();
  readonly #beingRemoved = new Set<Segment>();
  #isScheduled = false;
  #isWaiting = false;
  #syncing: Promise<void> | undefined;

  constructor(options: FlusherOptions) {
    this.#options = options;
  }

  /** What was set in this segment is to be written when this turn ends. */
  schedule(segment: Segment): void {
    this.#due.add(segment);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  flush(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const segment of due) {
      if (segment.isDeleted) continue;
      if (this.#options.isDone(segment)) this.#remove(segment);
      else this.write(segment);
    }
    if (this.#options.sync && this.#unsynced.size > 0) this.#syncing ??= this.#sync();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#removing.size > 0 || this.#syncing !== undefined) {
      await Promise.all([...this.#removing, this.#syncing]);
    }
  }

  /** Writes the states of one segment at once. */
  write(segment: Segment): void {
    try {
      segment.flush();
      this.#unsynced.add(segment);
    } catch (error) {
      this.#again(segment, error);
    }
  }

  #remove(segment: Segment): void {
    if (this.#beingRemoved.has(segment)) return;
    this.#beingRemoved.add(segment);
    const { folder, disk, sync, isOldest, beforeRemoval, onRemoved, onEmptied } = this.#options;
    const syncFolder = async () => {
      if (sync) await disk.syncFolder(folder);
    };
    const remove = async () => {
      try {
        if (segment.uncopied.length > 0) await beforeRemoval(segment);
        if (isOldest(segment)) {
          await segment.remove(syncFolder);
          this.#unsynced.delete(segment);
          onRemoved(segment);
        } else {
          segment.flush();
          if (sync) await segment.sync();
          segment.empty();
          onEmptied(segment);
        }
      } catch (error) {
        this.write(segment);
        this.#again(segment, error);
      } finally {
        this.#beingRemoved.delete(segment);
      }
    };
    const removing = remove().finally(() => this.#removing.delete(removing));
    this.#removing.add(removing);
  }

  /** Tries everything that failed once more, in a while. */
  #again(segment: Segment, error: unknown): void {
    const { disk, signal, onFailure } = this.#options;
    this.#due.add(segment);
    onFailure(error);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    disk.wait(RETRY_MS, signal).then(() => {
      this.#isWaiting = false;
      if (!signal.aborted) this.flush();
    });
  }

  async #sync(): Promise<void> {
    while (this.#unsynced.size > 0) {
      const segments = [...this.#unsynced];
      this.#unsynced.clear();
      for (const segment of segments) await segment.sync().catch(this.#options.onFailure);
    }
    this.#syncing = undefined;
  }
}
