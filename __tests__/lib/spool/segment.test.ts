import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type Disk, type DiskFile, realDisk } from '../../../lib/spool/disk.js';
import { segmentLimits } from '../../../lib/spool/segment.js';
import { appendAll, numbered, numberIn, queues, readAll } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const openQueue = queues();

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const FIRST = '0000000000000000';

/** The disk of this computer. It does not wait, and its clock can be put forward. */
function hastyDisk() {
  const disk = {
    ...realDisk,
    time: Date.now(),
    now: () => disk.time,
    wait: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  return disk;
}

/** The same disk, on which something always fails with EIO. */
function brokenDisk(operation: 'read' | 'sizeOf', file: RegExp) {
  const fail = () => {
    broken.failed += 1;
    throw Object.assign(new Error('EIO: simulated'), { code: 'EIO' });
  };
  const broken = {
    ...hastyDisk(),
    failed: 0,
    sizeOf: (name: string) => (operation === 'sizeOf' && file.test(name) ? fail() : realDisk.sizeOf(name)),
    open: (name: string, how: 'read' | 'update' | 'create'): DiskFile => {
      const opened = realDisk.open(name, how);
      if (operation === 'read' && file.test(name))
        Object.assign(opened, { read: async () => fail(), readSync: fail });
      return opened;
    },
  };
  return broken satisfies Disk & { failed: number };
}

describe('somebody deletes, while the spool is open,', () => {
  test.each([
    ['the .acked file', (folder: string) => rmSync(`${folder}/${FIRST}.main.acked`)],
    ['the .log file', (folder: string) => rmSync(`${folder}/${FIRST}.log`)],
    ['both', (folder: string) => [rmSync(`${folder}/${FIRST}.log`), rmSync(`${folder}/${FIRST}.main.acked`)]],
    ['the folder', (folder: string) => rmSync(folder, { recursive: true })],
  ])(
    '%s: it is written again when it is noticed, and at the latest when the spool is closed',
    async (_what, remove) => {
      for (const isNoticed of [true, false]) {
        const folder = path();
        const disk = hastyDisk();
        const { queue, failures } = await openQueue(folder, { disk });
        const batches = range(6).map((n) => numbered(n));
        await appendAll(queue, batches);
        const finish = (n: number) => queue.finish(n, numbered(n));
        finish(1);
        remove(folder);
        if (isNoticed) {
          disk.time += 2000;
          finish(2);
          await until('the files are there again', () => {
            return ['log', 'main.acked'].every((end) => existsSync(`${folder}/${FIRST}.${end}`));
          });
          await until('it is reported', () => failures.length > 0);
        } else {
          finish(2);
        }
        await queue.close();
        expect(failures.map(({ message }) => message)).toEqual([expect.stringContaining('was deleted')]);
        const { queue: again, losses } = await openQueue(folder);
        expect((await readAll(again)).map(numberIn)).toEqual([0, 3, 4, 5]);
        expect(losses).toEqual([]);
      }
    },
  );
});

/** A spool of a few segments, of which every third batch is finished. */
async function filled(): Promise<string> {
  const folder = path();
  const { queue } = await openQueue(folder, { maxBytes: 65_536 });
  await appendAll(
    queue,
    range(150).map((n) => numbered(n)),
  );
  for (const n of range(150)) if (n % 3 === 0) queue.finish(n, numbered(n));
  await queue.close();
  return folder;
}

const segmentsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => Number.parseInt(name, 10));

describe('a disk that never gives back', () => {
  test.each(['read', 'sizeOf'] as const)(
    'an .acked file (%s): after 60 attempts its batches are delivered again, and the file stays',
    async (operation) => {
      const folder = await filled();
      const [, second, third] = segmentsIn(folder) as [number, number, number];
      const name = `${String(second).padStart(16, '0')}.main.acked`;
      const before = readFileSync(`${folder}/${name}`);
      const disk = brokenDisk(operation, new RegExp(name));
      const lines: string[] = [];
      const logger = {
        debug() {},
        info() {},
        warn() {},
        error: (_: object, line: string) => lines.push(line),
      };
      const { queue, failures, losses } = await openQueue(folder, { disk, logger, maxBytes: 65_536 });
      expect(disk.failed).toBe(60);
      expect(failures).toHaveLength(60);
      expect(lines).toEqual([expect.stringContaining('delivered')]);
      const waiting = range(150).filter((n) => n % 3 !== 0 || (n >= second && n < third));
      expect(queue.size.batches).toBe(waiting.length);
      expect((await readAll(queue)).map(numberIn)).toEqual(waiting);
      expect(losses).toEqual([]);
      expect(readFileSync(`${folder}/${name}`)).toEqual(before);
      await queue.close();
      // The next start asks again, and knows everything.
      const { queue: again } = await openQueue(folder, { maxBytes: 65_536 });
      expect(again.size.batches).toBe(100);
    },
  );

  test.each([
    ['in the middle', 1, 'read'],
    ['in the middle', 1, 'sizeOf'],
    ['at the end', -1, 'read'],
    ['at the end', -1, 'sizeOf'],
  ] as const)(
    'a .log file %s (segment %i, %s): it is reported and stays, and all others are delivered',
    async (_where, at, operation) => {
      const folder = await filled();
      const segments = segmentsIn(folder);
      const first = segments.at(at) as number;
      const until = at === -1 ? 150 : (segments[at + 1] as number);
      const name = `${String(first).padStart(16, '0')}.log`;
      const before = readFileSync(`${folder}/${name}`);
      const disk = brokenDisk(operation, new RegExp(name));
      const { queue, losses } = await openQueue(folder, { disk, maxBytes: 65_536 });
      const others = range(150).filter((n) => n % 3 !== 0 && !(n >= first && n < until));
      const entries = await readAll(queue);
      expect(entries.map(numberIn)).toEqual(others);
      expect(losses).toMatchObject([{ first }]);
      expect(queue.size.batches).toBe(others.length);
      // New batches get ids that none of the lost ones can have.
      const id = await appendAll(queue, [numbered(150)]);
      expect(id).toBeGreaterThanOrEqual(150);
      for (const entry of entries) queue.finish(entry.id, entry);
      expect((await readAll(queue)).map(numberIn)).toEqual([150]);
      await queue.close();
      expect(readFileSync(`${folder}/${name}`)).toEqual(before);
      const { queue: again } = await openQueue(folder, { maxBytes: 65_536 });
      const back = range(until).filter((n) => n % 3 !== 0 && n >= first);
      expect((await readAll(again)).map(numberIn)).toEqual([...back, 150]);
    },
  );
});

test('a segment is never larger than its limits, but for a batch that is', async () => {
  const folder = path();
  const { queue } = await openQueue(folder, { maxBytes: 65_536 });
  await appendAll(
    queue,
    range(300).map((n) => numbered(n, 10 + (n % 7) * 100)),
  );
  await appendAll(queue, [numbered(300, 9000)]);
  const { bytes } = segmentLimits(65_536);
  const sizes = readdirSync(folder).flatMap((name) =>
    name.endsWith('.log') ? [realDisk.sizeOf(`${folder}/${name}`)] : [],
  );
  expect(sizes.filter((size) => size > bytes)).toEqual([9064]);
});
