import { startTimer } from '../abort.js';
import type { Batch } from '../batch.js';
import { type ResolvedOptions, resolveOptions } from '../options.js';
import { AttemptTimeout } from './attempt-timeout.js';
import { backoffMs } from './backoff.js';
import { partsOf } from './combination.js';
import { OrderedRetries } from './ordered-retries.js';
import {
  isPermanent,
  type Reporter,
  type ReportOptions,
  resultOf,
  retryAfterMs,
  retryWithinMs,
} from './reporter.js';
import { retryAfter } from './retry.js';
import { RETRY_OPTIONS, type RetryOptions } from './retry-options.js';

/**
 * A reporter that retries another one with exponential backoff and full jitter. It waits at least as long as an
 * error's `retryAfterMs`. If an attempt takes longer than `timeoutMs`, its `signal` aborts and the next attempt
 * follows, which has twice the time. If that attempt delivers the batch nevertheless, the batch is delivered twice.
 *
 * It fails with the last error: at once if that is permanent, otherwise when the attempts or the time are used up, or
 * when the caller's `signal` aborts, which also ends a delay.
 */
export class RetryingReporter<T> implements Reporter<T> {
  readonly #reporter: Reporter<T>;
  readonly #policy: ResolvedOptions<RetryOptions, typeof RETRY_OPTIONS>;
  readonly #onRetry: (error: unknown) => void;
  readonly #timeout: AttemptTimeout;
  /** If the reporter keeps the order of batches: what the order of a batch belongs to. */
  readonly #orderOf: ((batch: T) => string) | undefined;
  /** If all batches have the same order. */
  readonly #holdAll: (() => void) | undefined;
  /** The orders in which a batch has failed and is not done. */
  readonly #failing = new Map<string, OrderedRetries<T>>();
  /** When the next attempt begins, by `performance.now()`, for each batch that waits for it. */
  readonly #delays = new Set<{ until: number }>();
  /** How many reports there have been. */
  #reports = 0;
  /** Controller of an attempt that completed synchronously. The next attempt uses it again. */
  #unused: AbortController | undefined;

  /**
   * @param onRetry Called after each failure that will be followed by another attempt.
   * @throws ERR_INVALID_OPTION
   */
  constructor(reporter: Reporter<T>, options: RetryOptions, onRetry: (error: unknown) => void) {
    this.#reporter = reporter;
    this.#policy = resolveOptions('Forwarder: retry', options, RETRY_OPTIONS);
    this.#onRetry = onRetry;
    this.#timeout = new AttemptTimeout(this.#policy.timeoutMs, this.#policy.maxTimeoutMs);
    const { keepsOrder } = reporter;
    if (typeof keepsOrder === 'function') {
      this.#orderOf = (batch) => textOf(keepsOrder, batch);
    } else if (keepsOrder === true) {
      this.#orderOf = () => '';
      this.#holdAll = () => this.#failingIn('').hold();
    }
  }

  /** When the next attempt begins, by `performance.now()`, if all of so many reports wait for theirs. */
  nextAttemptAt(reports: number): number | undefined {
    if (reports === 0) return undefined;
    const times = [...this.#delays].map(({ until }) => until);
    let waiting = times.length;
    for (const { size, nextAttemptAt } of this.#failing.values()) {
      if (nextAttemptAt === undefined) continue;
      waiting += size;
      times.push(nextAttemptAt);
    }
    return waiting < reports ? undefined : Math.min(...times);
  }

  report(batch: T, { signal }: ReportOptions): Promise<unknown> | undefined {
    const number = this.#reports++;
    if (this.#failing.size > 0) {
      const before = this.#failing.get(this.#orderOf?.(batch) ?? '');
      if (before?.isBusy) return before.add(batch, number, this.#options(signal));
    }
    // The first attempt is made outside of the loop, because most reports need no other one: a synchronous report then
    // costs no promise, and an asynchronous one only that of its catch().
    let first: Promise<unknown> | undefined;
    try {
      first = this.#attempt(batch, signal);
    } catch (error) {
      first = Promise.reject(error);
    }
    if (first === undefined) return undefined;
    const started = performance.now();
    return first.catch((error) => this.#retry(batch, number, signal, { started, error }));
  }

  #retry(
    batch: T,
    number: number,
    signal: AbortSignal,
    first: { readonly started: number; readonly error: unknown },
  ): Promise<unknown> {
    const options = this.#options(signal);
    const order = this.#orderOf?.(batch);
    if (order !== undefined) return this.#failingIn(order).add(batch, number, options, first);
    const delay = { until: 0 };
    const attempt = async () => {
      this.#delays.delete(delay);
      return this.#attempt(batch, signal);
    };
    const onRetry = (error: unknown, delayMs: number) => {
      delay.until = performance.now() + delayMs;
      this.#delays.add(delay);
      options.onRetry(error, batch);
    };
    return retryAfter(first, attempt, { ...options, onRetry }).finally(() => this.#delays.delete(delay));
  }

  #failingIn(order: string): OrderedRetries<T> {
    let failing = this.#failing.get(order);
    if (failing === undefined) {
      failing = new OrderedRetries(() => this.#failing.delete(order));
      this.#failing.set(order, failing);
    }
    return failing;
  }

  #holdOf(batch: T): (() => void) | undefined {
    const orderOf = this.#orderOf;
    return this.#holdAll ?? (orderOf && (() => this.#failingIn(orderOf(batch)).hold()));
  }

  #options(signal: AbortSignal) {
    const { maxAttempts, maxElapsedMs } = this.#policy;
    return {
      signal,
      maxAttempts,
      maxElapsedMs,
      isPermanent,
      attempt: (batch: T) => this.#attempt(batch, signal),
      delayMs: (failures: number, error: unknown) =>
        Math.min(backoffMs(failures, this.#policy, retryAfterMs(error)), retryWithinMs(error)),
      onRetry: (error: unknown, batch: T) => {
        this.#onRetry(error);
        // The batch may be kept for long. The chunk that it arrived in should not be.
        for (const part of partsOf(batch as Batch)) part.detach?.();
      },
    };
  }

  /** One attempt, as long as it may take now. */
  #attempt(batch: T, signal: AbortSignal): Promise<unknown> | undefined {
    const { ms } = this.#timeout;
    if (ms === Number.POSITIVE_INFINITY) {
      // Only the caller can end this attempt, so the reporter gets the caller's signal.
      const result = this.#reporter.report(batch, { signal, onFailure: this.#holdOf(batch) });
      return result === undefined ? undefined : resultOf(result);
    }
    const controller = this.#unused ?? new AbortController();
    this.#unused = undefined;
    let isOver = false;
    const hold = this.#holdOf(batch);
    const onFailure = hold && (() => isOver || hold());
    const result = this.#reporter.report(batch, { signal: controller.signal, onFailure });
    if (result === undefined) {
      this.#unused = controller;
      return undefined;
    }
    const succeeded = this.#timeout.begin();
    return new Promise((resolve, reject) => {
      const onTimeout = () => {
        this.#timeout.exceeded(ms);
        isOver = true;
        const error = new Error(`no answer within ${ms} ms`);
        controller.abort(error);
        reject(error);
      };
      // After an abort, the caller decides how long it waits for the result.
      const stopTimer = startTimer(ms, signal, onTimeout, () => controller.abort(signal.reason));
      resultOf(result)
        .then((settled) => {
          succeeded();
          resolve(settled);
        }, reject)
        .finally(stopTimer);
    });
  }
}

/** What a reporter's function returns. One that throws decides nothing. */
function textOf<T>(orderOf: (batch: T) => string, batch: T): string {
  try {
    return orderOf(batch);
  } catch {
    return '';
  }
}
