import type { Losses } from './losses.js';
import { type Patience, pause } from './retry.js';
import type { Segment } from './segment.js';
import type { Writer } from './writer.js';

export interface UpkeepOptions {
  readonly folder: string;
  /** Whether what was written is to be on the disk as soon as possible. */
  readonly sync: boolean;
  /** The segments of the spool, the oldest first. */
  readonly segments: Segment[];
  readonly writer: Writer;
  readonly losses: Losses;
  readonly patience: Patience;
  /** There is more space. */
  onFreed(): void;
}

/**
 * What may be done a little later: writes states again that could not be written, syncs them, restores files that
 * somebody deleted, and deletes finished segments. What fails stays in memory, and is tried again.
 */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #isDue = false;
  #running: Promise<void> | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Something is to be done. */
  wake(): void {
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Tends every segment once. @returns whether all of it worked. */
  async tend(): Promise<boolean> {
    const { segments, writer, patience, onFreed } = this.#options;
    const before = usedBy(segments);
    let isDone = true;
    for (const segment of [...segments]) {
      try {
        await this.#tend(segment);
      } catch (error) {
        isDone = false;
        patience.onFailure(error);
      }
    }
    if (!patience.signal.aborted && (await writer.retire())) this.#isDue = true;
    if (usedBy(segments) !== before) onFreed();
    return isDone;
  }

  async #run(): Promise<void> {
    const { disk, signal } = this.#options.patience;
    // What else is acknowledged in this turn is done together.
    await undefined;
    while (this.#isDue) {
      this.#isDue = false;
      if (!(await this.tend())) this.#isDue = await pause(disk, signal);
    }
    this.#running = undefined;
  }

  async #tend(segment: Segment): Promise<void> {
    const { sync, writer } = this.#options;
    const { acks } = segment;
    // An empty segment waits for the next batch.
    if (acks.left === 0 && !segment.isPinned && segment !== writer.tail && segment.end > segment.first) {
      await this.#dispose(segment);
      return;
    }
    if (acks.left > 0) await writer.restore(segment, segment.size);
    acks.flush();
    if (sync) await acks.sync();
  }

  /** All of it is finished, and nothing is appended to it any more. */
  async #dispose(segment: Segment): Promise<void> {
    const { patience, folder, segments, writer, losses, sync } = this.#options;
    const { acks } = segment;
    // The name of the last segment says what the next id is, so it is deleted only if nothing else frees space.
    const isNeeded =
      segment === segments.at(-1) && !(writer.isShortOfSpace && segment.size + segment.excess === 0);
    try {
      if (segment.uncopied.length > 0) await losses.copyDamaged(segment);
      if (segment === segments[0] && !isNeeded) {
        await segment.remove(async () => {
          if (sync) await patience.disk.syncFolder(folder);
        });
        segments.shift();
      } else {
        // Older ones wait, or none follows. It keeps its name, so that no ids seem to be missing.
        acks.flush();
        if (sync) await acks.sync();
        segment.empty();
      }
    } catch (error) {
      acks.flush();
      throw error;
    }
  }
}

/** Bytes of all files. */
export function usedBy(segments: readonly Segment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}
