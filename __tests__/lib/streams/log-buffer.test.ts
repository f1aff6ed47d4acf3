import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameParser, type LogBatch, LogBuffer, MessageDecoder } from '../../../lib/index.js';
import { Readable, Writable } from '../../../lib/streams/base.js';
import { firstNumber, logBatch, logsFrame } from '../../helpers/messages.js';
import { seed } from '../../helpers/seed.js';
import { until } from '../../helpers/until.js';

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => logBatch(1, from + i));

/** Records the drops of a buffer as `[number, reason]`. */
function dropsOf(buffer: LogBuffer): [number, string][] {
  const drops: [number, string][] = [];
  buffer.on('drop', (batch: LogBatch, reason: string) => drops.push([firstNumber(batch), reason]));
  return drops;
}

/** Reads everything that is available now. */
function drain(buffer: LogBuffer): number[] {
  const numbers: number[] = [];
  for (let batch = buffer.read(); batch !== null; batch = buffer.read()) numbers.push(firstNumber(batch));
  return numbers;
}

describe('the bound', () => {
  test('is exact: of 150 batches 100 stay, and the newest 50 are dropped', () => {
    const buffer = new LogBuffer();
    const drops = dropsOf(buffer);
    for (const batch of numbered(0, 150)) expect(buffer.write(batch)).toBe(true);
    expect(buffer.held).toMatchObject({ batches: 100, logs: 100 });
    expect(buffer.received).toEqual({ batches: 150, logs: 150 });
    expect(drops).toEqual(Array.from({ length: 50 }, (_, i) => [100 + i, 'buffer_full']));
    expect(drain(buffer)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(buffer.held).toEqual({ batches: 0, logs: 0, bytes: 0 });
  });

  test('counts a batch that is ready for a paused reader, but not read yet', async () => {
    const buffer = new LogBuffer({ maxBatches: 3 });
    buffer.once('readable', () => undefined);
    buffer.read();
    await turn();
    const drops = dropsOf(buffer);
    for (const batch of numbered(0, 5)) buffer.write(batch);
    expect(buffer.readableLength).toBe(1);
    expect(buffer.held.batches).toBe(3);
    expect(drops.map(([number]) => number)).toEqual([3, 4]);
    expect(drain(buffer)).toEqual([0, 1, 2]);
  });

  test('also applies to bytes', () => {
    const { length } = logBatch(1, 1).raw;
    const buffer = new LogBuffer({ maxBytes: 3 * length });
    const drops = dropsOf(buffer);
    for (const batch of numbered(1, 5)) buffer.write(batch);
    expect(buffer.held).toEqual({ batches: 3, logs: 3, bytes: 3 * length });
    expect(drops).toEqual([[4, 'buffer_full']]);
  });

  test.each([
    ['drop', 'no reader'],
    ['block', 'no reader'],
    ['drop', 'a reader that waits'],
    ['block', 'a reader that waits'],
  ] as const)('a batch of more than maxBytes is dropped (%s, %s)', async (overflow, reader) => {
    const buffer = new LogBuffer({ maxBytes: 10, overflow });
    if (reader !== 'no reader') buffer.on('data', () => undefined);
    await turn();
    const drops = dropsOf(buffer);
    expect(buffer.write(logBatch(1))).toBe(true);
    expect(drops).toEqual([[0, 'buffer_full']]);
  });
});

describe('as a PassThrough', () => {
  test('everything comes out in order, and then the end', async () => {
    const buffer = new LogBuffer();
    const numbers: number[] = [];
    await pipeline(
      Readable.from(numbered(0, 90)),
      buffer,
      new Writable({
        objectMode: true,
        write(batch, _encoding, callback) {
          numbers.push(firstNumber(batch));
          setImmediate(callback);
        },
      }),
    );
    expect(numbers).toEqual(Array.from({ length: 90 }, (_, i) => i));
  });

  test('an empty one ends', async () => {
    const buffer = new LogBuffer();
    buffer.end();
    buffer.resume();
    await once(buffer, 'end');
  });

  test('may be read by an async iterator', async () => {
    const buffer = new LogBuffer();
    const numbers: number[] = [];
    for (const batch of numbered(0, 5)) buffer.write(batch);
    setImmediate(() => {
      for (const batch of numbered(5, 9)) buffer.write(batch);
      buffer.end();
    });
    for await (const batch of buffer) numbers.push(firstNumber(batch));
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('a flowing reader gets each batch at once, and the batch is no longer counted while it is read', () => {
    const buffer = new LogBuffer();
    buffer.on('data', () => undefined);
    buffer.read();
    const seen: number[] = [];
    buffer.on('data', (batch) => {
      seen.push(firstNumber(batch));
      expect(buffer.held.batches).toBe(0);
    });
    buffer.write(logBatch(1, 7));
    expect(seen).toEqual([7]);
  });
});

describe('unshift', () => {
  test('puts a batch back before all others', () => {
    const buffer = new LogBuffer();
    for (const batch of numbered(0, 3)) buffer.write(batch);
    buffer.unshift(buffer.read() as LogBatch);
    expect(drain(buffer)).toEqual([0, 1, 2]);
    expect(buffer.received.batches).toBe(3);
  });

  test('also before one that is already ready to be read', async () => {
    const buffer = new LogBuffer();
    buffer.once('readable', () => undefined);
    buffer.read();
    await turn();
    for (const batch of numbered(1, 3)) buffer.write(batch);
    expect(buffer.readableLength).toBe(1);
    buffer.unshift(logBatch(1, 0));
    expect(buffer.held.batches).toBe(3);
    expect(drain(buffer)).toEqual([0, 1, 2]);
  });

  test('may exceed the bound: a batch that was accepted once is not dropped', () => {
    const buffer = new LogBuffer({ maxBatches: 2 });
    const drops = dropsOf(buffer);
    for (const batch of numbered(1, 3)) buffer.write(batch);
    buffer.unshift(logBatch(1, 0));
    expect(buffer.held.batches).toBe(3);
    buffer.write(logBatch(1, 9));
    expect(drops).toEqual([[9, 'buffer_full']]);
    expect(drain(buffer)).toEqual([0, 1, 2]);
  });
});

describe("overflow: 'block'", () => {
  test('a writer waits until there is room, and nothing is dropped', async () => {
    const buffer = new LogBuffer({ maxBatches: 2, overflow: 'block' });
    const drops = dropsOf(buffer);
    expect(numbered(0, 3).map((batch) => buffer.write(batch))).toEqual([true, true, false]);
    expect(buffer.held.batches).toBe(2);
    expect(buffer.received.batches).toBe(2);
    const drained = once(buffer, 'drain');
    expect(firstNumber(buffer.read() as LogBatch)).toBe(0);
    await drained;
    expect(buffer.held.batches).toBe(2);
    expect(drain(buffer)).toEqual([1, 2]);
    expect(drops).toEqual([]);
  });

  test('with room for only one batch, nothing gets stuck', async () => {
    const buffer = new LogBuffer({ maxBatches: 1, overflow: 'block' });
    const numbers: number[] = [];
    Readable.from(numbered(0, 50)).pipe(buffer);
    for await (const batch of buffer) {
      numbers.push(firstNumber(batch));
      await turn();
    }
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
});

describe('shutdown', () => {
  test('drops all batches in the buffer, and everything that is written later', () => {
    const buffer = new LogBuffer();
    const drops = dropsOf(buffer);
    for (const batch of numbered(0, 2)) buffer.write(batch);
    buffer.shutdown();
    buffer.write(logBatch(1, 2));
    expect(drops).toEqual([0, 1, 2].map((number) => [number, 'shutdown']));
    expect(buffer.held.batches).toBe(0);
    expect(buffer.received.batches).toBe(3);
  });

  test('releases waiting writers', async () => {
    const buffer = new LogBuffer({ maxBatches: 1, overflow: 'block' });
    const drops = dropsOf(buffer);
    for (const batch of numbered(0, 3)) buffer.write(batch);
    const drained = once(buffer, 'drain');
    buffer.shutdown();
    await drained;
    expect(drops.map(([number]) => number)).toEqual([0, 1, 2]);
  });

  test('a buffer that is ended after it still ends for its reader', async () => {
    const buffer = new LogBuffer();
    for (const batch of numbered(0, 2)) buffer.write(batch);
    buffer.shutdown();
    buffer.end();
    const batches: unknown[] = [];
    buffer.on('data', (batch) => batches.push(batch));
    await once(buffer, 'end');
    expect(batches).toEqual([]);
  });

  test('a destroyed buffer also drops a batch that is ready to be read', async () => {
    const buffer = new LogBuffer();
    buffer.once('readable', () => undefined);
    buffer.read();
    await turn();
    const drops = dropsOf(buffer);
    for (const batch of numbered(0, 2)) buffer.write(batch);
    buffer.destroy();
    await once(buffer, 'close');
    expect(drops.map(([number]) => number)).toEqual([0, 1]);
    expect(buffer.held.batches).toBe(0);
  });
});

test('a waiting batch does not keep the chunk alive in which it arrived', async () => {
  const frame = logsFrame(10);
  const chunk = Buffer.concat(Array.from({ length: 60 }, () => frame));
  const buffer = new LogBuffer();
  const decoder = new MessageDecoder();
  const parser = new FrameParser();
  parser.pipe(decoder).pipe(buffer as NodeJS.WritableStream);
  parser.write(chunk);
  await until('all are in the buffer', () => buffer.held.batches === 60);
  const kept = new Set<ArrayBufferLike>();
  for (let batch = buffer.read(); batch !== null; batch = buffer.read()) kept.add(batch.raw.buffer);
  const bytes = [...kept].reduce((sum, memory) => sum + memory.byteLength, 0);
  expect(kept.has(chunk.buffer)).toBe(false);
  expect(bytes).toBeLessThan(chunk.length);
});

test.each([
  ['maxBatches', 0],
  ['maxBatches', 1.5],
  ['maxBytes', -1],
  ['overflow', 'wait'],
])('%s: %p is rejected', (option, value) => {
  expect(() => new LogBuffer({ [option]: value })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(option) }),
  );
});

test(`behaves like a plain list in any sequence of operations (seed ${seed})`, async () => {
  const steps = fc.array(fc.constantFrom('write', 'read', 'unshift', 'peek', 'flow', 'pause'), {
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom('drop' as const, 'block' as const), async (actions, overflow) => {
      const buffer = new LogBuffer({ maxBatches: 4, overflow });
      const out: number[] = [];
      const drops = dropsOf(buffer);
      let written = 0;
      const taken = (batch: LogBatch | null) => {
        if (batch !== null) out.push(firstNumber(batch));
      };
      const onData = (batch: LogBatch) => taken(batch);
      let flowing = false;
      let most = 4;
      for (const action of actions) {
        if (action === 'write') buffer.write(logBatch(1, written++));
        else if (action === 'read' && !flowing) taken(buffer.read());
        else if (action === 'unshift' && !flowing) {
          const batch = buffer.read();
          if (batch !== null) buffer.unshift(batch);
          // A batch that waited for room may have its place by now.
          most += 1;
        } else if (action === 'peek') buffer.read(0);
        else if (action === 'flow' && !flowing) {
          flowing = true;
          buffer.on('data', onData);
        } else if (action === 'pause' && flowing) {
          flowing = false;
          buffer.pause();
          buffer.off('data', onData);
          await turn();
        }
        expect(buffer.held.batches).toBeLessThanOrEqual(most);
        most = Math.max(4, buffer.held.batches);
        expect(buffer.held.batches).toBe(buffer.received.batches - out.length - drops.length);
      }
      if (!flowing) buffer.on('data', onData);
      buffer.resume();
      buffer.end();
      await once(buffer, 'end');
      const lost = new Set(drops.map(([number]) => number));
      expect(out).toEqual(Array.from({ length: written }, (_, i) => i).filter((i) => !lost.has(i)));
      if (overflow === 'block') expect(drops).toEqual([]);
    }),
    { seed, numRuns: 300 },
  );
});

test('a sender that is destroyed while it waits for the buffer tells its writer', async () => {
  const buffer = new LogBuffer({ maxBatches: 1, overflow: 'block' });
  const sender = buffer.sender();
  sender.write(logBatch(1));
  const written = new Promise((resolve) => sender.write(logBatch(1), resolve));
  sender.destroy();
  expect(await written).toMatchObject({ code: 'ERR_CLOSED' });
});
