import { MAX_WAIT_MS } from '../options.js';

export interface Backoff {
  readonly initialDelayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  /** The longest delay that a failure may ask for. Default: {@link MAX_RETRY_AFTER_MS}. */
  readonly maxRetryAfterMs?: number | undefined;
}

/** The longest delay that a peer may ask for. A wrong one, or its wrong clock, must not end the forwarding for days. */
export const MAX_RETRY_AFTER_MS = 300_000;

/**
 * The delay after a number of consecutive failures, in ms. It is random, between 0 and a limit that grows
 * exponentially ("full jitter"), but never shorter than `retryAfterMs`, which is
 * limited, too.
 */
export function backoffMs(
  failures: number,
  { initialDelayMs, factor, maxDelayMs, maxRetryAfterMs = MAX_RETRY_AFTER_MS }: Backoff,
  retryAfterMs = 0,
): number {
  // Without this limit the growth becomes Infinity, and 0 × Infinity is NaN.
  const growth = Math.min(factor ** (failures - 1), Number.MAX_VALUE);
  const limit = Math.min(initialDelayMs * growth, maxDelayMs);
  const leastMs = Math.min(retryAfterMs, maxRetryAfterMs);
  return Math.min(Math.max(Math.random() * limit, leastMs), MAX_WAIT_MS);
}
