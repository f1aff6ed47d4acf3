import { isRecord } from '../../codec/argument.js';
import { milliseconds, type OptionTable, orInfinity, wholeNumber } from '../options.js';
import { MAX_RETRY_AFTER_MS } from './backoff.js';

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
  /**
   * Upper limit of `timeoutMs`, which doubles after each attempt that took too long, in ms. It returns to its own value
   * when an attempt succeeds within that. Default: `300000`.
   */
  maxTimeoutMs?: number | undefined;
  /**
   * Upper limit of the delay that an error asks for with `retryAfterMs`, in ms. Default: `300000`.
   */
  maxRetryAfterMs?: number | undefined;
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
  maxTimeoutMs: {
    ...milliseconds({ min: 1 }),
    default: 300_000,
    doc: 'Upper limit of `timeoutMs`, which doubles after each attempt that took too long, in ms',
  },
  maxRetryAfterMs: {
    ...milliseconds({ min: 0 }),
    default: MAX_RETRY_AFTER_MS,
    doc: 'Upper limit of the delay that an error asks for with `retryAfterMs`, in ms',
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
