import type { RunForwarderOptions } from '../server/proxy-options.js';
import type { ServeOptions } from './configuration/serve-options.js';

/** How `serve` retries: times in seconds. */
export type RetryArguments = Pick<
  ServeOptions,
  Extract<keyof ServeOptions, `retry${string}` | `report${string}Timeout`> | 'maxRetryAfter'
>;

const REMOTE = ['coder', 'otlp', 'nats'];

/**
 * A line that was written cannot be withdrawn, so the proxy waits for a slow reader. An export has a timeout of its own, and
 * its batches may have to wait for the one before it.
 */
const UNTIMED = ['stdout', 'otlp'];

/** The retries that the arguments ask for. */
export function retryFrom(options: RetryArguments, reporter: string): RunForwarderOptions['retry'] {
  if (!options.retry) return false;
  const unlimited = Number.POSITIVE_INFINITY;
  // Usually an operator has to fix what a server refuses, so batches are kept as long as there is room.
  const elapsed = options.retryElapsed ?? (REMOTE.includes(reporter) ? unlimited : 300);
  return {
    initialDelayMs: options.retryInitialDelay * 1000,
    factor: options.retryFactor,
    maxDelayMs: options.retryMaxDelay * 1000,
    maxAttempts: options.retryAttempts,
    maxElapsedMs: elapsed * 1000,
    timeoutMs: UNTIMED.includes(reporter) ? unlimited : options.reportTimeout * 1000,
    maxTimeoutMs: options.reportMaxTimeout * 1000,
    maxRetryAfterMs: options.maxRetryAfter * 1000,
  };
}
