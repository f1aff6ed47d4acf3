import { isRecord } from '../../codec/argument.js';
import type { LogBatch } from '../../codec/index.js';
import {
  milliseconds,
  type OptionTable,
  orInfinity,
  type ResolvedOptions,
  resolveOptions,
  wholeNumber,
} from '../options.js';
import { startTimer } from './abort.js';
import { backoffMs } from './backoff.js';
import { isPermanent, type Reporter, resultOf, retryAfterMs, retryWithinMs } from './reporter.js';
import { retryAfter } from './retry.js';

/** Options of retries: how long to wait, and when to give up. */
export interface RetryOptions {
  /**
   * Longest delay before the first retry, in ms; each delay is random, between 0 and its longest value.
   * Default: `1000`.
   */
  initialDelayMs?: number | undefined;
  /** Factor by which the longest delay grows with each retry. Default: `2`. */
  factor?: number | undefined;
  /** Upper limit of the longest delay, in ms. Default: `30000`. */
  maxDelayMs?: number | undefined;
  /** How many times a batch is attempted before it is dropped; ignored with a spool. Default: `Infinity`. */
  maxAttempts?: number | undefined;
  /** How long a batch is retried, in ms since its first attempt; ignored with a spool. Default: `300000`. */
  maxElapsedMs?: number | undefined;
  /**
   * How long one attempt may take, in ms; `Infinity` suits a reporter that cannot abandon one. Default: `10000`.
   */
  timeoutMs?: number | undefined;
}

export const RETRY_OPTIONS = {
  initialDelayMs: {
    ...milliseconds({ min: 0 }),
    default: 1000,
    doc: 'Longest delay before the first retry, in ms; each delay is random, between 0 and its longest value',
  },
  factor: {
    expected: 'a number of at least 1',
    accepts: (value) => typeof value === 'number' && value >= 1 && Number.isFinite(value),
    default: 2,
    doc: 'Factor by which the longest delay grows with each retry',
  },
  maxDelayMs: {
    ...milliseconds({ min: 0 }),
    default: 30_000,
    doc: 'Upper limit of the longest delay, in ms',
  },
  maxAttempts: {
    ...orInfinity(wholeNumber({ min: 1 })),
    default: Number.POSITIVE_INFINITY,
    doc: 'How many times a batch is attempted before it is dropped; ignored with a spool',
  },
  maxElapsedMs: {
    ...orInfinity(wholeNumber({ min: 0 })),
    default: 300_000,
    doc: 'How long a batch is retried, in ms since its first attempt; ignored with a spool',
  },
  timeoutMs: {
    ...orInfinity(milliseconds({ min: 1 })),
    default: 10_000,
    doc: 'How long one attempt may take, in ms; `Infinity` suits a reporter that cannot abandon one',
  },
} satisfies OptionTable<RetryOptions>;

/** The option `retry` of a Forwarder. */
export const RETRY_OPTION = {
  expected: 'an object of retry options, or false',
  // RetryingReporter checks the options.
  accepts: (value: unknown) => value === false || isRecord(value),
  default: false as const,
  doc: 'Whether and how a batch is retried after the reporter failed',
};

/**
 * A reporter that retries another one with exponential backoff and full jitter. It waits at least as long as an
 * error's `retryAfterMs`. If an attempt takes longer than `timeoutMs`, its `signal` aborts and the next attempt
 * follows. If that attempt delivers the batch nevertheless, the batch is delivered twice.
 *
 * It fails with the last error: at once if that is permanent, otherwise when the attempts or the time are used up, or
 * when the caller's `signal` aborts, which also ends a delay.
 */
export class RetryingReporter<Batch> implements Reporter<Batch> {
  readonly #reporter: Reporter<Batch>;
  readonly #policy: ResolvedOptions<RetryOptions, typeof RETRY_OPTIONS>;
  readonly #onRetry: (error: unknown) => void;
  /** Controller of an attempt that completed synchronously. The next attempt uses it again. */
  #unused: AbortController | undefined;

  /**
   * @param onRetry Called after each failure that will be followed by another attempt.
   * @throws ERR_INVALID_OPTION
   */
  constructor(reporter: Reporter<Batch>, options: RetryOptions, onRetry: (error: unknown) => void) {
    this.#reporter = reporter;
    this.#policy = resolveOptions('Forwarder: retry', options, RETRY_OPTIONS);
    this.#onRetry = onRetry;
  }

  report(batch: Batch, { signal }: { signal: AbortSignal }): Promise<void> | undefined {
    // The first attempt is made outside of the loop, because most reports need no other one: a synchronous report then
    // costs no promise, and an asynchronous one only that of its catch().
    let first: Promise<void> | undefined;
    try {
      first = this.#attempt(batch, signal);
    } catch (error) {
      first = Promise.reject(error);
    }
    if (first === undefined) return undefined;
    const started = performance.now();
    return first.catch((error) => this.#retry(batch, signal, started, error));
  }

  #retry(batch: Batch, signal: AbortSignal, started: number, error: unknown): Promise<void> {
    const { maxAttempts, maxElapsedMs } = this.#policy;
    return retryAfter({ started, error }, async () => this.#attempt(batch, signal), {
      signal,
      maxAttempts,
      maxElapsedMs,
      isPermanent,
      delayMs: (failures, error) =>
        Math.min(backoffMs(failures, this.#policy, retryAfterMs(error)), retryWithinMs(error)),
      onRetry: (error) => {
        this.#onRetry(error);
        // The batch may be kept for long. The chunk that it arrived in should not be.
        (batch as Partial<LogBatch>).detach?.();
      },
    });
  }

  /** One attempt, at most `timeoutMs` long. */
  #attempt(batch: Batch, signal: AbortSignal): Promise<void> | undefined {
    const { timeoutMs } = this.#policy;
    if (timeoutMs === Number.POSITIVE_INFINITY) {
      // Only the caller can end this attempt, so the reporter gets the caller's signal.
      const result = this.#reporter.report(batch, { signal });
      return result === undefined ? undefined : resultOf(result);
    }
    const controller = this.#unused ?? new AbortController();
    this.#unused = undefined;
    const result = this.#reporter.report(batch, { signal: controller.signal });
    if (result === undefined) {
      this.#unused = controller;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const onTimeout = () => {
        const error = new Error(`no answer within ${timeoutMs} ms`);
        controller.abort(error);
        reject(error);
      };
      // After an abort, the caller decides how long it waits for the result.
      const stopTimer = startTimer(timeoutMs, signal, onTimeout, () => controller.abort(signal.reason));
      resultOf(result).then(resolve, reject).finally(stopTimer);
    });
  }
}
