import type { Entry, Spool } from './spool.js';

/** How many batches are read at a time, and how many wait for a reader at most. */
export const READ_AHEAD = 64;

/** Reads on in a spool, where a reader wants more and there is something that no reader has. */
export class ReadAhead {
  /** How many are on disk, and were not read. */
  unread = 0;
  isReading = false;
  #isWanted = false;
  readonly #spool: () => Spool | undefined;
  readonly #onEntry: (entry: Entry) => void;
  readonly #onFailure: (error: unknown) => void;

  /**
   * @param spool Undefined while nothing is to be read.
   * @param onFailure May let `run()` be called again, later.
   */
  constructor(
    spool: () => Spool | undefined,
    onEntry: (entry: Entry) => void,
    onFailure: (error: unknown) => void,
  ) {
    this.#spool = spool;
    this.#onEntry = onEntry;
    this.#onFailure = onFailure;
  }

  /** A reader wants more. */
  want(): void {
    this.#isWanted = true;
    this.run();
  }

  /** Reads, if it is time to. */
  run(): void {
    if (!this.#isWanted || this.isReading || this.unread === 0) return;
    const spool = this.#spool();
    if (spool === undefined) return;
    this.#isWanted = false;
    this.isReading = true;
    spool.read(READ_AHEAD).then(
      (entries) => {
        this.isReading = false;
        this.unread = entries.length === 0 ? 0 : this.unread - entries.length;
        if (entries.length === 0) this.#isWanted = true;
        for (const entry of entries) this.#onEntry(entry);
      },
      (error) => {
        this.isReading = false;
        this.#isWanted = true;
        this.#onFailure(error);
      },
    );
  }
}
