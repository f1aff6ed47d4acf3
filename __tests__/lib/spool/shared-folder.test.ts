import { chownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { LogBatch } from '../../../lib/index.js';
import { silent } from '../../../lib/logger.js';
import { realDisk } from '../../../lib/spool/disk.js';
import { bytesIn, ownerOf, partsIn } from '../../../lib/spool/parts.js';
import { segmentLimits } from '../../../lib/spool/segment.js';
import { SharedFolder } from '../../../lib/spool/shared-folder.js';
import type { SpoolBuffer } from '../../../lib/spool/spool-buffer.js';
import { random } from '../../helpers/cuts.js';
import { logLines } from '../../helpers/log-lines.js';
import { seed } from '../../helpers/seed.js';
import { numbered, numberOf } from '../../helpers/spools.js';
import { MISSING, SERVICE, testUnless } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const failure = (code: string) => Object.assign(new Error(`${code}: simulated`), { code });

/** The disk of this computer, on which one operation fails. */
const failing = (operation: 'list' | 'open', code: string, file: RegExp): typeof realDisk => ({
  ...realDisk,
  [operation]: (name: string, how: never) => {
    if (file.test(name)) throw failure(code);
    return (realDisk[operation] as (name: string, how: never) => unknown)(name, how);
  },
});

const batch = (n: number, length = 20) => {
  const { tag, count, raw } = numbered(n, length);
  return new LogBatch(tag, count, raw);
};

const used = (folder: string) =>
  partsIn(realDisk, folder).reduce((sum, part) => sum + bytesIn(realDisk, part), 0);

async function opened(shared: SharedFolder, ...reporters: string[]): Promise<SpoolBuffer[]> {
  const buffers = reporters.map((name) => shared.buffer(name, silent));
  for (const buffer of buffers) await buffer.open();
  await shared.reportLeftBehind();
  return buffers;
}

describe('when the folder cannot be listed, so that its owner is unknown', () => {
  test.each(['EMFILE', 'EACCES', 'EIO'])(
    '(%s) several reporters are refused, before anything is changed',
    (code) => {
      const folder = path();
      const disk = failing('list', code, /./);
      const error = thrown(() => new SharedFolder({ folder }, ['a', 'b'], 'drop', silent, disk));
      expect(error).toMatchObject({ code: 'ERR_SPOOL_FAILED', cause: { code } });
    },
  );

  test('a single reporter opens it nevertheless, as soon as it can', async () => {
    const folder = path();
    let isShort = true;
    const disk = {
      ...realDisk,
      list: (name: string) => {
        if (isShort) throw failure('EMFILE');
        return realDisk.list(name);
      },
      wait: () => turn(),
    };
    const shared = new SharedFolder({ folder }, ['a'], 'drop', silent, disk);
    const buffer = shared.buffer('a', silent);
    const opening = buffer.open();
    await until('it was tried', () => buffer.failures > 2);
    isShort = false;
    await opening;
    await buffer.close();
  });
});

test('nothing is stored before the owner of the folder is', async () => {
  const folder = path();
  let isShort = true;
  const disk = { ...realDisk, wait: () => turn() };
  disk.open = (name, how) => {
    if (isShort && /reporter\.a$/.test(name)) throw failure('ENOSPC');
    return realDisk.open(name, how);
  };
  const shared = new SharedFolder({ folder }, ['a', 'b'], 'drop', silent, disk);
  const [a, b] = [shared.buffer('a', silent), shared.buffer('b', silent)];
  for (const buffer of [a, b]) buffer.write(batch(1));
  const opening = a.open();
  await b.open();
  await until('it was tried again', () => a.failures > 3);
  expect(readdirSync(folder).filter((name) => name.endsWith('.log'))).toEqual([]);
  isShort = false;
  await opening;
  expect(ownerOf(realDisk, folder)).toBe('a');
  for (const buffer of [a, b]) await buffer.close();
  expect(partsIn(realDisk, folder)).toEqual([
    { reporter: 'a', folder },
    { reporter: 'b', folder: `${folder}/reporters/b` },
  ]);
});

test.each([
  ['ENOSPC', 'waits until it can', false],
  ['EIO', 'waits until it can', false],
  ['EINVAL', 'does without', true],
])('a folder that cannot be synced (%s): the reporter whose part it is %s', async (code, _what, isOpen) => {
  const folder = path();
  let isFaulty = true;
  const disk = { ...realDisk, wait: () => turn() };
  disk.syncFolder = async (name) => {
    if (isFaulty) throw failure(code);
    await realDisk.syncFolder(name);
  };
  const buffer = new SharedFolder({ folder }, ['a', 'b'], 'drop', silent, disk).buffer('a', silent);
  let isOpened = false;
  const opening = buffer.open().then(() => {
    isOpened = true;
  });
  await until('it is open, or was tried again', () => isOpened || buffer.failures > 3);
  expect(isOpened).toBe(isOpen);
  isFaulty = false;
  await opening;
  await buffer.close();
});

test('a single reporter that started during a shortage does not receive what belongs to another one', async () => {
  const folder = path();
  for (const buffer of await opened(new SharedFolder({ folder }, ['a', 'b'], 'drop', silent), 'a', 'b')) {
    buffer.write(batch(1));
    await buffer.close();
  }
  let isShort = true;
  const disk = {
    ...realDisk,
    list: (name: string) => {
      if (isShort) throw failure('EMFILE');
      return realDisk.list(name);
    },
  };
  const buffer = new SharedFolder({ folder }, ['b'], 'drop', silent, disk).buffer('b', silent);
  isShort = false;
  await expect(buffer.open()).rejects.toMatchObject({
    code: 'ERR_SPOOL_FAILED',
    message: expect.stringContaining('belongs to the reporter a: start the proxy again'),
  });
  await buffer.close();
  const [again] = await opened(new SharedFolder({ folder }, ['b'], 'drop', silent), 'b');
  expect(again?.recovered.batches).toBe(1);
  await again?.close();
});

test('a part that cannot be read is reported, and does not hide the others', async () => {
  const folder = path();
  const names = ['a', 'b', 'c'];
  const buffers = await opened(new SharedFolder({ folder }, names, 'drop', silent), ...names);
  for (const buffer of buffers) {
    buffer.write(batch(1));
    await buffer.close();
  }
  const logger = logLines();
  const disk = { ...failing('open', 'EPERM', /reporters\/b\/.*\.log$/), wait: () => turn() };
  const [a] = await opened(new SharedFolder({ folder }, ['a'], 'drop', logger, disk), 'a');
  await a?.close();
  expect(logger.lines.map(({ message, fields }) => [message, fields.reporter])).toEqual([
    [expect.stringContaining('cannot be read'), 'b'],
    [expect.stringContaining('batches wait'), 'c'],
  ]);
});

test('until it is known what one part contains, the others leave it as much as it may have', async () => {
  const folder = path();
  const maxBytes = 65_536;
  const before = await opened(new SharedFolder({ folder, maxBytes }, ['a', 'b'], 'drop', silent), 'a', 'b');
  // Most of the space is that of b.
  for (let n = 0; n < 50; n++) before[1]?.write(batch(n, 1000));
  await until('it is stored', () => used(folder) > 50_000);
  for (const buffer of before) await buffer.close();

  const shared = new SharedFolder({ folder, maxBytes }, ['a', 'b'], 'block', silent);
  const [a, b] = ['a', 'b'].map((name) => shared.buffer(name, silent)) as [SpoolBuffer, SpoolBuffer];
  await a.open();
  for (let n = 0; n < 60; n++) a.write(batch(n, 1000));
  for (let turns = 20; turns > 0; turns--) await turn();
  expect(a.held.bytes).toBeLessThan(maxBytes / 8);
  expect(used(folder)).toBeLessThan(maxBytes + 2 * segmentLimits(maxBytes / 2).bytes);
  await b.open();
  while (b.read() !== null) await turn();
  expect(b.held.batches).toBe(50);
  for (const buffer of [a, b]) {
    buffer.shutdown();
    await buffer.close();
  }
});

test('a waiting writer continues when another reporter has freed space', async () => {
  const folder = path();
  const shared = new SharedFolder({ folder, maxBytes: 40_000 }, ['a', 'b'], 'block', silent);
  const [a, b] = (await opened(shared, 'a', 'b')) as [SpoolBuffer, SpoolBuffer];
  const read: LogBatch[] = [];
  const fill = async (buffer: SpoolBuffer) => {
    let n = 0;
    for (; buffer.writableLength === 0; n++) {
      buffer.write(batch(n, 500));
      await turn();
    }
    return n;
  };
  const n = await fill(a);
  await fill(b);
  expect(b.held.bytes).toBeLessThan(a.held.bytes / 3);
  let isDrained = false;
  b.once('drain', () => {
    isDrained = true;
  });
  // Only the first one is read.
  a.on('data', (batch: LogBatch) => {
    read.push(batch);
    setImmediate(() => a.ack(batch));
  });
  await until('the other one goes on', () => isDrained);
  await until('all of the first are read', () => read.length === n);
  await a.close();
  await b.close();
});

test(`two that are written to and read at random: the folder stays within the limit, and the accounts balance (seed ${seed})`, async () => {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  for (let round = 0; round < 6; round++) {
    const [folder, maxBytes] = [path(), 30_000 + below(60_000)];
    const shared = new SharedFolder({ folder, maxBytes }, ['a', 'b'], 'drop', silent);
    const buffers = await opened(shared, 'a', 'b');
    const states = buffers.map((buffer) => {
      const state = { buffer, dropped: 0, acked: 0, last: -1, pace: next() ** 2, handed: [] as LogBatch[] };
      buffer.on('drop', () => {
        state.dropped += 1;
      });
      return state;
    });
    for (let n = 0; n < 400; n++) {
      const made = batch(n, 20 + below(400));
      for (const state of states) {
        state.buffer.write(new LogBatch(made.tag, made.count, Buffer.from(made.raw)));
        if (next() < 0.02) state.pace = next() ** 2;
        while (next() < state.pace) {
          const read = state.buffer.read() as LogBatch | null;
          if (read === null) break;
          expect(numberOf(read)).toBeGreaterThan(state.last);
          state.last = numberOf(read);
          state.handed.push(read);
        }
        while (next() < state.pace && state.handed.length > 0) {
          state.buffer.ack(state.handed.splice(below(Math.min(3, state.handed.length)), 1)[0] as LogBatch);
          state.acked += 1;
        }
      }
      if (next() < 0.3) await turn();
      for (const { buffer, dropped, acked } of states) {
        expect(buffer.received.batches).toBe(buffer.held.batches + dropped + acked);
      }
      if (n % 10 !== 0) continue;
      expect(used(folder)).toBeLessThanOrEqual(maxBytes + 2 * segmentLimits(maxBytes / 2).bytes);
    }
    for (const { buffer } of states) await buffer.close();
  }
}, 120_000);

testUnless(MISSING.users)(
  'started as root in a folder of another user, it gives that user all that it creates',
  async () => {
    const folder = path();
    mkdirSync(folder);
    chownSync(folder, SERVICE.uid, SERVICE.gid);
    const buffers = await opened(new SharedFolder({ folder }, ['a', 'b'], 'drop', silent), 'b', 'a');
    for (const buffer of buffers) await buffer.close();
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(names).toContain('reporters/b/0000000000000000.log');
    for (const name of names) expect([name, lstatSync(join(folder, name)).uid]).toEqual([name, SERVICE.uid]);
  },
);
