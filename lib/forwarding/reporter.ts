import type { LogBatch } from '../../codec/index.js';

/** Delivers batches to their destination. Any object with this method is a reporter. */
export interface Reporter<Batch = LogBatch> {
  /**
   * Delivers one batch. It succeeds by returning or resolving, and fails by throwing or rejecting, possibly with a
   * {@link ReportError}.
   *
   * @param batch May be kept as long as needed, but must not be changed.
   * @param options `signal` aborts when nobody waits for the result any more.
   */
  report(batch: Batch, options: { signal: AbortSignal }): Promise<void> | void | undefined;
  /** Releases the reporter's resources. The code that created the reporter calls this, never a `Forwarder`. */
  close?(): Promise<void>;
}

/** Hints about retries that a reporter may add to its error. */
export interface ReportError extends Error {
  /**
   * This batch will never be accepted: it is not retried, but dropped as `rejected`. Set it on each error that the batch
   * itself causes. Otherwise the batch is retried, and those behind it wait.
   */
  readonly permanent?: boolean;
  /** The reporter must not be called again before this time has passed, in ms. */
  readonly retryAfterMs?: number;
}

export function isPermanent(error: unknown): boolean {
  return (error as Partial<ReportError> | undefined)?.permanent === true;
}

/** How long to wait at least before the next attempt, in ms. A hint that is not a finite number is ignored. */
export function retryAfterMs(error: unknown): number {
  const hint = (error as Partial<ReportError> | undefined)?.retryAfterMs;
  return typeof hint === 'number' && Number.isFinite(hint) ? hint : 0;
}
