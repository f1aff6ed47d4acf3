import type { LogBatch, Reporter } from '../../lib/index.js';

/** Records the batches that it receives. */
export function collector(): Reporter & { batches: LogBatch[] } {
  const batches: LogBatch[] = [];
  return { batches, report: (batch) => void batches.push(batch) };
}

/** Never answers, even when its signal aborts. */
export const silentReporter: Reporter = { report: () => new Promise(() => undefined) };
