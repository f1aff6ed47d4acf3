import type { SpoolBatch } from './record.js';

/** What is to be put into the store and taken out of it, in one with others. */
export interface Change {
  readonly batches?: readonly SpoolBatch[];
  readonly ids?: readonly number[];
  /** Set when it is written: the id of its first batch. */
  first?: number;
}

type Waiting = { change: Change; resolve: () => void; reject: (error: unknown) => void };

/** Changes are put together into one write until it has so many bytes. */
const MAX_WRITE_BYTES = 4 << 20;

/** Writes changes in the order in which they come: those that come during a write share the next one. */
export class GroupWriter {
  readonly #write: (changes: readonly Change[]) => Promise<void>;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(write: (changes: readonly Change[]) => Promise<void>) {
    this.#write = write;
  }

  /** @returns once its write was done; rejects, with all that shared it, where it failed. */
  add(change: Change): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      // In a moment, so that calls made one after the other share the first write, too.
      this.#writing ??= Promise.resolve().then(() => this.#run());
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#groupLength());
      try {
        await this.#write(group.map(({ change }) => change));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#writing = undefined;
  }

  #groupLength(): number {
    let bytes = 0;
    let n = 0;
    for (const { change } of this.#waiting) {
      for (const { raw } of change.batches ?? []) bytes += raw.length;
      if (n > 0 && bytes > MAX_WRITE_BYTES) break;
      n += 1;
    }
    return n;
  }
}
