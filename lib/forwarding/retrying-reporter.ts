import type { LogBatch } from '../../codec/index.js';
import { MAX_WAIT_MS, type OptionCheck, type OptionTable, wholeNumber } from '../options.js';
import { backoffMs } from './backoff.js';
import type { Reporter } from './reporter.js';

/** Options of retries: how long to wait, and when to give up. */
export interface RetryOptions {
  /** Longest wait before the first retry, in ms. Default 1000. */
  initialDelayMs?: number | undefined;
  /** By how much the longest wait grows from retry to retry. Default 2. */
  factor?: number | undefined;
  /** Beyond this it does not grow, in ms. Default 30000. */
  maxDelayMs?: number | undefined;
  /** How often a batch is tried at most. Default: without end, as long as `maxElapsedMs` allows. */
  maxAttempts?: number | undefined;
  /** For how long a batch is tried, in ms from its first attempt. Default 300000; without end with a spool. */
  maxElapsedMs?: number | undefined;
  /** How long one attempt may take, in ms; Infinity for a reporter that cannot give one up. Default 10000. */
  timeoutMs?: number | undefined;
}

const unlimited = (value: unknown) => value === Number.POSITIVE_INFINITY;
const orWithoutEnd = (min: number, max?: number) => {
  const { takes, accepts } = wholeNumber(max === undefined ? { min } : { min, max });
  return { takes: `${takes}, or Infinity`, accepts: (value: unknown) => unlimited(value) || accepts(value) };
};

export const RETRY_OPTIONS: OptionTable<RetryOptions> = {
  initialDelayMs: wholeNumber({ min: 0, max: MAX_WAIT_MS }),
  factor: {
    takes: 'a number of at least 1',
    accepts: (value) => typeof value === 'number' && value >= 1 && Number.isFinite(value),
  },
  maxDelayMs: wholeNumber({ min: 0, max: MAX_WAIT_MS }),
  maxAttempts: orWithoutEnd(1),
  maxElapsedMs: orWithoutEnd(0),
  timeoutMs: orWithoutEnd(1, MAX_WAIT_MS),
};

/** The option of those who take a policy. */
export const RETRY_OPTION: OptionCheck = {
  takes: 'an object of retry options, or false',
  accepts: (value) => value === false || (typeof value === 'object' && value !== null),
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
  readonly #policy: Required<{ [K in keyof RetryOptions]: number }>;
  readonly #onRetry: (error: unknown) => void;
  /** Of a report that was done at once: the next one may have it. */
  #unused: AbortController | undefined;

  /** @param onRetry Told of each attempt that failed and will be followed by another. */
  constructor(reporter: Reporter<Batch>, options: RetryOptions, onRetry: (error: unknown) => void) {
    this.#reporter = reporter;
    this.#policy = {
      initialDelayMs: options.initialDelayMs ?? 1000,
      factor: options.factor ?? 2,
      maxDelayMs: options.maxDelayMs ?? 30_000,
      maxAttempts: options.maxAttempts ?? Number.POSITIVE_INFINITY,
      maxElapsedMs: options.maxElapsedMs ?? 300_000,
      timeoutMs: options.timeoutMs ?? 10_000,
    };
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
    if (unlimited(this.#policy.timeoutMs)) {
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
