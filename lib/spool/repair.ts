import { copyFile, link, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { LOGS, TABLES } from './examine.js';
import { carve, cut, type Entry, encodeSegment, isRemoved, type State } from './record.js';
import { Store } from './store.js';
import { isIntactTable } from './table-check.js';

/** The folders that a repair goes by. All of them are on one file system. */
export interface RepairPaths {
  /** Of the damaged store, which is closed. */
  readonly store: string;
  /** Files that the store had before it was opened, and may have no more. */
  readonly before: string;
  /** Where the work is done. Whatever is there is removed. */
  readonly work: string;
  /** Where the repaired store is put when it is complete. */
  readonly repaired: string;
  /** Where the damaged one is moved. */
  readonly aside: string;
}

/** What a repair kept. */
export interface Repaired {
  readonly kept: number;
  /** How many batches are missing, as far as it can be told; undefined where it cannot. */
  readonly missing: number | undefined;
}

const GROUP = 200;

/**
 * Makes a store of all that can be read of a damaged one, and moves that one aside.
 *
 * LevelDB's own repair is let loose on links to the files, which it does not write to; not on tables with
 * damaged blocks, which it may crash at. What it gives is copied into a new store as far as it is intact, and
 * so is what can be found in the bytes of the damaged tables.
 *
 * A kill at any moment leaves either the damaged store where it is or a complete repaired one, which
 * {@link finishRepair} then puts in its place.
 */
export async function repair(paths: RepairPaths): Promise<Repaired> {
  const { store, before, work } = paths;
  await rm(work, { recursive: true, force: true });
  const linked = join(work, 'linked');
  await mkdir(linked, { recursive: true, mode: 0o700 });
  await linkFiles(before, store, () => true);
  const damaged = await damagedTables(store);
  const isFit = (name: string) => TABLES.test(name) && !damaged.includes(join(store, name));
  await linkFiles(store, linked, (name) => LOGS.test(name) || isFit(name));
  if ((await readdir(linked)).length > 0) await ClassicLevel.repair(linked);
  await rm(join(linked, 'lost'), { recursive: true, force: true });

  const salvaged = await Store.open(linked);
  const scan = await salvaged.scan();
  // All that it should hold is there: of what else is found, only the newer was not removed.
  const carveFrom = scan.damage === undefined ? (scan.state?.next ?? 0) : 0;
  const { kept, next } = await copyIntact(salvaged, damaged, carveFrom, join(work, 'copied'), scan.state);
  await salvaged.abandon();
  await rename(join(work, 'copied'), paths.repaired);
  await rename(store, paths.aside);
  await finishRepair(paths);
  const { state } = scan;
  const isKnown = state !== undefined && state.next === next;
  return { kept, missing: isKnown ? Math.max(0, state.size.batches - kept) : undefined };
}

/** The paths of the tables in a folder that have damaged blocks. */
async function damagedTables(folder: string): Promise<string[]> {
  const damaged: string[] = [];
  for (const file of await readdir(folder)) {
    const path = join(folder, file);
    if (TABLES.test(file) && !(await isIntactTable(path))) damaged.push(path);
  }
  return damaged;
}

/** The last step of a repair, also of one that was cut short before it. */
export async function finishRepair({ store, repaired }: RepairPaths): Promise<void> {
  await rename(repaired, store);
}

/** Makes hard links, or copies where there can be none. What is there already is left. */
export async function linkFiles(
  from: string,
  to: string,
  isWanted: (name: string) => boolean,
): Promise<void> {
  const files = await readdir(from).catch(() => []);
  for (const file of files.filter(isWanted)) {
    const target = join(to, file);
    await link(join(from, file), target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') await copyFile(join(from, file), target);
    });
  }
}

/** A new store with the intact entries that were not removed, synced. */
async function copyIntact(
  from: Store,
  damagedTables: readonly string[],
  carveFrom: number,
  path: string,
  state: State | undefined,
): Promise<{ kept: number; next: number }> {
  const to = await Store.open(path);
  const removed = state ?? { first: 0, gone: [] };
  const size = { batches: 0, logs: 0, bytes: 0 };
  const ids = new Set<number>();
  let next = state?.next ?? 0;
  let group: Entry[] = [];
  const flush = async (sync: boolean) => {
    const puts = runs(group).flatMap((run) =>
      [...cut(run)].map((part) => {
        const [{ id }] = part as [Entry];
        return { id, value: encodeSegment(id, part, (i) => (part[i] as Entry).time.getTime()) };
      }),
    );
    group = [];
    await to.write(puts, [], { next, first: removed.first, gone: [], size }, sync);
  };
  const copy = async (entry: Entry) => {
    // What was removed may be there again by the loss of what said so.
    if (isRemoved(removed, entry.id) || ids.has(entry.id)) return;
    ids.add(entry.id);
    next = Math.max(next, entry.id + 1);
    size.batches += 1;
    size.logs += entry.count;
    size.bytes += entry.raw.length;
    group.push(entry);
    if (group.length === GROUP) await flush(false);
  };
  await from.scan(copy);
  for (const table of damagedTables) {
    for (const entry of carve(await readFile(table))) if (entry.id >= carveFrom) await copy(entry);
  }
  await flush(true);
  await to.close();
  return { kept: size.batches, next };
}

/** Entries with ids that follow each other. */
function runs(entries: readonly Entry[]): Entry[][] {
  const found: Entry[][] = [];
  for (const entry of entries) {
    const run = found.at(-1);
    if (run?.at(-1)?.id === entry.id - 1) run.push(entry);
    else found.push([entry]);
  }
  return found;
}
