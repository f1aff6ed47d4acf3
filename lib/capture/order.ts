import type { CaptureRecord } from './record.js';

/** Which records may follow each other: a capture tells a story that can have happened. */
export class RecordOrder {
  readonly #open = new Set<number>();
  #highest = 0;
  #time = 0;
  #isStarted = false;
  #isFinished = false;

  /** Whether the last record was `finish`. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** The connections that are open after the records so far. */
  get open(): ReadonlySet<number> {
    return this.#open;
  }

  /** Notes the next record. @returns what is wrong with it; undefined if nothing is. */
  next(record: CaptureRecord): string | undefined {
    if (this.#isFinished) return 'it comes after the last record';
    if (record.kind === 'start') {
      if (this.#isStarted) return 'a capture starts only once';
      this.#isStarted = true;
      return isCount(record.startedAt) ? undefined : 'its time is not a number of µs';
    }
    if (!this.#isStarted) return 'a capture begins with its start';
    if (!isCount(record.time) || record.time < this.#time)
      return 'its time is before that of the last record';
    this.#time = record.time;
    switch (record.kind) {
      case 'finish':
        this.#isFinished = true;
        return undefined;
      case 'gap':
        if (!isCount(record.bytes) || !isCount(record.connections)) return 'its amounts are not numbers';
        return record.connection === 0 ? undefined : this.#unknown(record.connection);
      case 'open':
        return this.#opened(record.connection);
      case 'data':
        return record.bytes.length === 0 ? 'it has no bytes' : this.#unknown(record.connection);
      default: {
        const wrong = this.#unknown(record.connection);
        this.#open.delete(record.connection);
        return wrong;
      }
    }
  }

  #opened(connection: number): string | undefined {
    if (!isCount(connection) || connection > 0xffff_ffff || connection <= this.#highest)
      return `connection ${connection} does not follow connection ${this.#highest}`;
    this.#highest = connection;
    this.#open.add(connection);
    return undefined;
  }

  #unknown(connection: number): string | undefined {
    return this.#open.has(connection) ? undefined : `connection ${connection} is not open`;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
