import type { Disk } from './disk.js';
import { type Damage, type Entry, isFinished, parse, type Size } from './record.js';
import { codeOf, type Patience } from './retry.js';
import { listSegments } from './segment.js';

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
  // An inspection retries nothing. What it cannot read is missing.
  const patience: Patience = {
    disk,
    signal: AbortSignal.abort(),
    onFailure: () => undefined,
    readAttempts: 1,
  };
  let before: Readonly<Size> | undefined;
  for (const [i, segment] of segments.entries()) {
    const { first, acks } = segment;
    try {
      await segment.load(patience);
      const end = segments[i + 1]?.first ?? Number.POSITIVE_INFINITY;
      const bytes = await segment.read(0, segment.size, patience);
      // Deleted since the list was made.
      if (bytes.length === 0 && segment.size > 0) continue;
      before = segment.before ?? before ?? { batches: first, logs: 0, bytes: 0 };
      const parsed = parse(bytes, { id: first, before, end, after: undefined, key: segment.key }, true);
      before = parsed.before;
      yield {
        waiting: parsed.entries.filter(({ id }) => !isFinished(acks.stateOf(id))),
        damage: parsed.damage.filter((missing) => {
          const until = missing.until ?? missing.first + 1;
          return acks.finished(missing.first, until) < until - missing.first;
        }),
      };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    } finally {
      segment.close();
    }
  }
}

/** Whether a folder is one of a spool. */
export function isSpool(disk: Disk, folder: string): boolean {
  return disk.list(folder).some((name) => /^(\d{16}\.log|lock\.\d+(\.[0-9a-z.]+)?)$/.test(name));
}
