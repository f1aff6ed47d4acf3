import type { Logger } from '../logger.js';
import type { Disk } from './disk.js';
import { isShortage } from './files.js';
import { inspect } from './inspection.js';
import { bytesIn, type Part, partsIn } from './parts.js';

/** How often to check whether somebody has deleted files, in ms. */
const LOOK_MS = 10_000;

/**
 * The parts of a spool whose reporters are not configured any more, or have another name now. Nothing delivers or deletes
 * their batches until a reporter with the old name runs.
 */
export class LeftBehind {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #running: ReadonlySet<string>;
  #bytes: number | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /** @param running The folders of the parts that are in use. */
  constructor(disk: Disk, folder: string, running: Iterable<string>) {
    this.#disk = disk;
    this.#folder = folder;
    this.#running = new Set(running);
  }

  /** How many bytes the parts have. If they cannot be read now, the last known number. */
  get bytes(): number {
    // Nothing adds to these parts. So once they are empty, they stay empty.
    if (this.#bytes !== 0) this.#look();
    return this.#bytes ?? 0;
  }

  #look(): void {
    try {
      const now = this.#disk.now();
      if (now - this.#lookedAt < LOOK_MS) return;
      this.#lookedAt = now;
      this.#bytes = this.#parts().reduce((sum, part) => sum + bytesIn(this.#disk, part), 0);
    } catch (error) {
      if (!isShortage(error)) this.#bytes ??= 0;
    }
  }

  /** Ends the search for batches. */
  close(): void {
    this.#isClosed = true;
  }

  /** Warns about the batches in these parts. */
  async report(logger: Logger): Promise<void> {
    let parts: Part[] = [];
    try {
      parts = this.#parts();
    } catch (err) {
      logger.warn(
        { folder: this.#folder, err },
        'the spool cannot be searched for batches of other reporters',
      );
    }
    for (const part of parts) await this.#reportPart(part, logger);
  }

  async #reportPart(part: Part, logger: Logger): Promise<void> {
    try {
      let [batches, logs] = [0, 0];
      for await (const { waiting } of inspect(this.#disk, part.folder)) {
        if (this.#isClosed) return;
        batches += waiting.length;
        for (const { count } of waiting) logs += count;
      }
      if (batches === 0) return;
      const fields = { ...part, batches, logs, bytes: bytesIn(this.#disk, part) };
      logger.warn(
        fields,
        'batches wait in the spool for a reporter that is not configured: add it again, or export or drop them',
      );
    } catch (err) {
      logger.warn(
        { ...part, err },
        'what the spool has for a reporter that is not configured cannot be read',
      );
    }
  }

  #parts(): Part[] {
    return partsIn(this.#disk, this.#folder).filter(({ folder }) => !this.#running.has(folder));
  }
}
