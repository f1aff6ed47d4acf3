import type { OpenStore } from './open-store.js';
import { MAX_ID, type Size } from './record.js';

/** What a Spool knows of its store. */
export interface Knowledge {
  readonly next: number;
  readonly cursor: number;
  readonly size: Readonly<Size>;
  /** Read and not removed. */
  readonly outstanding: Map<number, unknown>;
}

/**
 * Makes a store that was opened anew agree with what its Spool answered for: takes out of it what a failed
 * write left there, and what had been removed and was brought back by a repair.
 *
 * @returns what the store holds then, and how many batches that it should hold are gone.
 */
export async function reconcile(
  { store, scan }: OpenStore,
  { next, cursor, size, outstanding }: Knowledge,
): Promise<{ size: Size; lost: number }> {
  const isAsKnown =
    scan.state?.next === next && scan.size.batches === size.batches && scan.size.bytes === size.bytes;
  if (isAsKnown) return { size: scan.size, lost: 0 };
  const found: Size = { batches: 0, logs: 0, bytes: 0 };
  const excess: number[] = [];
  const present = new Set<number>();
  for await (const { id, count, raw } of store.entries(0, MAX_ID)) {
    if (id >= next || (id < cursor && !outstanding.has(id))) {
      excess.push(id);
      continue;
    }
    if (id < cursor) present.add(id);
    found.batches += 1;
    found.logs += count;
    found.bytes += raw.length;
  }
  await store.write([], excess, { next, first: 0, size: found }, true);
  for (const id of outstanding.keys()) if (!present.has(id)) outstanding.delete(id);
  return { size: found, lost: Math.max(0, size.batches - found.batches) };
}
