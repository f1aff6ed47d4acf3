import type { LogBatch } from '../../codec/index.js';
import { partsOf } from '../forwarding/combination.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { SpoolQueue } from './queue.js';

/**
 * A reporter that marks the batches that another one is processing, if the process before this one crashed. A combined
 * batch marks each batch that it consists of.
 *
 * @param idOf The id of a batch; anything but a number if it is not stored.
 */
export function guardedReporter(
  reporter: Reporter,
  queue: () => Pick<SpoolQueue, 'isSuspicious' | 'mark' | 'unmark'> | undefined,
  idOf: (batch: LogBatch) => unknown,
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
      const ids = partsOf(batch)
        .map(idOf)
        .filter((id) => typeof id === 'number');
      for (const id of ids) spool.mark(id);
      try {
        return reporter.report(batch, options);
      } finally {
        for (const id of ids) spool.unmark(id);
      }
    },
  };
}
