import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';
import { examine, LOGS, messageOf } from './examine.js';
import { carve } from './record.js';
import { finishRepair, linkFiles, type Repaired, type RepairPaths, repair } from './repair.js';
import { isCorruption, isLocked, type Scan, Store } from './store.js';

/** Attempts to open that did not come to an end, by a kill or a crash, before it is done in another way. */
const ATTEMPTS = { plain: 2, repair: 4 };

export interface OpenStore {
  readonly store: Store;
  readonly scan: Scan;
  /** Closes the store and lets go of the folder. */
  close(): Promise<void>;
  /** The same for a store that may be broken. */
  abandon(): Promise<void>;
}

/**
 * Opens the store in a spool's folder, alone, and makes it a sound one.
 *
 * | in the folder | what |
 * |---|---|
 * | `store` | the LevelDB with the batches |
 * | `lock` | an empty LevelDB, open from before `store` is looked at until after it is closed |
 * | `before`, `work`, `repaired` | there while `store` is being opened or repaired |
 * | `attempts` | how often in a row it was not opened to the end |
 * | `taken` | what was removed last: see taken.ts |
 *
 * @throws ERR_SPOOL_IN_USE; else the errors of LevelDB and of the file system.
 */
export async function openStore(folder: string, logger: Logger): Promise<OpenStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await takeLock(folder);
  try {
    const { store, scan } = await openSound(folder, logger);
    const release = () => unlock().catch(() => undefined);
    return {
      store,
      scan,
      close: () => store.close().finally(() => store.abandon().then(release)),
      abandon: () => store.abandon().then(release),
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openSound(folder: string, logger: Logger): Promise<{ store: Store; scan: Scan }> {
  const paths: RepairPaths = {
    store: join(folder, 'store'),
    before: join(folder, 'before'),
    work: join(folder, 'work'),
    repaired: join(folder, 'repaired'),
    aside: `${folder}.damaged-${new Date().toISOString().replaceAll(':', '-')}`,
  };
  if ((await exists(paths.repaired)) && !(await exists(paths.store))) await finishRepair(paths);
  for (const path of [paths.work, paths.repaired]) await rm(path, { recursive: true, force: true });

  const counter = join(folder, 'attempts');
  const earlier = Number(await readFile(counter, 'utf8').catch(() => 0)) || 0;
  await writeFile(counter, String(earlier + 1));
  let opened = await attempt(paths, earlier, logger);
  // What a repair made and is not sound all the same is beyond it.
  opened ??= await attempt({ ...paths, aside: `${paths.aside}-2` }, ATTEMPTS.repair, logger);
  if (opened === undefined) throw new Error('the store cannot be made');
  for (const path of [paths.work, paths.before, counter]) await rm(path, { recursive: true, force: true });
  return opened;
}

/** @param earlier So many attempts before this one crashed. */
async function attempt(
  paths: RepairPaths,
  earlier: number,
  logger: Logger,
): Promise<{ store: Store; scan: Scan } | undefined> {
  let reason: string | undefined;
  if (earlier >= ATTEMPTS.plain) {
    reason = 'opening or repairing it did not come to a good end';
  } else {
    const opened = await openAsIs(paths);
    if (typeof opened !== 'string') return opened;
    reason = opened;
  }
  let repaired: Repaired = { kept: 0, missing: undefined };
  if (earlier >= ATTEMPTS.repair) await rename(paths.store, paths.aside).catch(ignoreMissing);
  else repaired = await repair(paths);
  await rm(paths.before, { recursive: true, force: true });
  logger.error({ reason, movedTo: paths.aside, ...repaired }, 'spool was damaged');
  const opened = await openAsIs(paths);
  return typeof opened === 'string' ? undefined : opened;
}

/** @returns why not, where it is damaged; the store is closed then. */
async function openAsIs(paths: RepairPaths): Promise<{ store: Store; scan: Scan } | string> {
  await mkdir(paths.store, { recursive: true, mode: 0o700 });
  await mkdir(paths.before, { recursive: true, mode: 0o700 });
  // Of an attempt that did not come to an end.
  await linkFiles(paths.before, paths.store, () => true);
  const { damage, unknown } = await examine(paths.store, paths.work);
  if (damage !== undefined) return damage;
  // LevelDB leaves out what it cannot read of a log, says nothing, and removes the log.
  await linkFiles(paths.store, paths.before, (name) => LOGS.test(name));
  // And it removes, or writes over, the tables that are not in its list.
  for (const file of unknown) await rename(join(paths.store, file), join(paths.before, file));
  let store: Store | undefined;
  try {
    store = await Store.open(paths.store);
    const scan = await store.scan();
    const reason = scan.damage ?? (await newerThan(scan, paths.before, unknown));
    if (reason === undefined) return { store, scan };
    await store.abandon();
    return reason;
  } catch (error) {
    await store?.abandon();
    if (!isCorruption(error)) throw error;
    return messageOf(error);
  }
}

/** Whether tables that are not in the list have what the store has not: then the list was cut. */
async function newerThan(
  { state, last }: Scan,
  folder: string,
  tables: string[],
): Promise<string | undefined> {
  const next = state?.next ?? last + 1;
  for (const table of tables) {
    for (const { id } of carve(await readFile(join(folder, table)))) {
      if (id >= next) return 'its list of files is not the newest';
    }
  }
  return undefined;
}

/** The folders that are open in this process. LevelDB's lock is lost when its own process tries it again. */
const held = new Set<string>();

/** @returns what lets go of it. */
async function takeLock(folder: string): Promise<() => Promise<void>> {
  const path = join(await realpath(folder), 'lock');
  if (held.has(path)) throw inUse(folder);
  held.add(path);
  try {
    const lock = await openLock(path);
    return () => lock.close().finally(() => held.delete(path));
  } catch (error) {
    held.delete(path);
    throw isLocked(error) ? inUse(folder, error) : error;
  }
}

async function openLock(path: string): Promise<ClassicLevel> {
  for (let first = true; ; first = false) {
    const lock = new ClassicLevel(path, { cacheSize: 0, writeBufferSize: 65_536 });
    try {
      await lock.open();
      return lock;
    } catch (error) {
      await lock.close();
      // There is nothing in it.
      if (isLocked(error) || !first || !isCorruption(error)) throw error;
      await rm(path, { recursive: true, force: true });
    }
  }
}

function inUse(folder: string, cause?: unknown): BoundaryLogError {
  const message = `the spool ${folder} is in use: another one has it open`;
  return new BoundaryLogError('ERR_SPOOL_IN_USE', message, { cause });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
