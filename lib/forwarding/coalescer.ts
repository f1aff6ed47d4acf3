import { onAbort } from '../abort.js';
import type { Batch, ReportResult } from '../batch.js';
import { Combination } from './combination.js';
import { divided } from './report-result.js';
import { isPermanent, type Reporter } from './reporter.js';

export interface CoalescerOptions<T extends Batch> {
  readonly maxLogs: number;
  readonly maxBytes: number;
  /** How long a report that is not full waits for more, in ms. */
  readonly lingerMs: number;
  /** How many reports are in progress at the same time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /**
   * Called for each batch, in order.
   *
   * @param start When its report began, by `performance.now()`.
   * @param rejected What of the batch was rejected.
   */
  succeeded(batch: T, start: number, rejected: ReportResult | undefined): void;
  /** Called for each batch of a report that failed, in order. */
  failed(batch: T, error: unknown): void;
  /** A combined report has failed for good. Its batches are reported one by one. */
  split(error: unknown): void;
  /** Called when there may be room again. */
  onRoom(): void;
}

/**
 * Combines batches that wait for a report into the next one, in order. It holds what the next report contains, and at
 * most one batch more, which cannot be part of it.
 *
 * If a combined report fails permanently, each of its batches is reported alone, so that only the one that causes the
 * failure is rejected.
 */
export class Coalescer<T extends Batch> {
  /** How many reports are in progress. */
  calls = 0;
  readonly #reporter: Reporter<T>;
  readonly #options: CoalescerOptions<T>;
  /** What the next report contains, and what the one behind it begins with, if nothing can be added to the next one. */
  readonly #next: Combination<T>[] = [];
  /** Whether the next report waits for nothing but a free place. */
  #isDue = false;
  #lingerMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isTickDue = false;

  constructor(reporter: Reporter<T>, options: CoalescerOptions<T>) {
    this.#reporter = reporter;
    this.#options = options;
    this.#lingerMs = options.lingerMs;
    onAbort(options.signal, () => this.#abort());
  }

  /** Whether another batch can be added. */
  get hasRoom(): boolean {
    const [next] = this.#next;
    return next === undefined || (this.#next.length === 1 && !next.isFull);
  }

  /** Accepts a batch. There must be room. */
  add(batch: T): void {
    const [next] = this.#next;
    if (next === undefined) {
      this.#next.push(new Combination(batch, this.#options));
      this.#wait();
    } else if (!next.add(batch)) {
      this.#next.push(new Combination(batch, this.#options));
    }
    // It may wait for long. The chunk that it arrived in should not.
    if (this.calls > 0 || this.#lingerMs > 0) batch.detach?.();
    this.#begin();
  }

  /** From now on, no report waits for more. */
  hurry(): void {
    this.#lingerMs = 0;
    if (this.#next.length > 0) this.#due();
  }

  /** Waits for more batches, at least until the end of this tick: the batches of a chunk arrive one after the other. */
  #wait(): void {
    this.#isDue = false;
    if (this.#lingerMs > 0) {
      this.#timer = setTimeout(this.#due, this.#lingerMs);
    } else if (!this.#isTickDue) {
      this.#isTickDue = true;
      process.nextTick(() => {
        this.#isTickDue = false;
        this.#due();
      });
    }
  }

  readonly #due = (): void => {
    clearTimeout(this.#timer);
    this.#isDue = true;
    this.#begin();
  };

  /** Begins the reports for which there is a place. */
  #begin(): void {
    while (this.calls < this.#options.concurrency && !this.#options.signal.aborted) {
      const [next, later] = this.#next;
      if (next === undefined || !(this.#isDue || later !== undefined || next.isFull)) return;
      this.#next.shift();
      clearTimeout(this.#timer);
      if (later !== undefined) this.#wait();
      this.calls += 1;
      void this.#report(next).then(() => {
        this.calls -= 1;
        this.#begin();
        this.#options.onRoom();
      });
    }
  }

  async #report(combination: Combination<T>): Promise<void> {
    const { signal, succeeded, failed, split } = this.#options;
    const { batches } = combination;
    const start = performance.now();
    let result: unknown;
    try {
      result = await this.#reporter.report(combination.combined(), { signal });
    } catch (error) {
      if (batches.length > 1 && isPermanent(error) && !signal.aborted) {
        split(error);
        await this.#reportEach(batches);
      } else {
        for (const batch of batches) failed(batch, error);
      }
      return;
    }
    const rejectedOf = divided(result);
    for (const batch of batches) succeeded(batch, start, rejectedOf(batch));
  }

  async #reportEach(batches: readonly T[]): Promise<void> {
    const { signal, succeeded, failed } = this.#options;
    for (const batch of batches) {
      const start = performance.now();
      let result: unknown;
      try {
        signal.throwIfAborted();
        result = await this.#reporter.report(batch, { signal });
      } catch (error) {
        failed(batch, error);
        continue;
      }
      succeeded(batch, start, divided(result)(batch));
    }
  }

  /** What no report contains yet has failed. */
  #abort(): void {
    clearTimeout(this.#timer);
    const { signal, failed } = this.#options;
    for (const { batches } of this.#next.splice(0)) {
      for (const batch of batches) failed(batch, signal.reason);
    }
  }
}
