import { HEADER, type Parsed, parse, type Size } from './record.js';
import type { Segment } from './segment.js';
import type { SegmentReader } from './segment-reader.js';

export interface Surveyed extends Parsed {
  /** Bytes at the end that a killed process did not finish writing. */
  readonly torn: number;
  /** There is something behind the last record that is not one. */
  readonly isTailBroken: boolean;
}

const NOTHING: Readonly<Size> = { batches: 0, logs: 0, bytes: 0 };

/**
 * What is in a segment, with headers, if that follows from its first header and from that of the next one, and all of
 * it waits.
 */
export function counted(segment: Segment): Size | undefined {
  const { first, end, before, after, hasHeader, hasStates } = segment;
  if (hasStates || !hasHeader || before === undefined || after === undefined) return undefined;
  const batches = after.batches - before.batches;
  const logs = after.logs - before.logs;
  const bytes = after.bytes - before.bytes;
  if (batches <= 0 || batches > end - first || logs < 0 || bytes < 0) return undefined;
  segment.left = end - first;
  return { batches, logs, bytes: bytes + batches * HEADER };
}

/** Reads a segment to know what is in it, and, if it is the last one, where it ends. */
export async function survey(segment: Segment, reader: SegmentReader): Promise<Surveyed> {
  const { first } = segment;
  const bytes = await reader.read(segment, 0, segment.size);
  segment.before ??= guess(bytes, segment);
  const { before, end, after, key } = segment;
  const parsed = parse(bytes, { id: first, before, end, after, key }, true);
  const { damage, at, stop } = parsed;
  segment.key = parsed.key;
  const isTailLost = damage.some(({ until }) => until === undefined);
  const torn = stop === 'torn' ? bytes.length - at : 0;
  let total = parsed.before;
  if (segment.end === Number.POSITIVE_INFINITY) {
    segment.size -= torn;
    segment.excess = torn;
    segment.end = parsed.id;
    if (isTailLost) {
      // No id that may be in the damaged bytes is used again.
      segment.end += Math.max(1, Math.floor((bytes.length - at) / HEADER));
      total = { ...total, batches: total.batches + 1 };
    }
  }
  segment.left = segment.end - first - segment.finished(first, segment.end);
  return { ...parsed, before: total, torn, isTailBroken: isTailLost };
}

/** What was appended before a segment of which nothing else tells: as if what is missing had no logs. */
function guess(bytes: Buffer, { first, end }: Segment): Readonly<Size> {
  const [entry] = parse(bytes, { id: first, before: NOTHING, end }, true).entries;
  if (entry === undefined || first === 0) return NOTHING;
  return { ...entry.before, batches: Math.max(0, entry.before.batches - (entry.id - first)) };
}
