import type { LogBatch } from '../../codec/index.js';
import { partsOf } from '../forwarding/combination.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { SpoolQueue } from './queue.js';

/**
 * A reporter that notes on disk which batch is being processed, if the process before this one crashed. A batch that
 * ends two more processes is set aside: see docs/spool-format.md. Waiting for an answer does not count: the note is
 * removed when `report()` returns its promise. If several batches were combined, the note is about each of them, and
 * those that have one after the next start are reported alone.
 *
 * @param ids The id of each batch; anything but a number if it is not stored.
 */
export function guardedReporter(
  reporter: Reporter,
  queue: () => Pick<SpoolQueue, 'isSuspicious' | 'mark' | 'unmark'> | undefined,
  ids: ReadonlyMap<LogBatch, unknown>,
): Reporter {
  // Whoever uses it says that it is not a reporter.
  if (typeof reporter?.report !== 'function') return reporter;
  const { coalesce, keepsOrder, logsOutages } = reporter;
  return {
    coalesce,
    keepsOrder,
    logsOutages,
    report: (batch, options) => {
      const spool = queue();
      if (!spool?.isSuspicious) return reporter.report(batch, options);
      const stored = partsOf(batch)
        .map((part) => ids.get(part))
        .filter((id) => typeof id === 'number');
      for (const id of stored) spool.mark(id);
      try {
        return reporter.report(batch, options);
      } finally {
        for (const id of stored) spool.unmark(id);
      }
    },
  };
}
