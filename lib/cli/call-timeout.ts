import { MAX_WAIT_MS } from '../options.js';

/** A call has less time than the attempt that it belongs to, so that it fails with its own error. */
const CALL_TIMEOUT_SHARE = 0.8;

/** How long a call may take if an attempt may take so many seconds, in ms. */
export function callTimeoutMs(attemptSeconds: number): number {
  return Math.round(Math.min(attemptSeconds * 1000 * CALL_TIMEOUT_SHARE, MAX_WAIT_MS));
}
