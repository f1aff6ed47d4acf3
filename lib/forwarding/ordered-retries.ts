import { onAbort, sleep } from '../abort.js';
import { nextTurn } from '../real-time.js';
import type { RetryLoopOptions } from './retry.js';

/** A batch that failed, or that waits behind one. */
interface Held<T> {
  readonly batch: T;
  /** Its place among all reports. */
  readonly number: number;
  failures: number;
  /** When its first attempt began. */
  started: number;
  /** Why its last attempt failed. */
  error: unknown;
  /** Whether that has been told. */
  isTold: boolean;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** How batches are retried: as one batch is, except that each call has a batch. */
export interface OrderedRetryOptions<T>
  extends Required<Omit<RetryLoopOptions, 'signal' | 'onRetry'>>,
    Pick<RetryLoopOptions, 'signal'> {
  attempt(batch: T): Promise<unknown> | undefined;
  onRetry(error: unknown, batch: T): void;
}

/**
 * Retries batches of several reports in their order: while one waits for its next attempt, all those behind it wait as
 * well. Then all of them are attempted in one turn of the event loop, and what fails again waits again.
 *
 * The reporter must call {@link hold} at once when a report fails, and fail those behind it.
 */
export class OrderedRetries<T> {
  /** When the next attempt begins, by `performance.now()`, while they wait for it. */
  nextAttemptAt: number | undefined;
  /** Whether a batch has failed and is not done: what comes now has to wait behind it. */
  isBusy = false;
  /** By their numbers. */
  #held: Held<T>[] = [];
  #isRunning = false;
  /** Whether a report has failed since the last one began. */
  #isHolding = false;
  /** Called when the first failure is known. */
  #onFailed: () => void = () => undefined;
  readonly #onDone: () => void;

  /** @param onDone Called when no batch is left. */
  constructor(onDone: () => void = () => undefined) {
    this.#onDone = onDone;
  }

  /** How many batches wait. */
  get size(): number {
    return this.#held.length;
  }

  /** A report has failed, which {@link add} is told a little later: nothing must overtake it. */
  hold(): void {
    this.isBusy = true;
    this.#isHolding = true;
  }

  /**
   * Adds a batch that has failed, or that must wait behind one.
   *
   * @param number Its place among all reports. One whose time is over may fail before one that began earlier.
   * @param first Its first attempt, if there was one and it failed.
   */
  add(
    batch: T,
    number: number,
    options: OrderedRetryOptions<T>,
    first?: { readonly started: number; readonly error: unknown },
  ): Promise<unknown> {
    this.isBusy = true;
    return new Promise((resolve, reject) => {
      if (first === undefined) {
        const untried = { failures: 0, started: 0, error: undefined, isTold: true };
        this.#insert({ batch, number, ...untried, resolve, reject });
      } else {
        this.#insert({ batch, number, failures: 1, ...first, isTold: false, resolve, reject });
        this.#onFailed();
      }
      if (this.#isRunning) return;
      this.#isRunning = true;
      void this.#run(options);
    });
  }

  #insert(held: Held<T>): void {
    let i = this.#held.length;
    while (i > 0 && (this.#held[i - 1] as Held<T>).number > held.number) i -= 1;
    this.#held.splice(i, 0, held);
  }

  async #run(options: OrderedRetryOptions<T>): Promise<void> {
    const { signal } = options;
    if (this.#held[0]?.failures === 0) await this.#failed(signal);
    for (let isFirst = true; this.#held.length > 0; isFirst = false) {
      // In the first turn, the failures of the same write become known one after the other.
      if (isFirst) await nextTurn();
      const delayMs = this.#delayMs(options);
      if (this.#held.length === 0) break;
      if (delayMs > 0) await this.#wait(delayMs, signal);
      if (signal.aborted) {
        for (const { reject, error } of this.#held.splice(0)) reject(error ?? signal.reason);
        break;
      }
      await this.#attempt(options);
    }
    this.#isRunning = false;
    this.isBusy = false;
    this.#onDone();
  }

  /** Resolves when a failure is known, or when the signal aborts. */
  #failed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stopListening = onAbort(signal, resolve);
      this.#onFailed = () => {
        stopListening();
        this.#onFailed = () => undefined;
        resolve();
      };
    });
  }

  /** Gives up what may not be retried. @returns the delay before the next attempt, which is that of the first one left. */
  #delayMs(options: OrderedRetryOptions<T>): number {
    const { signal, maxAttempts, maxElapsedMs, isPermanent, onRetry } = options;
    let delayMs: number | undefined;
    this.#held = this.#held.filter((held) => {
      const { batch, failures, started, error, reject } = held;
      if (failures === 0) {
        delayMs ??= 0;
        return true;
      }
      const ms = delayMs ?? options.delayMs(failures, error);
      const isLast = failures >= maxAttempts || performance.now() + ms - started > maxElapsedMs;
      if (isLast || signal.aborted || isPermanent(error)) {
        reject(error);
        return false;
      }
      delayMs = ms;
      if (!held.isTold) onRetry(error, batch);
      held.isTold = true;
      return true;
    });
    return delayMs ?? 0;
  }

  async #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    this.nextAttemptAt = performance.now() + delayMs;
    await sleep(delayMs, signal);
    this.nextAttemptAt = undefined;
  }

  /** Attempts them in order, up to the first one that fails at once. */
  async #attempt(options: OrderedRetryOptions<T>): Promise<void> {
    const round: Held<T>[] = [];
    const attempts: Promise<unknown>[] = [];
    this.#isHolding = false;
    for (let held = this.#held.shift(); held !== undefined; held = this.#held.shift()) {
      if (held.failures === 0) held.started = performance.now();
      round.push(held);
      attempts.push(attemptOf(held.batch, options));
      if (this.#isHolding) break;
    }
    for (const [i, result] of (await Promise.allSettled(attempts)).entries()) {
      const held = round[i] as Held<T>;
      if (result.status === 'fulfilled') {
        held.resolve(result.value);
        continue;
      }
      held.failures += 1;
      this.#insert(Object.assign(held, { error: result.reason, isTold: false }));
    }
  }
}

async function attemptOf<T>(batch: T, { attempt }: OrderedRetryOptions<T>): Promise<unknown> {
  return attempt(batch);
}
