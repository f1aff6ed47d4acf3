import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { causes } from './causes.js';
import { isCorruption } from './store.js';
import { isIntactTable } from './table-check.js';

/** The names of LevelDB's log and table files. */
export const LOGS = /^\d+\.log$/;
export const TABLES = /^\d+\.(ldb|sst)$/;

/** What can be said of a store before it is opened. */
export interface Examined {
  /** Why it must not be opened; undefined where it may be. */
  readonly damage?: string | undefined;
  /** Tables that its list of files does not know: of a compaction that did not end, or the list was cut. */
  readonly unknown: string[];
}

/**
 * Looks for what LevelDB would make up for in silence, or end the process at: it takes a folder without
 * CURRENT for an empty one, takes a cut list of files (MANIFEST) for the whole one, and does not verify tables.
 *
 * @param work A folder to work in, made and removed here.
 */
export async function examine(store: string, work: string): Promise<Examined> {
  const files = await readdir(store);
  const tables = files.filter((file) => TABLES.test(file));
  if (!files.includes('CURRENT')) {
    const logs = files.filter((file) => LOGS.test(file));
    const lengths = await Promise.all(logs.map(async (file) => (await stat(join(store, file))).size));
    const isEmpty = tables.length === 0 && lengths.every((length) => length === 0);
    return { damage: isEmpty ? undefined : 'CURRENT is missing', unknown: [] };
  }
  const current = await readFile(join(store, 'CURRENT'), 'latin1');
  if (!/^MANIFEST-\d+\n$/.test(current) || !files.includes(current.trim())) {
    return { damage: 'CURRENT does not name a list of files', unknown: [] };
  }
  const known = await knownTables(store, files, join(work, 'lists'));
  if (typeof known === 'string') return { damage: known, unknown: [] };
  for (const table of known) {
    if (!(await isIntactTable(join(store, table)))) return { damage: `${table} is damaged`, unknown: [] };
  }
  return { unknown: tables.filter((table) => !known.includes(table)) };
}

/**
 * Which tables the list of files knows. LevelDB says it: it is given the list with an empty file for each
 * table, and removes those that the list does not have.
 *
 * @returns else, what is wrong with the list.
 */
async function knownTables(store: string, files: string[], lists: string): Promise<string[] | string> {
  await rm(lists, { recursive: true, force: true });
  await mkdir(lists, { recursive: true, mode: 0o700 });
  for (const file of files) {
    if (/^(CURRENT|MANIFEST-\d+)$/.test(file)) await copyFile(join(store, file), join(lists, file));
    if (TABLES.test(file)) await writeFile(join(lists, file), '');
  }
  const db = new ClassicLevel(lists);
  try {
    await db.open({ createIfMissing: false });
    return (await readdir(lists)).filter((file) => TABLES.test(file));
  } catch (error) {
    if (!isCorruption(error)) throw error;
    return messageOf(error).replaceAll(`${lists}/`, '');
  } finally {
    await db.close();
    await rm(lists, { recursive: true, force: true });
  }
}

/** What LevelDB says went wrong, which is the innermost cause. */
export function messageOf(error: unknown): string {
  return causes(error).at(-1)?.message ?? String(error);
}
