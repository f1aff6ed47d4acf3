import type { LogBatch } from '../../codec/index.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { SpoolQueue } from './queue.js';

/**
 * A reporter that notes on disk which batch is being processed, if the process before this one ended without closing
 * the spool. A batch that ends two more processes is set aside. Waiting for the answer of the reporter does not count:
 * the note is removed when `report()` returns its promise.
 *
 * @param find Where the batch is stored; undefined if nothing is to be noted.
 */
export function guarded(
  reporter: Reporter,
  find: (batch: LogBatch) => { queue: SpoolQueue; id: number } | undefined,
): Reporter {
  // Whoever uses it says that it is not a reporter.
  if (typeof reporter?.report !== 'function') return reporter;
  return {
    report(batch, options) {
      const place = find(batch);
      place?.queue.mark(place.id);
      try {
        return reporter.report(batch, options);
      } finally {
        place?.queue.unmark(place.id);
      }
    },
  };
}
