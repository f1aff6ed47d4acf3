import type { LogBatch, Reporter } from '../../lib/index.js';

/** Keeps what it is given. */
export function collector(): Reporter & { batches: LogBatch[] } {
  const batches: LogBatch[] = [];
  return { batches, report: (batch) => void batches.push(batch) };
}

/** Never answers, whatever it is told. */
export const silentReporter: Reporter = { report: () => new Promise(() => undefined) };
