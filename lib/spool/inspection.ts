import type { Disk } from './disk.js';
import { codeOf, type Patience } from './files.js';
import { type Damage, type Entry, grow, HEADER, isFinished, NOTHING, type Size, sizeOf } from './record.js';
import { listSegments, type Segment } from './segment.js';

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
  // An inspection retries nothing. What it cannot read is missing.
  const signal = AbortSignal.abort();
  const patience: Patience = { disk, signal, onFailure: () => undefined, readAttempts: 1 };
  let before: Readonly<Size> | undefined;
  for (const segment of listSegments(patience, folder).segments) {
    try {
      await segment.load();
      segment.before ??= before;
      const scanned = await segment.scan();
      // Deleted since the list was made.
      if (scanned.length === 0 && segment.size > 0) continue;
      before = scanned.before;
      const waiting = scanned.entries.filter(({ id }) => !isFinished(segment.acks.stateOf(id)));
      const damage = scanned.damage.filter(({ first, until = first + 1 }) => {
        return segment.acks.finished(first, until) < until - first;
      });
      yield { waiting, damage };
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

/** What is in a segment. */
export interface Surveyed {
  /** What waits, with headers, and what is missing and not reported yet. */
  readonly waiting: Readonly<Size>;
  readonly damage: readonly Damage[];
  /** What was appended to the spool up to its end. */
  readonly after: Readonly<Size> | undefined;
  /** Bytes at the end that a killed process did not finish writing. */
  readonly torn: number;
}

/**
 * Finds out what waits in a loaded segment, and where it ends, if it is the last one. It is read only if that does not
 * follow from its first header, from that of the next one, and from the `.acked` file.
 */
export async function survey(segment: Segment): Promise<Surveyed> {
  const counted = segment.left === 0 ? NOTHING : count(segment);
  if (counted !== undefined) return { waiting: counted, damage: [], after: segment.after, torn: 0 };
  const { entries, damage, id, at, stop, length, ...scanned } = await segment.scan();
  const torn = stop === 'torn' ? length - at : 0;
  const after = { ...scanned.before };
  if (segment.end === Number.POSITIVE_INFINITY) {
    segment.end = id + unknownIds(segment, id, length - at - torn);
    if (segment.end > id) after.batches += 1;
    if (segment.end > id && !damage.some(({ until }) => until === undefined))
      damage.push({ first: id, until: undefined, lost: undefined, from: at, to: length });
  }
  const waiting = { ...NOTHING };
  for (const entry of entries)
    if (!isFinished(segment.acks.stateOf(entry.id))) grow(waiting, sizeOf(entry), 1);
  for (const missing of damage) grow(waiting, lossOf(segment, missing), 1);
  return { waiting, damage, after, torn };
}

/** The part of a damaged range that was not delivered before, with headers: an estimate if something was. */
export function lossOf({ end, acks }: Segment, { first, until, lost }: Damage): Readonly<Size> {
  const all = (until ?? end) - first;
  const waiting = all - acks.finished(first, first + all);
  // Bytes may be damaged between two records of which none is missing.
  if (waiting === 0) return NOTHING;
  // At the end of a spool nothing tells how many there were: at least one.
  const { batches, logs, bytes } = lost ?? { batches: until === undefined ? 1 : waiting, logs: 0, bytes: 0 };
  const part = (n: number) => Math.round((n * waiting) / all);
  return { batches: part(batches), logs: part(logs), bytes: part(bytes) + part(batches) * HEADER };
}

/** How many ids after the last record of a spool may have been used: they are not used again. */
function unknownIds({ first, size, isPinned, acks }: Segment, next: number, damaged: number): number {
  // Not even its length can be read.
  if (isPinned && size === 0) return Math.max(1, acks.capacity);
  const records = damaged > 0 ? Math.max(1, Math.floor(damaged / HEADER)) : 0;
  return Math.max(records, first + acks.ids - next);
}

/** What is in a segment, if that follows from the totals in two headers, and all of it waits. */
function count({ first, end, before, after, key, acks }: Segment): Size | undefined {
  if (acks.hasStates || key === undefined || before === undefined || after === undefined) return undefined;
  const batches = after.batches - before.batches;
  const logs = after.logs - before.logs;
  const bytes = after.bytes - before.bytes;
  if (batches <= 0 || batches > end - first || logs < 0 || bytes < 0) return undefined;
  return { batches, logs, bytes: bytes + batches * HEADER };
}
