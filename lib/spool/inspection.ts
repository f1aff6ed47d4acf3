import { isFinished } from './acks.js';
import type { Disk } from './disk.js';
import { type Damage, type Entry, parse, type Size } from './record.js';
import { listSegments, type Segment } from './segment.js';
import { SegmentReader } from './segment-reader.js';

/** What one segment contains. */
export interface Inspected {
  /** The batches that wait to be delivered. */
  readonly waiting: Entry[];
  /** The missing ids that are not reported yet. */
  readonly damage: Damage[];
}

/**
 * Reads a spool segment by segment, without locking it and without writing: also on a read-only disk, and while a
 * proxy uses it. What that proxy deletes meanwhile is left out.
 *
 * @throws the errors of the file system.
 */
export async function* inspect(disk: Disk, folder: string): AsyncGenerator<Inspected> {
  const { segments } = listSegments(disk, folder);
  // An inspection does not retry read errors.
  const reader = new SegmentReader(disk, AbortSignal.abort(), () => undefined, 1);
  let before: Readonly<Size> | undefined;
  try {
    for (const [i, segment] of segments.entries()) {
      if (!isThere(segment)) continue;
      const { first } = segment;
      const end = segments[i + 1]?.first ?? Number.POSITIVE_INFINITY;
      const bytes = await reader.read(segment, 0, segment.size);
      // Deleted since the list was made.
      if (bytes.length === 0 && segment.size > 0) continue;
      before = segment.before ?? before ?? { batches: first, logs: 0, bytes: 0 };
      const parsed = parse(bytes, { id: first, before, end, after: undefined, key: segment.key }, true);
      before = parsed.before;
      yield {
        waiting: parsed.entries.filter(({ id }) => !isFinished(segment.stateOf(id))),
        damage: parsed.damage.filter((missing) => {
          const until = missing.until ?? missing.first + 1;
          return segment.finished(missing.first, until) < until - missing.first;
        }),
      };
    }
  } finally {
    reader.leave();
  }
}

/** Whether a folder is one of a spool. */
export function isSpool(disk: Disk, folder: string): boolean {
  return disk.list(folder).some((name) => /^(\d{16}\.log|lock\.\d+(\.released)?)$/.test(name));
}

function isThere(segment: Segment): boolean {
  try {
    segment.load();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
