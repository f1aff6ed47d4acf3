import type { LogBatch } from '../../codec/index.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { SpoolQueue } from './queue.js';

/**
 * A reporter that notes on disk which batch is being processed, if the process before this one ended without closing
 * the spool. A batch that ends two more processes is set aside. Waiting for the answer of the reporter does not count:
 * the note is removed when `report()` returns its promise.
 *
 * @param queueOf The queue, once it is open.
 * @param ids Those of the batches that are stored in it.
 */
export function guarded(
  reporter: Reporter,
  queueOf: () => SpoolQueue | undefined,
  ids: ReadonlyMap<LogBatch, number>,
): Reporter {
  // Whoever uses it says that it is not a reporter.
  if (typeof reporter?.report !== 'function') return reporter;
  return {
    report(batch, options) {
      const queue = queueOf();
      const id = queue?.wasAbandoned === true ? ids.get(batch) : undefined;
      if (id !== undefined) queue?.mark(id);
      try {
        return reporter.report(batch, options);
      } finally {
        if (id !== undefined) queue?.unmark(id);
      }
    },
  };
}
