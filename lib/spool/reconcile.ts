import type { OpenStore } from './open-store.js';
import { isRemoved, type Size } from './record.js';
import type { Segments } from './segments.js';

/** What a Spool knows of its store. */
export interface Knowledge {
  readonly next: number;
  /** What is below this id and not removed was read: whoever read it has it. */
  readonly cursor: number;
  readonly size: Readonly<Size>;
  readonly segments: Segments;
}

/**
 * Makes a store that was opened anew agree with what its Spool answered for: takes out of it what a failed
 * write left there, and what had been removed and was brought back by a repair.
 *
 * @returns what the store holds then, and what is gone of what nobody has read.
 */
export async function reconcile(
  { store, scan }: OpenStore,
  { next, cursor, size, segments: known }: Knowledge,
): Promise<{ size: Size; lost: Size }> {
  const { state, segments } = scan;
  const lost: Size = { batches: 0, logs: 0, bytes: 0 };
  const found: Size = { batches: 0, logs: 0, bytes: 0 };
  const isAsKnown =
    state?.next === next && scan.size.batches === size.batches && scan.size.bytes === size.bytes;
  // Of those that were read the amounts are known, and go on being so.
  const read: Size = { batches: 0, logs: 0, bytes: 0 };
  for (const old of known) {
    for (let id = old.id; id < Math.min(old.end, cursor); id++) {
      if (old.isRemoved(id)) continue;
      const amount = { batches: 1, logs: old.countOf(id), bytes: old.bytesOf(id) };
      add(read, amount, 1);
      segments.find(id)?.setAmount(id, amount.logs, amount.bytes);
    }
  }
  if (isAsKnown) return { size: scan.size, lost };
  add(lost, size, 1);
  add(lost, read, -1);
  const removed = segments.removed(scan.last + 1);
  const excess: number[] = [];
  const emptied = new Set<number>();
  for await (const { id, count, raw } of store.entries(0, scan.last + 1)) {
    if (isRemoved(removed, id)) continue;
    const segment = segments.find(id);
    if (id >= next || !known.holds(id)) {
      if (segment === undefined || !segments.mark(segment, id)) continue;
      excess.push(id);
      if (segment.left === 0) emptied.add(segment.id);
      continue;
    }
    const amount = { batches: 1, logs: count, bytes: raw.length };
    add(found, amount, 1);
    if (id >= cursor) add(lost, amount, -1);
  }
  await store.write([], emptied, { next, ...segments.removed(next), size: found }, true);
  segments.commit(excess);
  return { size: found, lost };
}

function add(size: Size, { batches, logs, bytes }: Readonly<Size>, sign: 1 | -1): void {
  size.batches += sign * batches;
  size.logs += sign * logs;
  size.bytes += sign * bytes;
}
