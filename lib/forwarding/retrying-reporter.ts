import type { LogBatch } from '../../codec/index.js';
import {
  milliseconds,
  type OptionTable,
  orInfinity,
  type ResolvedOptions,
  resolveOptions,
  wholeNumber,
} from '../options.js';
import { backoffMs } from './backoff.js';
import type { Reporter } from './reporter.js';

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
  accepts: (value: unknown) => value === false || (typeof value === 'object' && value !== null),
  default: false as const,
  doc: 'Whether and how a batch is retried after the reporter failed',
};

/** What a reporter may say in its error, for the sake of retries. */
export interface ReportError extends Error {
  /** It will never take this batch: no retry, the batch is dropped as `rejected`. */
  readonly permanent?: boolean;
  /** It is not to be asked again before this long, in ms. */
  readonly retryAfterMs?: number;
}

export function isPermanent(error: unknown): boolean {
  return (error as Partial<ReportError> | undefined)?.permanent === true;
}

/**
 * A reporter that tries again. Waits grow exponentially, each of random length up to what they have grown to
 * (full jitter), but not shorter than an error's `retryAfterMs`. An attempt that takes too long is given up:
 * its `signal` aborts, and if the batch was taken all the same, it is taken twice.
 *
 * It fails with the last error: a permanent one at once, any other when the attempts or the time are used up,
 * or the caller's `signal` aborts, which also cuts a wait short.
 */
export class RetryingReporter<Batch> implements Reporter<Batch> {
  readonly #reporter: Reporter<Batch>;
  readonly #policy: ResolvedOptions<RetryOptions, typeof RETRY_OPTIONS>;
  readonly #onRetry: (error: unknown) => void;
  /** Of a report that was done at once: the next one may have it. */
  #unused: AbortController | undefined;

  /**
   * @param onRetry Told of each attempt that failed and will be followed by another.
   * @throws ERR_INVALID_OPTION
   */
  constructor(reporter: Reporter<Batch>, options: RetryOptions, onRetry: (error: unknown) => void) {
    this.#reporter = reporter;
    this.#policy = resolveOptions('Forwarder: retry', options, RETRY_OPTIONS);
    this.#onRetry = onRetry;
  }

  report(batch: Batch, options: { signal: AbortSignal }): Promise<void> | undefined {
    // The first attempt of a synchronous reporter costs no promise.
    const started = performance.now();
    let first: Promise<void> | undefined;
    try {
      first = this.#attempt(batch, options.signal);
    } catch (error) {
      first = Promise.reject(error);
    }
    return first?.catch((error) => this.#retry(batch, options.signal, started, error));
  }

  async #retry(batch: Batch, signal: AbortSignal, started: number, error: unknown): Promise<void> {
    const { maxAttempts, maxElapsedMs } = this.#policy;
    let last = error;
    for (let attempts = 1; ; attempts++) {
      const delayMs = this.#delayMs(attempts, last);
      const isOver = attempts >= maxAttempts || performance.now() + delayMs - started > maxElapsedMs;
      if (isPermanent(last) || isOver || signal.aborted) throw last;
      this.#onRetry(last);
      // It may be kept for long, but not with the chunk that it came in.
      (batch as Partial<LogBatch>).detach?.();
      await wait(delayMs, signal);
      if (signal.aborted) throw last;
      try {
        await this.#attempt(batch, signal);
        return;
      } catch (error) {
        last = error;
      }
    }
  }

  /** One attempt, within its time. */
  #attempt(batch: Batch, signal: AbortSignal): Promise<void> | undefined {
    if (this.#policy.timeoutMs === Number.POSITIVE_INFINITY) {
      // Nobody but the caller gives it up, so the caller's signal will do.
      const result = this.#reporter.report(batch, { signal });
      return result === undefined ? undefined : Promise.resolve(result);
    }
    const attempt = this.#unused ?? new AbortController();
    this.#unused = undefined;
    const result = this.#reporter.report(batch, { signal: attempt.signal });
    if (result === undefined) {
      this.#unused = attempt;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const { timeoutMs } = this.#policy;
      const giveUp = () => {
        const error = new Error(`no answer within ${timeoutMs} ms`);
        attempt.abort(error);
        reject(error);
        settle();
      };
      const timer = setTimeout(giveUp, timeoutMs);
      // From there on the caller decides how long to wait.
      const onAbort = () => {
        clearTimeout(timer);
        attempt.abort(signal.reason);
      };
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort);
      Promise.resolve(result).then(resolve, reject).finally(settle);
    });
  }

  #delayMs(attempts: number, error: unknown): number {
    const asked = (error as Partial<ReportError> | undefined)?.retryAfterMs;
    const leastMs = typeof asked === 'number' && Number.isFinite(asked) ? asked : 0;
    return backoffMs(attempts, this.#policy, leastMs);
  }
}

/** Resolves after `ms`, or when the signal aborts. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}
