import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { LogBatch } from '../../../lib/index.js';
import { silent } from '../../../lib/logger.js';
import { type Disk, realDisk } from '../../../lib/spool/disk.js';
import { SpoolBuffer } from '../../../lib/spool/index.js';
import type { Lock } from '../../../lib/spool/lock.js';
import { encodeRecord, HEADER, type Size } from '../../../lib/spool/record.js';
import { appendAll, numbered, numberIn, numberOf, queues, readAll } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const openQueue = queues();

/** The disk of this computer, on which the process before this one ended in the given way. */
function diskAfter(lastEnd: Lock['lastEnd']): Disk {
  return { ...realDisk, lock: async (folder) => ({ ...(await realDisk.lock(folder)), lastEnd }) };
}

/** A spool of which batch 1 ends a process while it is processed, so often. */
async function poisoned(times: number): Promise<string> {
  const folder = path();
  const { queue } = await openQueue(folder);
  await appendAll(
    queue,
    [0, 1, 2].map((n) => numbered(n)),
  );
  await queue.close();
  for (let i = 0; i < times; i++) {
    const { queue } = await openQueue(folder, { disk: diskAfter('crash') });
    await readAll(queue);
    queue.mark(1);
    await queue.close();
  }
  return folder;
}

describe('a batch with two marks is', () => {
  test.each<[string, number, Lock['lastEnd'], number[]]>([
    ['set aside after a crash', 2, 'crash', [0, 2]],
    ['not yet set aside, if it has one', 1, 'crash', [0, 1, 2]],
    ['delivered after the machine was started anew', 2, 'reboot', [0, 1, 2]],
  ])('%s', async (_what, times, lastEnd, delivered) => {
    const folder = await poisoned(times);
    const { queue, quarantined } = await openQueue(folder, { disk: diskAfter(lastEnd) });
    expect((await readAll(queue)).map(numberIn)).toEqual(delivered);
    expect(quarantined).toEqual([0, 1, 2].filter((n) => !delivered.includes(n)));
    await queue.close();
    // A restart of the machine is not counted later either.
    const { queue: again } = await openQueue(folder, { disk: diskAfter('crash') });
    expect((await readAll(again)).map(numberIn)).toEqual(delivered);
  });
});

/** A segment whose first header tells these totals. */
function segment(folder: string, first: number, n: number, before: Size): void {
  const records = Array.from({ length: n }, (_, i) => {
    const batch = numbered(first + i);
    const bytes = Buffer.alloc(HEADER + batch.raw.length);
    encodeRecord(bytes, 0, batch, { id: first + i, time: 0, before, key: first });
    return bytes;
  });
  writeFileSync(`${folder}/${String(first).padStart(16, '0')}.log`, Buffer.concat(records));
}

test.each([
  ['too much', { batches: 4, logs: 100, bytes: 1000 }],
  ['too little', { batches: 2, logs: 1, bytes: 10 }],
])('amounts that the totals tell wrong (%s) are right when the records were read', async (_what, before) => {
  const folder = path();
  mkdirSync(folder, { mode: 0o700 });
  segment(folder, 0, 4, { batches: 0, logs: 0, bytes: 0 });
  segment(folder, 4, 2, before);
  const buffer = new SpoolBuffer({ folder }, 'drop', silent);
  await buffer.open();
  expect(buffer.recovered).not.toEqual({ batches: 6, logs: 0 + 1 + 2 + 3 + 4 + 5 });
  const read: LogBatch[] = [];
  buffer.on('data', (batch: LogBatch) => read.push(batch));
  await until('all are read', () => read.length === 6);
  expect(read.map(numberOf)).toEqual([0, 1, 2, 3, 4, 5]);
  const amount = { batches: 6, logs: 15 };
  await until('the amounts are right', () => buffer.recovered.logs === 15);
  expect([buffer.received, buffer.recovered]).toEqual([amount, amount]);
  expect(buffer.held).toEqual({ ...amount, bytes: 6 * (HEADER + 20) });
  for (const batch of read) buffer.ack(batch);
  expect(buffer.held).toEqual({ batches: 0, logs: 0, bytes: 0 });
  await buffer.close();
});

test('an empty spool without descriptors lets its batches wait', async () => {
  const disk = {
    ...realDisk,
    isShort: true,
    wait: () => new Promise<void>((resolve) => setTimeout(resolve, 1)),
  };
  disk.open = (name, how) => {
    if (disk.isShort) throw Object.assign(new Error('EMFILE: simulated'), { code: 'EMFILE' });
    return realDisk.open(name, how);
  };
  const buffer = new SpoolBuffer({ folder: path() }, 'drop', silent, disk);
  const drops: unknown[] = [];
  buffer.on('drop', (batch) => drops.push(batch));
  await buffer.open();
  buffer.write(new LogBatch(1, 1, numbered(7).raw));
  await until('it was tried again and again', () => buffer.failures > 3);
  disk.isShort = false;
  await buffer.close();
  expect(drops).toEqual([]);
});

test('a spool of which all is delivered takes batches again, although no segment can be begun at first', async () => {
  const folder = path();
  const { queue } = await openQueue(folder);
  await appendAll(queue, [numbered(0), numbered(1)]);
  for (const n of [0, 1]) queue.finish(n, numbered(n));
  await queue.close();
  const disk = {
    ...realDisk,
    isShort: true,
    wait: () => new Promise<void>((resolve) => setTimeout(resolve, 1)),
  };
  disk.open = (name, how) => {
    if (disk.isShort && how === 'create')
      throw Object.assign(new Error('ENOSPC: simulated'), { code: 'ENOSPC' });
    return realDisk.open(name, how);
  };
  const buffer = new SpoolBuffer({ folder }, 'drop', silent, disk);
  const read: number[] = [];
  buffer.on('data', (batch: LogBatch) => read.push(numberOf(batch)));
  await buffer.open();
  const sizes = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .map((name) => realDisk.sizeOf(`${folder}/${name}`));
  await until('the finished segment is emptied', () => sizes().every((size) => size === 0));
  expect(sizes()).toHaveLength(1);
  buffer.write(new LogBatch(1, 1, numbered(2).raw));
  await until('it is delivered', () => read.length === 1);
  await until('even its name is deleted, for the space', () => sizes().length === 0);
  disk.isShort = false;
  await buffer.close();
  const { queue: again } = await openQueue(folder);
  expect((await readAll(again)).map(numberIn)).toEqual([2]);
});
