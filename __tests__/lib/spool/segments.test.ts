import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { ClassicLevel } from 'classic-level';
import { lines, numbered, numberOf, spools } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const open = spools();

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const group = (from: number, to: number) => range(from, to).map((n) => numbered(n, 100));
const without = (n: number, removed: readonly number[]) => range(0, n).filter((id) => !removed.includes(id));

/** The ids that the segments of a closed store begin with. */
async function segments(folder: string): Promise<number[]> {
  const db = new ClassicLevel<Buffer, Buffer>(join(folder, 'store'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  const keys = await db.keys({ lt: Buffer.from('c') }).all();
  await db.close();
  return keys.map((key) => key.readUIntBE(3, 6));
}

describe('a segment', () => {
  test('is what one append stores, up to its limits', async () => {
    const folder = path();
    const spool = await open(folder);
    await spool.append(group(0, 10));
    await spool.append(group(10, 300));
    await spool.append(range(300, 305).map((n) => numbered(n, 50_000)));
    await spool.append([numbered(305, 500_000)]);
    await spool.close();
    expect(await segments(folder)).toEqual([0, 10, 138, 266, 300, 302, 304, 305]);
    const again = await open(folder);
    expect((await again.read(1000)).map(numberOf)).toEqual(range(0, 306));
  });

  test('holds what several appends share, and each of them can be skipped', async () => {
    const spool = await open(path());
    const firsts = await Promise.all([0, 3, 6].map((n) => spool.append(group(n, n + 3))));
    expect(firsts).toEqual([0, 3, 6]);
    expect(spool.skip(3, numbered(3, 100))).toBe(false);
    for (const n of range(0, 5)) expect(spool.skip(n, numbered(n, 100))).toBe(true);
    await spool.remove([0, 1, 4]);
    expect((await spool.read(2)).map(numberOf)).toEqual([5, 6]);
    expect(spool.size).toEqual({ batches: 6, logs: 2 + 3 + 5 + 6 + 7 + 8, bytes: 600 });
  });

  test('is gone when all of it is removed, and not before', async () => {
    const folder = path();
    const spool = await open(folder);
    for (const n of [0, 10, 20]) await spool.append(group(n, n + 10));
    await spool.read(30);
    await spool.remove(range(0, 19));
    await spool.remove(range(21, 30));
    await spool.close();
    expect(await segments(folder)).toEqual([10, 20]);
    const again = await open(folder);
    await again.remove([20]);
    await again.close();
    expect(await segments(folder)).toEqual([10]);
  });

  test('with a flipped bit in one record keeps the others', async () => {
    const folder = path();
    const first = await open(folder);
    await first.append(group(0, 20));
    await first.close();
    // So that what is removed is in another file than what is damaged.
    const spool = await open(folder);
    await spool.read(20);
    await spool.remove([0, 1, 12]);
    await spool.close();
    const files = readdirSync(join(folder, 'store')).filter((name) => name.endsWith('.ldb'));
    let flipped = 0;
    for (const file of files.map((name) => join(folder, 'store', name))) {
      const bytes = readFileSync(file);
      const at = bytes.indexOf(numbered(7, 100).raw);
      if (at < 0) continue;
      bytes[at + 50] = (bytes[at + 50] as number) ^ 4;
      writeFileSync(file, bytes);
      flipped += 1;
    }
    expect(flipped).toBe(1);
    const log = lines();
    const again = await open(folder, { logger: log });
    expect((await again.read(100)).map(numberOf)).toEqual(without(20, [0, 1, 7, 12]));
    expect(again.size).toMatchObject({ batches: 16, bytes: 1600 });
    expect(log.errors()).toMatchObject([{ message: 'spool was damaged', fields: { kept: 16 } }]);
  });
});

describe('what is removed of a segment that stays', () => {
  test('does not come back after a close', async () => {
    const folder = path();
    const log = lines();
    let spool = await open(folder, { logger: log });
    await spool.append(group(0, 10));
    await spool.read(10);
    const removed: number[] = [];
    for (const ids of [[0, 1, 2], [7], [4, 5, 9], [3], [6]]) {
      await spool.remove(ids);
      removed.push(...ids);
      await spool.close();
      spool = await open(folder, { logger: log });
      const left = without(10, removed);
      expect(spool.size).toMatchObject({ batches: left.length, bytes: 100 * left.length });
      expect((await spool.read(100)).map(numberOf)).toEqual(left);
    }
    expect(log.kept).toEqual([]);
  });

  test('is not read again after a rewind, and is not removed twice', async () => {
    const spool = await open(path());
    await spool.append(group(0, 10));
    await spool.read(10);
    await spool.remove([2, 5]);
    await spool.remove([2, 5, 6]);
    spool.rewind(0);
    expect((await spool.read(100)).map(numberOf)).toEqual(without(10, [2, 5, 6]));
    expect(spool.size.batches).toBe(7);
  });

  test('does not come back after a kill', async () => {
    const folder = path();
    const program = `
      import { Spool } from ${JSON.stringify(new URL('../../../dist/lib/spool/spool.js', import.meta.url).href)};
      const spool = await Spool.open(process.argv[1]);
      const batch = (n) => {
        const raw = Buffer.alloc(100, n);
        raw.writeUInt32BE(n);
        return { tag: 1, count: 1, raw };
      };
      await spool.append(Array.from({ length: 50 }, (_, n) => batch(n)));
      await spool.read(50);
      await spool.remove([0, 1, 2, 3]);
      await spool.remove([20, 30, 31]);
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
      stdio: 'inherit',
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
    const log = lines();
    const spool = await open(folder, { logger: log });
    expect((await spool.read(100)).map(numberOf)).toEqual(without(50, [0, 1, 2, 3, 20, 30, 31]));
    expect(spool.size.batches).toBe(43);
    expect(log.kept).toEqual([]);
  });
});
