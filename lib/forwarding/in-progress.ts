import { type Amount, type Batch, count } from '../batch.js';

/** The batches that are being reported, in order. Usually there is only one: a list costs less than a Set. */
export class InProgress<T extends Batch> {
  readonly amount: Amount = { batches: 0, logs: 0 };
  #batches: T[] = [];
  /** Those whose report failed after it had been aborted. */
  readonly #givenUp = new Set<T>();

  get length(): number {
    return this.#batches.length;
  }

  /** Whether a report may still succeed. */
  get isWaiting(): boolean {
    return this.#batches.length > this.#givenUp.size;
  }

  add(batch: T): void {
    this.#batches.push(batch);
    count(this.amount, batch);
  }

  /** @returns false if it is not here any more. */
  remove(batch: T): boolean {
    if (this.#batches.at(-1) === batch) {
      this.#batches.pop();
    } else {
      const i = this.#batches.indexOf(batch);
      if (i === -1) return false;
      if (i === 0) this.#batches.shift();
      else this.#batches.splice(i, 1);
    }
    if (this.#givenUp.size > 0) this.#givenUp.delete(batch);
    this.amount.batches -= 1;
    this.amount.logs -= batch.count;
    return true;
  }

  giveUp(batch: T): void {
    if (this.#batches.includes(batch)) this.#givenUp.add(batch);
  }

  /** Hands over all of them. They still count in `amount`. */
  take(): T[] {
    const taken = this.#batches;
    this.#batches = [];
    return taken;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#batches[Symbol.iterator]();
  }
}
