import { MAX_WAIT_MS } from '../options.js';

export interface Backoff {
  readonly initialDelayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
}

/**
 * How long to wait after so many failures in a row, in ms: of random length up to what the wait has grown to
 * (full jitter), but not shorter than `leastMs`.
 */
export function backoffMs(
  failures: number,
  { initialDelayMs, factor, maxDelayMs }: Backoff,
  leastMs = 0,
): number {
  // Nothing times infinity is no number.
  const growth = Math.min(factor ** (failures - 1), Number.MAX_VALUE);
  const grown = Math.min(initialDelayMs * growth, maxDelayMs);
  return Math.min(Math.max(Math.random() * grown, leastMs), MAX_WAIT_MS);
}
