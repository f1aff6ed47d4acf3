import { type Damage, decodeHeader, grow, HEADER, isFinished, parse, type Size, sizeOf } from './record.js';
import type { Patience } from './retry.js';
import type { Segment } from './segment.js';

/** What is in a segment. */
export interface Surveyed {
  /** What waits, with headers. */
  readonly waiting: Readonly<Size>;
  readonly damage: readonly Damage[];
  /** What was appended to the spool up to its end. */
  readonly after: Readonly<Size> | undefined;
  /** Bytes at the end that a killed process did not finish writing. */
  readonly torn: number;
}

const NOTHING: Readonly<Size> = { batches: 0, logs: 0, bytes: 0 };

/**
 * Finds out what waits in a loaded segment, and where it ends, if it is the last one. It is read only if that does not
 * follow from its first header, from that of the next one, and from the `.acked` file.
 */
export async function survey(segment: Segment, patience: Patience): Promise<Surveyed> {
  const { first, end, after, acks } = segment;
  const isLast = end === Number.POSITIVE_INFINITY;
  const waiting = isFinishedTo(segment) ? NOTHING : counted(segment);
  if (waiting !== undefined) {
    acks.left = end - first - acks.finished(first, end);
    return { waiting, damage: [], after, torn: 0 };
  }
  const bytes = await segment.read(0, segment.size, patience);
  segment.before ??= guess(bytes, segment);
  const { before, key } = segment;
  const { entries, damage, at, stop, ...parsed } = parse(bytes, { id: first, before, end, after, key }, true);
  segment.key = parsed.key;
  const size = { ...NOTHING };
  for (const entry of entries) if (!isFinished(acks.stateOf(entry.id))) grow(size, sizeOf(entry), 1);
  if (isLast) {
    const unknown = unknownIds(segment, parsed.id, bytes.length - (stop === 'torn' ? bytes.length : at));
    segment.end = parsed.id + unknown;
    const isKnown = unknown === 0 || damage.some(({ until }) => until === undefined);
    if (!isKnown)
      damage.push({ first: parsed.id, until: undefined, lost: undefined, from: at, to: bytes.length });
    if (unknown > 0) parsed.before = { ...parsed.before, batches: parsed.before.batches + 1 };
  }
  acks.left = segment.end - first - acks.finished(first, segment.end);
  return { waiting: size, damage, after: parsed.before, torn: stop === 'torn' ? bytes.length - at : 0 };
}

/** How many ids after the last record of a spool may have been used: they are not used again. */
function unknownIds({ first, size, isPinned, acks }: Segment, next: number, damaged: number): number {
  // Not even its length can be read.
  if (isPinned && size === 0) return Math.max(1, acks.capacity);
  const records = damaged > 0 ? Math.max(1, Math.floor(damaged / HEADER)) : 0;
  return Math.max(records, first + acks.ids - next);
}

function isFinishedTo({ first, end, acks }: Segment): boolean {
  return acks.finished(first, end) === end - first;
}

/** What is in a segment, if that follows from the totals in two headers, and all of it waits. */
function counted({ first, end, before, after, key, acks }: Segment): Size | undefined {
  if (acks.hasStates || key === undefined || before === undefined || after === undefined) return undefined;
  const batches = after.batches - before.batches;
  const logs = after.logs - before.logs;
  const bytes = after.bytes - before.bytes;
  if (batches <= 0 || batches > end - first || logs < 0 || bytes < 0) return undefined;
  return { batches, logs, bytes: bytes + batches * HEADER };
}

/** What was appended before a segment of which nothing else tells: as if what is missing had no logs. */
function guess(bytes: Buffer, { first, end }: Segment): Readonly<Size> {
  const [entry] = parse(bytes, { id: first, before: NOTHING, end }, true).entries;
  if (entry === undefined || first === 0) return NOTHING;
  const before = decodeHeader(bytes, entry.raw.byteOffset - bytes.byteOffset - HEADER)?.before ?? NOTHING;
  return { ...before, batches: Math.max(0, before.batches - (entry.id - first)) };
}
