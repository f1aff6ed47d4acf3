import type { Change } from './group-writer.js';
import { cut, type Entry, encodeSegment, type Size } from './record.js';
import type { Segment, Segments } from './segments.js';
import { corruption, type Store } from './store.js';

/**
 * Makes segments of what is to be stored, says in each change which ids it has, and adds it to the size.
 *
 * @returns the segments, and the id after the last one.
 */
export function encode(
  changes: readonly Change[],
  first: number,
  size: Size,
): { puts: { id: number; batches: number; value: Buffer }[]; next: number } {
  const time = Date.now();
  let next = first;
  for (const change of changes) {
    change.first = next;
    next += change.batches?.length ?? 0;
  }
  const puts: { id: number; batches: number; value: Buffer }[] = [];
  let id = first;
  for (const part of cut(changes.flatMap(({ batches }) => batches ?? []))) {
    puts.push({ id, batches: part.length, value: encodeSegment(id, part, () => time) });
    id += part.length;
    size.batches += part.length;
    for (const { count, raw } of part) {
      size.logs += count;
      size.bytes += raw.length;
    }
  }
  return { puts, next };
}

/** The batches of a segment, whose amounts are known then; none where it was removed in the meantime. */
export async function load(store: Store, segments: Segments, segment: Segment): Promise<Entry[]> {
  const entries = await store.get(segment.id);
  if (entries === undefined && segments.has(segment)) throw corruption(`segment ${segment.id} is missing`);
  for (const { id, count, raw } of entries ?? []) segment.setAmount(id, count, raw.length);
  return entries ?? [];
}

/**
 * Marks what is to be removed, and takes it from the size.
 *
 * @param marked Is given the ids of the stored ones, each once.
 * @returns the segments of which nothing is left.
 */
export async function mark(
  store: Store,
  segments: Segments,
  changes: readonly Change[],
  marked: number[],
  size: Size,
): Promise<Set<number>> {
  const emptied = new Set<number>();
  let segment: Segment | undefined;
  for (const { ids = [] } of changes) {
    for (const id of ids) {
      if (!Number.isSafeInteger(id)) continue;
      if (segment === undefined || id < segment.id || id >= segment.end) segment = segments.find(id);
      if (segment === undefined) continue;
      // One that was not read.
      if (segment.bytesOf(id) < 0) await load(store, segments, segment);
      if (!segments.mark(segment, id)) continue;
      marked.push(id);
      size.batches -= 1;
      size.logs -= segment.countOf(id);
      size.bytes -= segment.bytesOf(id);
      if (segment.left === 0) emptied.add(segment.id);
    }
  }
  return emptied;
}
