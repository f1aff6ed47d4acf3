import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seed } from '../../helpers/seed.js';
import { lines, numbered, numberOf, spools } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const open = spools();
const COUNT = 60;
const REMOVED = 10;

/** Two stores with the same batches: one closed, one as a kill leaves it, with its log. */
const made: Record<'closed' | 'killed', string> = { closed: '', killed: '' };
let files: { from: 'closed' | 'killed'; file: string; length: number }[] = [];

beforeAll(async () => {
  const folder = path();
  const first = await open(folder);
  for (let n = 0; n < COUNT / 2; n += 3) await first.append([n, n + 1, n + 2].map((i) => numbered(i, 200)));
  await first.close();
  const spool = await open(folder);
  for (let n = COUNT / 2; n < COUNT; n += 3)
    await spool.append([n, n + 1, n + 2].map((i) => numbered(i, 200)));
  await spool.remove(Array.from({ length: REMOVED }, (_, i) => i));
  made.killed = path();
  cpSync(folder, made.killed, { recursive: true });
  await spool.close();
  made.closed = path();
  cpSync(folder, made.closed, { recursive: true });
  files = (['closed', 'killed'] as const).flatMap((from) =>
    readdirSync(join(made[from], 'store'))
      .filter((name) => !/^(LOCK|LOG.*)$/.test(name))
      .map((name) => join('store', name))
      .map((file) => ({ from, file, length: readFileSync(join(made[from], file)).length }))
      .filter(({ length }) => length > 0),
  );
});

/** Opens a damaged copy: nothing is wrong or twice, a second open is clean, and it goes on working. */
async function survives(from: 'closed' | 'killed', damage: (folder: string) => void) {
  const folder = path();
  cpSync(made[from], folder, { recursive: true });
  damage(folder);
  const log = lines();
  const spool = await open(folder, { logger: log });
  const entries = await spool.read(1000);
  for (const { id, tag, count, raw } of entries) expect({ tag, count, raw }).toEqual(numbered(id, 200));
  const ids = entries.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  expect(spool.size.batches).toBe(ids.length);
  await spool.append([numbered(1000)]);
  await spool.close();
  const again = lines();
  const second = await open(folder, { logger: again });
  expect(again.kept).toEqual([]);
  expect((await second.read(1000)).map(numberOf)).toEqual([...ids, 1000]);
  await second.close();
  const aside = readdirSync(dirname(folder)).filter((name) =>
    name.startsWith(`${basename(folder)}.damaged-`),
  );
  for (const { fields } of log.errors()) expect(aside).toContain(basename(String(fields.movedTo)));
  expect(log.errors().length).toBe(aside.length);
  for (const name of [basename(folder), ...aside]) rmSync(join(dirname(folder), name), { recursive: true });
  const stored = ids.filter((id) => id >= REMOVED);
  return { ids, stored, errors: log.errors() };
}

describe('a damaged store', () => {
  test('one that is not, is not said to be', async () => {
    for (const from of ['closed', 'killed'] as const) {
      const { ids, errors } = await survives(from, () => undefined);
      expect(ids).toEqual(Array.from({ length: COUNT - REMOVED }, (_, i) => i + REMOVED));
      expect(errors).toEqual([]);
    }
  });

  test('a file that is gone', async () => {
    for (const { from, file } of files) {
      const { stored, errors } = await survives(from, (folder) => rmSync(join(folder, file)));
      const isList = /CURRENT|MANIFEST/.test(file);
      if (isList) expect(stored.length).toBe(COUNT - REMOVED);
      if (isList || file.endsWith('.ldb')) expect(errors.length).toBe(1);
    }
  });

  test('a file that is cut short', async () => {
    for (const { from, file, length } of files) {
      const step = Math.max(1, Math.floor(length / 4));
      for (let cut = 0; cut < length; cut += step) {
        const { stored, errors } = await survives(from, (folder) => truncateSync(join(folder, file), cut));
        // Of a log, a cut end is what a kill leaves, too.
        if (!file.endsWith('.log') && stored.length < COUNT - REMOVED) expect(errors.length).toBe(1);
        if (/CURRENT|MANIFEST/.test(file)) expect(stored.length).toBe(COUNT - REMOVED);
      }
    }
  }, 20_000);

  test('a byte that is flipped', async () => {
    const property = fc.asyncProperty(
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (f, at, xor) => {
        const { from, file, length } = files[f % files.length] as (typeof files)[number];
        const { stored, errors } = await survives(from, (folder) => {
          const bytes = readFileSync(join(folder, file));
          bytes[at % length] = (bytes[at % length] as number) ^ xor;
          writeFileSync(join(folder, file), bytes);
        });
        if (stored.length < COUNT - REMOVED && !file.endsWith('.log')) expect(errors.length).toBe(1);
      },
    );
    await fc.assert(property, { seed, numRuns: 80, interruptAfterTimeLimit: 3000 });
  }, 20_000);

  test('one that could not be opened, for a crash each time, is opened in another way', async () => {
    for (const [attempts, kept] of [
      ['2', COUNT - REMOVED],
      ['4', 0],
      ['x', COUNT - REMOVED],
    ] as const) {
      const { ids, errors } = await survives('killed', (folder) => {
        writeFileSync(join(folder, 'attempts'), attempts);
      });
      expect(ids.length).toBe(kept);
      expect(errors.length).toBe(attempts === 'x' ? 0 : 1);
    }
  });

  test('a damaged lock, which holds nothing', async () => {
    const { ids } = await survives('closed', (folder) => writeFileSync(join(folder, 'lock/CURRENT'), 'x'));
    expect(ids.length).toBe(COUNT - REMOVED);
  });
});
