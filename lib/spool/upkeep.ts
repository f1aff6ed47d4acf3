import { pause } from './files.js';
import type { SpoolFolder } from './folder.js';
import type { SpoolLog } from './log.js';
import type { Segment } from './segment.js';

/**
 * What may be done a little later: writes states again that could not be written, syncs them, restores files that
 * somebody deleted, and deletes finished segments. What fails stays in memory, and is tried again.
 */
export class Upkeep {
  readonly #folder: SpoolFolder;
  readonly #log: SpoolLog;
  #isDue = false;
  #running: Promise<void> | undefined;

  constructor(folder: SpoolFolder, log: SpoolLog) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Something is to be done. */
  wake(): void {
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  /** Ends it: does what can be done once more, when nothing is under way. */
  async end(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    await this.#tendAll();
  }

  async #run(): Promise<void> {
    const { disk, signal } = this.#folder.patience;
    // What else is acknowledged in this turn is done together.
    await undefined;
    while (this.#isDue) {
      this.#isDue = false;
      if (!(await this.#tendAll())) this.#isDue = await pause(disk, signal);
    }
    this.#running = undefined;
  }

  /** Tends every segment once. @returns whether all of it worked. */
  async #tendAll(): Promise<boolean> {
    const { signal, onFailure } = this.#folder.patience;
    let isDone = true;
    for (const segment of [...this.#folder.segments]) {
      try {
        await this.#tend(segment);
      } catch (error) {
        isDone = false;
        onFailure(error);
      }
    }
    // Last, so that it is not replaced if batches came meanwhile.
    if (!signal.aborted && (await this.#log.retire())) this.#isDue = true;
    if (this.#folder.count()) this.#folder.options.onSpace();
    return isDone;
  }

  async #tend(segment: Segment): Promise<void> {
    const isTail = segment === this.#log.tail;
    // An empty segment waits for the next batch.
    if (segment.left === 0 && !segment.isPinned && !isTail && segment.end > segment.first)
      return this.#folder.dispose(segment);
    const restore = () => this.#folder.restore(segment, segment.size);
    if (segment.left > 0 && !segment.isWhole()) await (isTail ? this.#log.exclusively(restore) : restore());
    await this.#folder.flush(segment);
  }
}
