import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Spool } from '../../../lib/spool/spool.js';
import { seed } from '../../helpers/seed.js';
import { lines, numbered, numberOf, spools } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const open = spools();

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('Spool', () => {
  test('gives back what it was given, in order, until it is removed', async () => {
    const folder = path();
    const spool = await open(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(await spool.oldest()).toBeUndefined();
    expect(await spool.read(5)).toEqual([]);
    const before = Date.now();
    await spool.append(range(0, 5).map((n) => numbered(n)));
    expect(spool.size).toEqual({ batches: 5, logs: 10, bytes: 100 });
    const entries = await spool.read(3);
    expect(entries.map(({ id, tag, count, raw }) => ({ id, tag, count, raw }))).toEqual(
      range(0, 3).map((id) => ({ id, ...numbered(id) })),
    );
    expect(entries[0]?.time.getTime()).toBeGreaterThanOrEqual(before);
    expect(await spool.oldest()).toEqual(entries[0]?.time);
    await spool.remove([0, 2, 2, 99, -1]);
    expect(spool.size).toEqual({ batches: 3, logs: 8, bytes: 60 });
    expect((await spool.read(9)).map(({ id }) => id)).toEqual([3, 4]);
    spool.rewind(1);
    spool.rewind(4);
    expect((await spool.read(2)).map(({ id }) => id)).toEqual([1, 3]);
    const all: number[] = [];
    for await (const { id } of spool.entries()) all.push(id);
    expect(all).toEqual([1, 3, 4]);
    await spool.close();

    const again = await open(folder);
    expect(again.size).toEqual({ batches: 3, logs: 8, bytes: 60 });
    await again.remove([1, 3, 4]);
    await again.remove([]);
    await again.append([]);
    await again.close();
    const third = await open(folder);
    await third.append([numbered(7)]);
    expect((await third.read(1)).map(({ id }) => id)).toEqual([5]);
  });

  test('keeps the order of calls that are made at the same time', async () => {
    const spool = await open(path(), { sync: true });
    await Promise.all(range(0, 200).map((n) => spool.append([numbered(n, 50_000)])));
    expect((await spool.read(1000)).map(numberOf)).toEqual(range(0, 200));
  });

  test('holds tens of megabytes, also over a close while LevelDB is at work on them', async () => {
    const folder = path();
    const log = lines();
    const spool = await open(folder, { logger: log });
    for (let n = 0; n < 20_000; n += 100) await spool.append(range(n, n + 100).map((i) => numbered(i, 1500)));
    await spool.close();
    const again = await open(folder, { logger: log });
    expect(again.size).toMatchObject({ batches: 20_000, bytes: 30_000_000 });
    for (let n = 0; n < 20_000; n += 500) {
      const entries = await again.read(500);
      expect(entries.map(numberOf)).toEqual(range(n, n + 500));
      await again.remove(entries.map(({ id }) => id));
    }
    await again.close();
    expect((await open(folder, { logger: log })).size.batches).toBe(0);
    expect(log.kept).toEqual([]);
  }, 20_000);

  test('a second one on the same folder is told that it is in use', async () => {
    const folder = path();
    const spool = await open(folder);
    await spool.append([numbered(0)]);
    await expect(Spool.open(folder)).rejects.toMatchObject({ code: 'ERR_SPOOL_IN_USE' });
    const script = `import { ClassicLevel } from 'classic-level';
      await new ClassicLevel(process.argv[1]).open().catch((error) => console.log(error.cause.code));`;
    const args = ['--input-type=module', '-e', script, `${folder}/lock`];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('LEVEL_LOCKED\n');
    await spool.append([numbered(1)]);
    expect(spool.size.batches).toBe(2);
  });

  test('a closed one does nothing more', async () => {
    const spool = await open(path());
    const append = spool.append([numbered(0)]);
    await Promise.all([spool.close(), spool.close(), append]);
    const code = { code: 'ERR_CLOSED' };
    await expect(spool.append([numbered(0)])).rejects.toMatchObject(code);
    await expect(spool.read(1)).rejects.toMatchObject(code);
    await expect(spool.remove([0])).rejects.toMatchObject(code);
    await expect(spool.oldest()).rejects.toMatchObject(code);
    await expect(Spool.open('')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  });

  test('agrees with an array, whatever is done to it', async () => {
    const operation = fc.oneof(
      fc.record({ do: fc.constant('append' as const), n: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ do: fc.constant('read' as const), n: fc.integer({ min: 0, max: 6 }) }),
      fc.record({ do: fc.constant('rewind' as const), n: fc.nat(40) }),
      fc.record({ do: fc.constant('remove' as const), n: fc.nat(40), m: fc.nat(3) }),
      fc.record({ do: fc.constant('reopen' as const) }),
      fc.record({ do: fc.constant('crash' as const) }),
    );
    const property = fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
      let folder = path();
      let spool = await open(folder);
      let stored: number[] = [];
      let next = 0;
      let cursor = 0;
      for (const op of operations) {
        if (op.do === 'append') {
          const ids = range(next, next + op.n);
          await spool.append(ids.map((n) => numbered(n)));
          stored.push(...ids);
          next += op.n;
        } else if (op.do === 'read') {
          const expected = stored.filter((id) => id >= cursor).slice(0, op.n);
          expect((await spool.read(op.n)).map(numberOf)).toEqual(expected);
          cursor = (expected.at(-1) ?? cursor - 1) + 1;
        } else if (op.do === 'rewind') {
          spool.rewind(op.n);
          cursor = Math.min(cursor, op.n);
        } else if (op.do === 'remove') {
          const ids = range(op.n, op.n + op.m);
          await spool.remove(ids);
          stored = stored.filter((id) => !ids.includes(id));
        } else {
          // What a process leaves behind that is killed now: its files as they are, and nothing put in order.
          const left = path();
          if (op.do === 'crash') cpSync(folder, left, { recursive: true });
          await spool.close();
          if (op.do === 'crash') folder = left;
          spool = await open(folder);
          cursor = 0;
        }
        const logs = stored.reduce((sum, id) => sum + (id % 11), 0);
        expect(spool.size).toEqual({ batches: stored.length, logs, bytes: stored.length * 20 });
      }
      const all: number[] = [];
      for await (const entry of spool.entries()) all.push(entry.id);
      expect(all).toEqual(stored);
      expect((await spool.oldest()) === undefined).toBe(stored.length === 0);
      await spool.close();
    });
    await fc.assert(property, { seed, numRuns: 60, interruptAfterTimeLimit: 3000 });
  });
});

describe('a Spool that loses its folder', () => {
  test('says so, and goes on with a new one, and the ids go on', async () => {
    const folder = path();
    const log = lines();
    const spool = await open(folder, { logger: log });
    await spool.append([numbered(0), numbered(1)]);
    await spool.read(1);
    rmSync(folder, { recursive: true });
    await expect(spool.append([numbered(2)])).rejects.toMatchObject({ code: 'ERR_SPOOL_FAILED' });
    await spool.append([numbered(3)]);
    // The other one was read: whoever read it has it.
    expect(log.errors()).toMatchObject([{ message: 'spool lost batches', fields: { missing: 1, kept: 0 } }]);
    expect(spool.size.batches).toBe(1);
    await spool.remove([0]);
    expect((await spool.read(5)).map(({ id, raw }) => [id, numberOf({ raw })])).toEqual([[2, 3]]);
  });

  test('fails for as long as there is none, and has what it had when it is back', async () => {
    const parent = path();
    const folder = `${parent}/spool`;
    const log = lines();
    const spool = await open(folder, { logger: log });
    await spool.append(range(0, 5).map((n) => numbered(n)));
    await spool.read(2);
    renameSync(parent, `${parent}-away`);
    writeFileSync(parent, '');
    const code = { code: 'ERR_SPOOL_FAILED', cause: expect.anything() };
    for (let i = 0; i < 3; i++) await expect(spool.append([numbered(9)])).rejects.toMatchObject(code);
    await expect(spool.read(1)).rejects.toMatchObject(code);
    await expect(spool.remove([0])).rejects.toMatchObject(code);
    await expect(Spool.open(folder)).rejects.toMatchObject(code);
    rmSync(parent);
    renameSync(`${parent}-away`, parent);
    await spool.remove([0]);
    await spool.append([numbered(5)]);
    expect((await spool.read(9)).map(numberOf)).toEqual([2, 3, 4, 5]);
    expect(spool.size.batches).toBe(5);
    expect(log.kept).toEqual([]);
  });
});

describe('a full disk', () => {
  const disk = path();
  const canMount = (() => {
    try {
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  // Where a small disk can be mounted, which takes root on Linux.
  (canMount ? test : test.skip)('is an error, and no more when there is space again', async () => {
    try {
      const filler = `${disk}/filler`;
      writeFileSync(filler, Buffer.alloc(16 << 20));
      const spool = await open(`${disk}/spool`);
      const noise = Buffer.from(range(0, 10_000).map(() => Math.random() * 256));
      const kept: number[] = [];
      let error: unknown;
      let n = 0;
      for (; error === undefined; n++) {
        const raw = Buffer.concat([numbered(n).raw, noise]);
        await spool.append([{ tag: 1, count: 1, raw }]).then(
          () => kept.push(n),
          (e) => {
            error = e;
          },
        );
      }
      expect(error).toMatchObject({ code: 'ERR_SPOOL_FAILED' });
      await spool.append([{ tag: 1, count: 1, raw: noise }]).catch(() => undefined);
      rmSync(filler);
      await spool.append([numbered(n)]);
      kept.push(n);
      const numbers: number[] = [];
      for await (const entry of spool.entries()) numbers.push(numberOf(entry));
      expect(numbers.filter((number) => number < 10_000)).toEqual(kept);
      await spool.remove(range(0, 5));
      await spool.close();
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
});
