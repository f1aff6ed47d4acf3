import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { LogBatch } from '../../../lib/index.js';
import { silent } from '../../../lib/logger.js';
import { type Disk, realDisk } from '../../../lib/spool/disk.js';
import { SpoolBuffer } from '../../../lib/spool/index.js';
import { appendAll, numbered, numberOf, queues } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const openQueue = queues();

const SHORTAGES = ['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'EIO', 'EACCES', 'EROFS'] as const;
type Operation = 'makeFolder' | 'lock' | 'list' | 'sizeOf' | 'open';

/** A disk of which one operation fails as long as `isShort`. */
function shortDisk(operation: Operation, code: string): Disk & { isShort: boolean; failed: number } {
  const disk = {
    ...realDisk,
    isShort: true,
    failed: 0,
    wait: () => new Promise<void>((r) => setTimeout(r, 1)),
  };
  const real = realDisk[operation] as (...args: unknown[]) => unknown;
  return Object.assign(disk, {
    [operation](...args: unknown[]) {
      if (!disk.isShort) return real.apply(disk, args);
      disk.failed += 1;
      throw Object.assign(new Error(`${code}: simulated`), { code });
    },
  });
}

/** A spool with three batches. */
async function filled(): Promise<string> {
  const folder = path();
  const { queue } = await openQueue(folder);
  await appendAll(
    queue,
    [0, 1, 2].map((n) => numbered(n)),
  );
  await queue.close();
  return folder;
}

function spoolOn(disk: Disk, folder: string) {
  const buffer = new SpoolBuffer({ folder }, 'drop', silent, disk);
  const drops: [number, string][] = [];
  buffer.on('drop', (batch: LogBatch, reason: string) => drops.push([numberOf(batch), reason]));
  const failures: string[] = [];
  buffer.on('failure', ({ code }) => failures.push(String(code)));
  return { buffer, drops, failures };
}

function fresh(n: number): LogBatch {
  const { tag, count, raw } = numbered(n);
  return new LogBatch(tag, count, raw);
}

const OPENINGS = (['list', 'sizeOf', 'open', 'makeFolder', 'lock'] as const).flatMap((operation) =>
  SHORTAGES.map((code): [Operation, string] => [operation, code]),
);

test.each(OPENINGS)(
  '%s fails with %s while it is opened: it is tried again until it works',
  async (operation, code) => {
    const folder = await filled();
    const names = readdirSync(folder).filter((name) => !name.startsWith('lock'));
    const disk = shortDisk(operation, code);
    const { buffer, drops, failures } = spoolOn(disk, folder);
    await buffer.lock();
    const opened = buffer.open();
    buffer.write(fresh(3));
    await until('it was tried again', () => disk.failed > 3);
    expect(new Set(failures)).toEqual(new Set([code]));
    expect(buffer.failures).toBe(failures.length);
    expect(readdirSync(folder).filter((name) => !name.startsWith('lock'))).toEqual(names);
    disk.isShort = false;
    await opened;
    const numbers: number[] = [];
    buffer.on('data', (batch: LogBatch) => numbers.push(numberOf(batch)));
    await until('all are read', () => numbers.length === 4);
    expect(numbers).toEqual([0, 1, 2, 3]);
    expect(buffer.recovered.batches).toBe(3);
    await buffer.close();
    expect(drops).toEqual([]);
  },
);

test.each([
  ['makeFolder', 'ENOTDIR'],
  ['lock', 'ENOTDIR'],
  ['list', 'ENOTDIR'],
  ['sizeOf', 'ELOOP'],
] as const)(
  '%s fails with %s, which no time changes: open() rejects, and may be called again',
  async (operation, code) => {
    const disk = shortDisk(operation, code);
    const { buffer, failures } = spoolOn(disk, await filled());
    await expect(buffer.open()).rejects.toMatchObject({ code: 'ERR_SPOOL_FAILED', cause: { code } });
    expect(failures).toEqual([]);
    disk.isShort = false;
    await buffer.open();
    expect(buffer.recovered.batches).toBe(3);
    await buffer.close();
  },
);

test.each(['lock', 'list', 'open'] as const)(
  'close() ends the attempts (%s): what was accepted is dropped',
  async (operation) => {
    const folder = await filled();
    const disk = shortDisk(operation, 'EMFILE');
    const { buffer, drops } = spoolOn(disk, folder);
    const opened = buffer.open();
    buffer.write(fresh(3));
    await until('it was tried again', () => disk.failed > 1);
    await Promise.all([
      buffer.close(),
      expect(opened).rejects.toMatchObject({ code: 'ERR_SPOOL_FAILED', cause: { code: 'EMFILE' } }),
    ]);
    expect(drops).toEqual([[3, 'shutdown']]);
    // The folder is free, and all of it is there.
    const { queue } = await openQueue(folder);
    expect(queue.size.batches).toBe(3);
  },
);

test('a crash before the shortage is not forgotten meanwhile', async () => {
  const folder = await filled();
  const disk = shortDisk('open', 'EMFILE');
  const lock = disk.lock;
  disk.lock = async (name) => {
    locked += 1;
    return lock(name);
  };
  let locked = 0;
  const { buffer } = spoolOn(disk, folder);
  const opened = buffer.open();
  await until('it was tried again', () => disk.failed > 1);
  disk.isShort = false;
  await opened;
  expect(locked).toBe(1);
  await buffer.close();
});

test('without a descriptor after it was opened, the last segment is appended to all the same', async () => {
  const folder = await filled();
  const disk = shortDisk('open', 'EMFILE');
  disk.isShort = false;
  const { buffer, drops } = spoolOn(disk, folder);
  await buffer.open();
  disk.isShort = true;
  buffer.write(fresh(3));
  await buffer.close();
  expect(drops).toEqual([]);
  const { queue } = await openQueue(folder);
  expect(queue.size.batches).toBe(4);
});

test('in use by another one when the shortage is over: open() rejects, and says so to whoever did not wait', async () => {
  const folder = await filled();
  const { queue } = await openQueue(folder);
  const disk = shortDisk('lock', 'EMFILE');
  const { buffer, failures } = spoolOn(disk, folder);
  await buffer.lock();
  const opened = expect(buffer.open()).rejects.toMatchObject({ code: 'ERR_SPOOL_IN_USE' });
  await until('it was tried again', () => disk.failed > 2);
  disk.isShort = false;
  await opened;
  expect(failures.at(-1)).toBe('ERR_SPOOL_IN_USE');
  await queue.close();
  await buffer.open();
  await buffer.close();
});
