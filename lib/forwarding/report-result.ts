import type { Batch, ReportResult } from '../batch.js';

/**
 * The part of a report that was rejected; undefined if nothing was. A reporter may resolve to anything.
 *
 * @param logs How many logs the report had.
 */
export function rejectedOf(result: unknown, logs: number): ReportResult | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  try {
    const { rejectedLogs, error } = result as ReportResult;
    if (!Number.isSafeInteger(rejectedLogs) || rejectedLogs <= 0 || logs === 0) return undefined;
    return { rejectedLogs: Math.min(rejectedLogs, logs), error };
  } catch {
    return undefined;
  }
}

/**
 * Divides what was rejected of a report among its batches, for each of them in turn. Nobody knows which logs it was: only
 * the sum is exact, and no batch has more of it than logs.
 */
export function divided(result: unknown): (batch: Batch) => ReportResult | undefined {
  const all = rejectedOf(result, Number.MAX_SAFE_INTEGER);
  let left = all?.rejectedLogs ?? 0;
  return ({ count }) => {
    const part = rejectedOf({ ...all, rejectedLogs: left }, count);
    left -= part?.rejectedLogs ?? 0;
    return part;
  };
}
