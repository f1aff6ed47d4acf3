import { once } from 'node:events';
import { cpSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { LogBatch } from '../../../lib/index.js';
import { silent } from '../../../lib/logger.js';
import { type Disk, type DiskFile, realDisk } from '../../../lib/spool/disk.js';
import { SpoolBuffer, type SpoolBufferOptions } from '../../../lib/spool/index.js';
import { numbered, numberIn, numberOf, queues, readAll } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const openQueue = queues();
const made: SpoolBuffer[] = [];
afterEach(async () => {
  for (const buffer of made.splice(0)) {
    buffer.shutdown();
    await buffer.close();
  }
});

type Drop = [number: number, reason: string, error?: unknown];

function make(
  folder: string,
  options: Partial<SpoolBufferOptions> = {},
  overflow: 'drop' | 'block' = 'drop',
  disk: Disk = realDisk,
) {
  const buffer = new SpoolBuffer({ folder, ...options }, overflow, silent, disk);
  const drops: Drop[] = [];
  buffer.on('drop', (batch: LogBatch, reason: string, error?: unknown) => {
    drops.push([numberOf(batch), reason, ...(error === undefined ? [] : [error])] as Drop);
  });
  made.push(buffer);
  return { buffer, drops };
}

async function open(...args: Parameters<typeof make>) {
  const opened = make(...args);
  await opened.buffer.open();
  return opened;
}

/** What a batch of 20 bytes takes, with its header. */
const BYTES = 84;

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Of 20 bytes, where no length is given. */
function batch(n: number, length?: number): LogBatch {
  const { tag, count, raw } = numbered(n, length);
  return new LogBatch(tag, count, raw);
}

async function take(buffer: SpoolBuffer, n: number): Promise<LogBatch[]> {
  const taken: LogBatch[] = [];
  await until(`${n} can be read`, () => {
    while (taken.length < n) {
      const next = buffer.read() as LogBatch | null;
      if (next === null) return false;
      taken.push(next);
    }
    return true;
  });
  return taken;
}

test('gives what it was given, in order, as it was', async () => {
  const { buffer, drops } = await open(path());
  for (const n of range(0, 200)) buffer.write(batch(n));
  expect(buffer.received).toEqual({ batches: 200, logs: logs(0, 200) });
  expect(buffer.held).toEqual({ batches: 200, logs: logs(0, 200), bytes: 200 * BYTES });
  const taken = await take(buffer, 200);
  expect(taken.map(({ tag, count, raw }) => ({ tag, count, raw }))).toEqual(
    range(0, 200).map((n) => numbered(n)),
  );
  expect(buffer.read()).toBeNull();
  expect(drops).toEqual([]);
});

/** How many logs there are in batches `from` to before `to`. */
function logs(from: number, to: number): number {
  return range(from, to).reduce((sum, n) => sum + (n % 11), 0);
}

describe('what is', () => {
  test('acknowledged is gone, what is not comes again when it is opened anew', async () => {
    const folder = path();
    const { buffer } = await open(folder);
    for (const n of range(0, 10)) buffer.write(batch(n));
    const taken = await take(buffer, 8);
    for (const i of [0, 1, 2, 5]) buffer.ack(taken[i] as LogBatch);
    // A second time, and one that is not from here: nothing.
    buffer.ack(taken[0] as LogBatch);
    buffer.ack(batch(9));
    const left = [3, 4, 6, 7, 8, 9];
    const sum = left.reduce((all, n) => all + (n % 11), 0);
    expect(buffer.held).toEqual({ batches: 6, logs: sum, bytes: 6 * BYTES });
    await buffer.close();

    const { buffer: again } = await open(folder);
    expect(again.recovered).toEqual({ batches: 6, logs: sum });
    expect(again.received).toEqual({ batches: 6, logs: sum });
    expect(again.held).toEqual({ batches: 6, logs: sum, bytes: 6 * BYTES });
    again.write(batch(10));
    expect((await take(again, 7)).map(numberOf)).toEqual([...left, 10]);
    expect(again.received.batches).toBe(7);
    expect(again.recovered.batches).toBe(6);
  });

  test('put back by unshift() is read again, before all others, and can be acknowledged then', async () => {
    const folder = path();
    const { buffer } = await open(folder);
    for (const n of range(0, 5)) buffer.write(batch(n));
    const taken = await take(buffer, 3);
    for (const one of [...taken].reverse()) buffer.unshift(one);
    expect(buffer.held.batches).toBe(5);
    const again = await take(buffer, 5);
    expect(again.map(numberOf)).toEqual([0, 1, 2, 3, 4]);
    for (const one of again.slice(0, 4)) buffer.ack(one);
    await buffer.close();
    const { buffer: third } = await open(folder);
    expect((await take(third, 1)).map(numberOf)).toEqual([4]);
  });

  test('written before open() waits for it', async () => {
    const { buffer } = make(path());
    for (const n of range(0, 3)) buffer.write(batch(n));
    await turn();
    expect(buffer.read()).toBeNull();
    await buffer.open();
    await buffer.open();
    expect((await take(buffer, 3)).map(numberOf)).toEqual([0, 1, 2]);
    expect(buffer.received.batches).toBe(3);
  });
});

test('flows into a pipe, and reads no further ahead than it has to', async () => {
  const { buffer } = await open(path());
  for (const n of range(0, 500)) buffer.write(batch(n));
  const seen: number[] = [];
  buffer.on('data', (one: LogBatch) => {
    seen.push(numberOf(one));
    buffer.ack(one);
    if (seen.length === 100) buffer.pause();
  });
  await until('100 are read', () => seen.length === 100);
  await turn();
  expect(seen).toHaveLength(100);
  // What one read of 128 KiB brings.
  expect(buffer.readableLength).toBeLessThanOrEqual(2 ** 17 / BYTES + 64);
  buffer.resume();
  await until('all are read', () => seen.length === 500);
  expect(seen).toEqual(range(0, 500));
  expect(buffer.held).toEqual({ batches: 0, logs: 0, bytes: 0 });
});

describe('a reader that keeps up', () => {
  /** What it reads, as soon as it comes. */
  function flowing(buffer: SpoolBuffer, onBatch: (batch: LogBatch) => void = () => undefined): LogBatch[] {
    const read: LogBatch[] = [];
    buffer.on('data', (batch: LogBatch) => {
      read.push(batch);
      onBatch(batch);
    });
    return read;
  }

  test('gets each batch at once, and what it acknowledges in the same turn goes to no disk', async () => {
    const folder = path();
    const { buffer } = await open(folder);
    const read = flowing(buffer, (one) => {
      if (numberOf(one) % 2 === 0) buffer.ack(one);
      else process.nextTick(() => buffer.ack(one));
    });
    await turn();
    for (const n of range(0, 50)) buffer.write(batch(n));
    expect(read.map(numberOf)).toEqual(range(0, 50));
    await turn();
    expect(buffer.held).toEqual({ batches: 0, logs: 0, bytes: 0 });
    expect(await stored(folder, path())).toEqual([]);
    // Not even as what was removed: the first id is still to be had.
    await buffer.close();
    const { queue } = await openQueue(folder);
    let id = -1;
    await queue.append([numbered(0)], (first) => {
      id = first;
    });
    expect(id).toBe(0);
  });

  test('and does not acknowledge yet: it is on disk meanwhile, and once only', async () => {
    const folder = path();
    const { buffer } = await open(folder);
    const read = flowing(buffer);
    await turn();
    for (const n of range(0, 5)) buffer.write(batch(n));
    expect(read.map(numberOf)).toEqual(range(0, 5));
    const left = path();
    await until('all are on disk', async () => (await stored(folder, left)).length === 5);
    for (const one of read.slice(0, 4)) buffer.ack(one);
    expect(read.length).toBe(5);
    await buffer.close();
    const { buffer: again } = await open(folder);
    expect((await take(again, 1)).map(numberOf)).toEqual([4]);
  });

  test('and acknowledges while they are written: they are gone from the disk', async () => {
    const folder = path();
    const { buffer } = await open(folder);
    const read = flowing(buffer);
    await turn();
    for (const n of range(0, 5)) buffer.write(batch(n));
    await turn();
    for (const one of read.slice(0, 3)) buffer.ack(one);
    await buffer.close();
    const { buffer: again } = await open(folder);
    expect((await take(again, 2)).map(numberOf)).toEqual([3, 4]);
    expect(again.held.batches).toBe(2);
  });

  test('and pauses: what comes then waits on disk, and nothing overtakes it', async () => {
    const { buffer } = await open(path());
    const read = flowing(buffer, (one) => {
      if (numberOf(one) % 7 === 3) {
        buffer.pause();
        setImmediate(() => buffer.resume());
      }
      setImmediate(() => buffer.ack(one));
    });
    for (let n = 0; n < 300; n++) {
      buffer.write(batch(n));
      if (n % 5 === 0) await turn();
    }
    await until('all are read', () => read.length === 300);
    expect(read.map(numberOf)).toEqual(range(0, 300));
    await until('all are acknowledged', () => buffer.held.batches === 0);
  });
});

/** The disk of this computer, which writes nothing as long as `isFull`. */
function fullDisk(): Disk & { isFull: boolean; refused: number } {
  const fail = () => {
    disk.refused += 1;
    throw Object.assign(new Error('ENOSPC: simulated'), { code: 'ENOSPC' });
  };
  const open = (path: string, how: 'read' | 'update' | 'create'): DiskFile => {
    if (disk.isFull && how === 'create') fail();
    const file = realDisk.open(path, how);
    const { write } = file;
    file.write = async (bytes, at) => (disk.isFull ? fail() : write.call(file, bytes, at));
    return file;
  };
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 1));
  const disk = { ...realDisk, open, wait, isFull: true, refused: 0 };
  return disk;
}

describe('while the disk takes nothing', () => {
  test.each(['drop', 'block'] as const)(
    '%j: what is written waits in memory, can be read, and is stored later',
    async (overflow) => {
      const folder = path();
      const disk = fullDisk();
      const { buffer, drops } = await open(folder, {}, overflow, disk);
      for (const n of range(0, 10)) buffer.write(batch(n));
      await until('it was tried again', () => disk.refused > 3);
      const taken = await take(buffer, 5);
      expect(taken.map(numberOf)).toEqual(range(0, 5));
      for (const one of taken.slice(0, 3)) buffer.ack(one);
      disk.isFull = false;
      const left = path();
      await until('the rest is stored', async () => (await stored(folder, left)).length === 7);
      expect(await stored(folder, left)).toEqual(range(3, 10));
      for (const one of taken.slice(3)) buffer.ack(one);
      expect((await take(buffer, 5)).map(numberOf)).toEqual(range(5, 10));
      expect(buffer.held).toEqual({ batches: 5, logs: logs(5, 10), bytes: 5 * BYTES });
      expect(drops).toEqual([]);
    },
  );

  test("'drop' drops what comes when 1 MiB waits, and says why", async () => {
    const disk = fullDisk();
    const { buffer, drops } = await open(path(), {}, 'drop', disk);
    buffer.write(batch(0, 32_000));
    await until('it was tried', () => disk.refused > 1);
    for (const n of range(1, 40)) expect(buffer.write(batch(n, 32_000))).toBe(true);
    const error = expect.objectContaining({
      code: 'ERR_SPOOL_FAILED',
      message: expect.stringContaining('ENOSPC'),
    });
    expect(drops).toEqual(range(32, 40).map((n) => [n, 'spool_full', error]));
    disk.isFull = false;
    expect((await take(buffer, 32)).map(numberOf)).toEqual(range(0, 32));
  });

  test('and listeners fail, too, everything is stored later all the same', async () => {
    const [folder, disk] = [path(), fullDisk()];
    const { buffer } = await open(folder, {}, 'drop', disk);
    for (const event of ['failure', 'drop']) {
      buffer.on(event as 'failure', () => {
        throw new Error('thrown by a listener');
      });
    }
    buffer.write(batch(0, 32_000));
    await until('it was tried again', () => disk.refused > 3);
    for (const n of range(1, 40)) buffer.write(batch(n, 32_000));
    disk.isFull = false;
    const left = path();
    await until('all of them are stored', async () => (await stored(folder, left)).length === 32);
  });

  test("'block' lets the writers wait when 1 MiB waits, and nothing is lost", async () => {
    const disk = fullDisk();
    const { buffer, drops } = await open(path(), {}, 'block', disk);
    buffer.write(batch(0, 32_000));
    await until('it was tried', () => disk.refused > 1);
    expect(range(1, 40).map((n) => buffer.write(batch(n, 32_000)))).toEqual(range(1, 40).map((n) => n < 32));
    disk.isFull = false;
    expect((await take(buffer, 40)).map(numberOf)).toEqual(range(0, 40));
    expect(drops).toEqual([]);
  });

  test('close() drops what is not acknowledged, whether a reader has it or not', async () => {
    const disk = fullDisk();
    const { buffer, drops } = await open(path(), {}, 'drop', disk);
    for (const n of range(0, 4)) buffer.write(batch(n));
    const taken = await take(buffer, 2);
    buffer.ack(taken[0] as LogBatch);
    await buffer.close();
    const error = expect.objectContaining({ code: 'ERR_SPOOL_FAILED' });
    expect(drops).toEqual([1, 2, 3].map((n) => [n, 'spool_full', error]));
    expect(buffer.held).toEqual({ batches: 0, logs: 0, bytes: 0 });
  });
});

/** The disk of this computer, on which something happens after each write. */
function afterWrite(happen: (path: string) => void): Disk {
  const open = (path: string, how: 'read' | 'update' | 'create'): DiskFile => {
    const file = realDisk.open(path, how);
    const write = file.write.bind(file);
    file.write = async (bytes, at) => {
      const n = await write(bytes, at);
      happen(path);
      return n;
    };
    return file;
  };
  return { ...realDisk, open };
}

/** The numbers of the batches in a copy of the folder, as a kill would leave it. */
async function stored(folder: string, copy: string): Promise<number[]> {
  rmSync(copy, { recursive: true, force: true });
  // Not the lock, which is a socket.
  cpSync(folder, copy, { recursive: true, filter: (file) => !/\/lock\./.test(file) });
  const { queue } = await openQueue(copy);
  const numbers = (await readAll(queue)).map(numberIn);
  await queue.close();
  return numbers;
}

describe('when it is full', () => {
  test("'drop' drops the newest, until something is acknowledged", async () => {
    const { buffer, drops } = await open(path(), { maxBytes: 5 * BYTES });
    for (const n of range(0, 7)) expect(buffer.write(batch(n))).toBe(true);
    expect(drops).toEqual([
      [5, 'spool_full'],
      [6, 'spool_full'],
    ]);
    expect(buffer.received).toEqual({ batches: 7, logs: logs(0, 7) });
    expect(buffer.held.bytes).toBe(5 * BYTES);
    const [first] = await take(buffer, 1);
    // Read is not gone.
    buffer.write(batch(7));
    buffer.ack(first as LogBatch);
    buffer.write(batch(8));
    expect(drops.map(([n]) => n)).toEqual([5, 6, 7]);
    expect((await take(buffer, 5)).map(numberOf)).toEqual([1, 2, 3, 4, 8]);
  });

  test("'block' holds the writers back, and they go on as there is room, in order", async () => {
    const { buffer, drops } = await open(path(), { maxBytes: 5 * BYTES }, 'block');
    expect(range(0, 8).map((n) => buffer.write(batch(n)))).toEqual([
      ...range(0, 5).map(() => true),
      ...range(5, 8).map(() => false),
    ]);
    expect(buffer.received.batches).toBe(5);
    let isDrained = false;
    const drained = once(buffer, 'drain').then(() => {
      isDrained = true;
    });
    const taken = await take(buffer, 5);
    expect(buffer.received.batches).toBe(5);
    buffer.ack(taken[0] as LogBatch);
    await until('one more is in', () => buffer.received.batches === 6);
    await turn();
    expect(isDrained).toBe(false);
    buffer.ack(taken[1] as LogBatch);
    buffer.ack(taken[2] as LogBatch);
    await drained;
    expect(buffer.held.batches).toBe(5);
    expect((await take(buffer, 3)).map(numberOf)).toEqual([5, 6, 7]);
    expect(drops).toEqual([]);
  });

  test.each(['drop', 'block'] as const)('%j: a batch that can never fit is dropped', async (overflow) => {
    const { buffer, drops } = await open(path(), { maxBytes: 5 * BYTES }, overflow);
    expect(buffer.write(batch(0, 5 * BYTES - 63))).toBe(true);
    expect(buffer.write(batch(1, 5 * BYTES - 64))).toBe(true);
    expect(drops).toEqual([[0, 'spool_full']]);
    expect((await take(buffer, 1)).map(numberOf)).toEqual([1]);
  });

  test('shutdown() lets the writers go, and what there is no room for', async () => {
    const folder = path();
    const { buffer, drops } = await open(folder, { maxBytes: 5 * BYTES }, 'block');
    for (const n of range(0, 7)) buffer.write(batch(n));
    const drained = once(buffer, 'drain');
    buffer.shutdown();
    await drained;
    expect(buffer.write(batch(7))).toBe(true);
    expect(drops).toEqual([
      [5, 'shutdown'],
      [6, 'shutdown'],
      [7, 'shutdown'],
    ]);
    expect(buffer.received.batches).toBe(8);
    const [first] = await take(buffer, 1);
    buffer.ack(first as LogBatch);
    buffer.write(batch(8));
    await buffer.close();
    expect(drops).toHaveLength(3);
    const { buffer: again } = await open(folder);
    expect((await take(again, 5)).map(numberOf)).toEqual([1, 2, 3, 4, 8]);
  });
});

describe('the disk', () => {
  test('is slower than its writers: they are held back at about 1 MiB, and nothing is lost', async () => {
    const { buffer, drops } = await open(path());
    const size = 32_768;
    const results = range(0, 200).map((n) => buffer.write(batch(n, size)));
    const waiting = results.indexOf(false);
    // The first is being written; the one that was too much is let in, and its writer waits.
    expect(waiting * size).toBeGreaterThanOrEqual(2 ** 20 - size);
    expect(waiting * size).toBeLessThanOrEqual(2 ** 20 + 2 * size);
    expect(results.slice(waiting)).not.toContain(true);
    expect(buffer.received.batches).toBe(waiting + 1);
    await once(buffer, 'drain');
    expect(buffer.received.batches).toBe(200);
    expect((await take(buffer, 200)).map(numberOf)).toEqual(range(0, 200));
    expect(drops).toEqual([]);
  });

  test('loses the folder: it is made again, with what was being written', async () => {
    const folder = path();
    const { buffer, drops } = await open(folder);
    buffer.write(batch(1));
    const copy = path();
    await until('it is stored', async () => (await stored(folder, copy)).length === 1);
    rmSync(folder, { recursive: true });
    buffer.write(batch(2));
    await buffer.close();
    expect(drops).toEqual([]);
    const { buffer: again } = await open(folder);
    expect((await take(again, 2)).map(numberOf)).toEqual([1, 2]);
  });

  test.each([false, true])(
    'loses the folder while it is written to: it is made again, with the batch (sync: %j)',
    async (sync) => {
      const folder = path();
      const writes = { n: 0 };
      const disk = afterWrite((path) => {
        if (path.endsWith('.log')) writes.n += 1;
        if (path.endsWith('.log') && writes.n === 2) rmSync(folder, { recursive: true });
      });
      const { buffer, drops } = await open(folder, { sync }, 'drop', disk);
      buffer.write(batch(1));
      await until('it is written', () => writes.n === 1);
      buffer.write(batch(2));
      await until('the other one, too', () => writes.n > 1);
      buffer.write(batch(3));
      await buffer.close();
      expect(drops).toEqual([]);
      const { buffer: again } = await open(folder);
      expect((await take(again, 3)).map(numberOf)).toEqual([1, 2, 3]);
    },
  );

  test('loses each file while it is written to: the batch is dropped, with the reason', async () => {
    const folder = path();
    const disk = afterWrite((path) => {
      if (path.endsWith('.log')) rmSync(path);
    });
    const { buffer, drops } = await open(folder, {}, 'drop', disk);
    buffer.write(batch(1));
    await buffer.close();
    const error = expect.objectContaining({
      code: 'ERR_SPOOL_FAILED',
      message: expect.stringContaining('was deleted while it was in use'),
    });
    expect(drops).toEqual([[1, 'spool_full', error]]);
  });

  test('is away for a while: files that are open are written to, and when it is back, all is there', async () => {
    const parent = path();
    const { buffer, drops } = await open(`${parent}/spool`);
    for (const n of range(0, 5)) buffer.write(batch(n));
    const taken = await take(buffer, 2);
    renameSync(parent, `${parent}-away`);
    writeFileSync(parent, '');
    for (const n of range(5, 8)) buffer.write(batch(n));
    buffer.ack(taken[0] as LogBatch);
    await take(buffer, 6);
    rmSync(parent);
    renameSync(`${parent}-away`, parent);
    buffer.write(batch(8));
    await buffer.close();
    expect(drops).toEqual([]);
    const { buffer: again } = await open(`${parent}/spool`);
    expect((await take(again, 8)).map(numberOf)).toEqual(range(1, 9));
  });
});

describe('close()', () => {
  test('waits until all that was let in is on disk, and all that was acknowledged is not', async () => {
    const folder = path();
    const { buffer } = await open(folder);
    for (const n of range(0, 20)) buffer.write(batch(n));
    const taken = await take(buffer, 10);
    for (const n of range(20, 40)) buffer.write(batch(n));
    for (const one of taken) buffer.ack(one);
    await buffer.close();
    expect(buffer.destroyed).toBe(true);
    const { buffer: again } = await open(folder);
    expect(again.recovered.batches).toBe(30);
    expect((await take(again, 30)).map(numberOf)).toEqual(range(10, 40));
  });

  test('may come twice, before open(), and while it is opened', async () => {
    const folder = path();
    const { buffer: unopened } = make(folder);
    await unopened.close();
    await unopened.close();
    const { buffer } = make(folder);
    const opened = buffer.open();
    await buffer.close();
    await opened;
    // The folder is free again.
    await open(folder);
  });
});

describe('open()', () => {
  test('fails where another one has the folder, and may be called again', async () => {
    const folder = path();
    const { buffer: first } = await open(folder);
    first.write(batch(1));
    const { buffer: second } = make(folder);
    await expect(second.open()).rejects.toMatchObject({ code: 'ERR_SPOOL_IN_USE' });
    expect(second.received).toEqual({ batches: 0, logs: 0 });
    await first.close();
    await second.open();
    expect((await take(second, 1)).map(numberOf)).toEqual([1]);
  });

  test('counts what it finds once, however often it is called', async () => {
    const folder = path();
    const { buffer: first } = await open(folder);
    for (const n of range(0, 3)) first.write(batch(n));
    await first.close();
    const { buffer } = make(folder);
    await Promise.all([buffer.open(), buffer.open(), buffer.open()]);
    expect(buffer.recovered).toEqual({ batches: 3, logs: 3 });
    expect(buffer.received).toEqual({ batches: 3, logs: 3 });
  });

  test('finds more than fits: it is all read, and nothing is let in until there is room', async () => {
    const folder = path();
    const { buffer: first } = await open(folder);
    for (const n of range(0, 10)) first.write(batch(n));
    await first.close();
    const { buffer } = await open(folder, { maxBytes: 5 * BYTES }, 'block');
    expect(buffer.held.bytes).toBe(10 * BYTES);
    expect(buffer.write(batch(10))).toBe(false);
    const taken = await take(buffer, 10);
    for (const one of taken.slice(0, 5)) buffer.ack(one);
    expect(buffer.received.batches).toBe(10);
    // Its file is larger than the limit, and is deleted when all of it is acknowledged.
    for (const one of taken.slice(5)) buffer.ack(one);
    await until('it is in', () => buffer.received.batches === 11);
    expect((await take(buffer, 1)).map(numberOf)).toEqual([10]);
  });
});

test.each<[string, unknown]>([
  ['folder', { folder: '' }],
  ['folder', { folder: 5 }],
  ['folder', { folder: 'a\0b' }],
  ['folder', {}],
  ['maxBytes', { folder: 'x', maxBytes: 0 }],
  ['maxBytes', { folder: 'x', maxBytes: 1.5 }],
  ['maxBytes', { folder: 'x', maxBytes: '1' }],
  ['sync', { folder: 'x', sync: 1 }],
])('refuses a bad %s: %j', (name, options) => {
  expect(() => new SpoolBuffer(options as SpoolBufferOptions, 'drop', silent)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(name) }),
  );
});

test('refuses a bad overflow', () => {
  expect(() => new SpoolBuffer({ folder: 'x' }, 'wait' as 'block', silent)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining('overflow') }),
  );
});

test('a segment that somebody deletes is a loss, and makes room', async () => {
  const folder = path();
  const options = { maxBytes: 65_536 };
  const first = await open(folder, options);
  for (const n of range(0, 200)) first.buffer.write(batch(n));
  await first.buffer.close();

  const { buffer } = await open(folder, options);
  const segments = readdirSync(folder).filter((name) => name.endsWith('.log'));
  const [from, to] = segments.slice(1, 3).map((name) => Number.parseInt(name, 10)) as [number, number];
  rmSync(`${folder}/${segments[1]}`);
  const losses: unknown[] = [];
  buffer.on('loss', (lost) => losses.push(lost));
  const left = [...range(0, from), ...range(to, 200)];
  expect((await take(buffer, left.length)).map(numberOf)).toEqual(left);
  expect(losses).toEqual([{ batches: to - from, logs: logs(from, to) }]);
  expect(buffer.missing).toEqual({ batches: to - from, firstId: from, endId: to });
  expect(buffer.held).toEqual({
    batches: left.length,
    logs: logs(0, 200) - logs(from, to),
    bytes: left.length * BYTES,
  });
});

test('more than may be pending, written before it is opened, comes out in order', async () => {
  const { buffer } = make(path());
  const numbers: number[] = [];
  buffer.on('data', (item) => numbers.push(numberOf(item)));
  for (const n of range(0, 100)) buffer.write(batch(n, 32_000));
  await buffer.open();
  await until('all are here', () => numbers.length === 100);
  expect(numbers).toEqual(range(0, 100));
});

test('closed while it flows, it fails at nothing', async () => {
  const folder = path();
  const first = await open(folder);
  for (const n of range(0, 2000)) first.buffer.write(batch(n));
  await first.buffer.close();

  const { buffer } = await open(folder);
  const failures: Error[] = [];
  buffer.on('failure', (error) => failures.push(error));
  let read = 0;
  await new Promise<void>((resolve) => {
    buffer.on('data', () => {
      read += 1;
      if (read === 500) resolve(buffer.close());
    });
  });
  expect(failures).toEqual([]);
});

describe('isWritable', () => {
  test('is false while the spool cannot be opened', async () => {
    let isShort = true;
    let goOn: () => void = () => undefined;
    const { buffer } = make(path(), {}, 'drop', {
      ...realDisk,
      async lock(folder) {
        if (isShort) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
        return realDisk.lock(folder);
      },
      wait: () =>
        new Promise((resolve) => {
          goOn = resolve;
        }),
    });
    expect(buffer.isWritable).toBe(true);
    const failed = once(buffer, 'failure');
    const opened = buffer.open();
    await failed;
    expect(buffer.isWritable).toBe(false);
    isShort = false;
    goOn();
    await opened;
    expect(buffer.isWritable).toBe(true);
  });

  test('is false after a failed write, until one succeeds', async () => {
    const disk = fullDisk();
    const { buffer } = await open(path(), {}, 'drop', disk);
    buffer.write(batch(1));
    await until('it cannot be written to', () => !buffer.isWritable);
    disk.isFull = false;
    await until('it can be written to', () => buffer.isWritable);
  });
});
