import type { LogBatch, Reporter } from '../../lib/index.js';

/** A reporter that collects its batches. */
export function collector(): Reporter & { batches: LogBatch[] } {
  const batches: LogBatch[] = [];
  return { batches, report: (batch) => void batches.push(batch) };
}

/** A reporter that never completes, and ignores its signal. */
export const silentReporter: Reporter = { report: () => new Promise(() => undefined) };
