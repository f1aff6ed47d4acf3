import { sleep } from '../abort.js';

export interface RetryLoopOptions {
  /** Ends the loop, also during a delay. */
  readonly signal: AbortSignal;
  /** How many attempts there are at most. Default: no limit. */
  readonly maxAttempts?: number;
  /** How long after the first attempt the last one may start, in ms. Default: no limit. */
  readonly maxElapsedMs?: number;
  /** The delay before the next attempt, in ms. `failures` counts from 1. */
  delayMs(failures: number, error: unknown): number;
  /** Whether another attempt is useless. Default: never. */
  isPermanent?(error: unknown): boolean;
  /** Called after each failure that will be followed by another attempt. */
  onRetry?(error: unknown, delayMs: number): void;
}

/**
 * Calls `attempt` until it succeeds, with a delay between the calls.
 *
 * @throws the last error: at once if it is permanent, otherwise when the attempts or the time are used up, or when the
 *   signal aborts. An attempt in progress is not interrupted: `attempt` may use the signal itself.
 */
export async function retry<T>(attempt: () => Promise<T>, options: RetryLoopOptions): Promise<T> {
  const started = performance.now();
  try {
    return await attempt();
  } catch (error) {
    return retryAfter({ started, error }, attempt, options);
  }
}

/** Like {@link retry}, after a first attempt that the caller made itself and that failed. */
export async function retryAfter<T>(
  first: { readonly started: number; readonly error: unknown },
  attempt: () => Promise<T>,
  options: RetryLoopOptions,
): Promise<T> {
  const { signal, maxAttempts = Number.POSITIVE_INFINITY, maxElapsedMs = Number.POSITIVE_INFINITY } = options;
  let { error } = first;
  for (let failures = 1; ; failures++) {
    const delayMs = options.delayMs(failures, error);
    const isLast = failures >= maxAttempts || performance.now() + delayMs - first.started > maxElapsedMs;
    if (isLast || signal.aborted || options.isPermanent?.(error)) throw error;
    options.onRetry?.(error, delayMs);
    await sleep(delayMs, signal);
    if (signal.aborted) throw error;
    try {
      return await attempt();
    } catch (next) {
      error = next;
    }
  }
}
