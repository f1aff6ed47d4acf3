import type { LogBatch } from '../../codec/index.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { SpoolQueue } from './queue.js';

/**
 * A reporter that notes on disk which batch is being processed, if the process before this one crashed. A batch that
 * ends two more processes is set aside: see docs/spool-format.md. Waiting for an answer does not count: the note is
 * removed when `report()` returns its promise.
 *
 * @param ids The id of each batch. If it is not a number, the batch is not stored yet.
 */
export function guardedReporter(
  reporter: Reporter,
  queueNow: () => SpoolQueue | undefined,
  ids: ReadonlyMap<LogBatch, unknown>,
): Reporter {
  // Whoever uses it says that it is not a reporter.
  if (typeof reporter?.report !== 'function') return reporter;
  return {
    report: (batch, options) => {
      const queue = queueNow();
      const id = queue?.isSuspicious ? ids.get(batch) : undefined;
      if (typeof id !== 'number') return reporter.report(batch, options);
      queue?.mark(id);
      try {
        return reporter.report(batch, options);
      } finally {
        queue?.unmark(id);
      }
    },
  };
}
