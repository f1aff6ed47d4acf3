import type { LogBatch } from '../../codec/index.js';

/** Whoever takes batches in the end. Own ones need to extend nothing. */
export interface Reporter<Batch = LogBatch> {
  /**
   * Takes one batch. Done when it returns, or when its promise resolves; failed when it throws or rejects.
   *
   * @param batch To be kept as long as needed, not to be changed.
   * @param options `signal` aborts when the result is no longer waited for.
   */
  report(batch: Batch, options: { signal: AbortSignal }): Promise<void> | void | undefined;
  /** Lets go of what the reporter holds. Called by whoever made it, never by a Forwarder. */
  close?(): Promise<void>;
}
