import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { type LogBatch, LogBuffer } from '../../../lib/index.js';
import { FanOut } from '../../../lib/streams/fan-out.js';
import { firstNumber, logBatch } from '../../helpers/messages.js';
import { seed } from '../../helpers/seed.js';

const batches = (n: number) => Array.from({ length: n }, (_, i) => logBatch(1, i));
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Reads everything that a buffer has now. */
function readAll(buffer: LogBuffer): number[] {
  const numbers: number[] = [];
  for (let batch = buffer.read(); batch !== null; batch = buffer.read()) numbers.push(firstNumber(batch));
  return numbers;
}

test('every output receives every batch, in order', () => {
  const buffers = [new LogBuffer(), new LogBuffer(), new LogBuffer()];
  const fanOut = new FanOut(buffers);
  for (const batch of batches(50)) expect(fanOut.write(batch)).toBe(true);
  for (const buffer of buffers) expect(readAll(buffer)).toEqual(upTo(50));
});

test('a full output that drops does not delay the others, and only its batches are dropped', () => {
  const small = new LogBuffer({ maxBatches: 3 });
  const large = new LogBuffer();
  const dropped: number[] = [];
  small.on('drop', (batch: LogBatch) => dropped.push(firstNumber(batch)));
  const fanOut = new FanOut([small, large]);
  for (const batch of batches(10)) expect(fanOut.write(batch)).toBe(true);
  expect(readAll(small)).toEqual([0, 1, 2]);
  expect(dropped).toEqual([3, 4, 5, 6, 7, 8, 9]);
  expect(readAll(large)).toEqual(upTo(10));
});

test('a full output that blocks makes the writer wait, until each output has room', async () => {
  const blocking = [1, 2].map((maxBatches) => new LogBuffer({ maxBatches, overflow: 'block' }));
  const [one, two] = blocking as [LogBuffer, LogBuffer];
  const fanOut = new FanOut([one, two]);
  const [first, second, third] = batches(3) as [LogBatch, LogBatch, LogBatch];
  expect(fanOut.write(first)).toBe(true);
  expect(fanOut.write(second)).toBe(false);
  expect(fanOut.write(third)).toBe(false);
  const drained = once(fanOut, 'drain');
  expect(two.held.batches).toBe(2);
  expect(firstNumber(one.read() as LogBatch)).toBe(0);
  await once(one, 'drain');
  // The third one follows as soon as both have room. The second output has none then.
  expect([one.held.batches, two.held.batches]).toEqual([1, 2]);
  expect(firstNumber(two.read() as LogBatch)).toBe(0);
  expect(firstNumber(one.read() as LogBatch)).toBe(1);
  await drained;
  expect([readAll(one), readAll(two)]).toEqual([[2], [1, 2]]);
});

test('a batch that a reader writes during another write comes after it, for every output', async () => {
  const one: number[] = [];
  const two: number[] = [];
  const buffers = [new LogBuffer(), new LogBuffer()] as const;
  const fanOut = new FanOut(buffers);
  buffers[0].on('data', (batch: LogBatch) => {
    one.push(firstNumber(batch));
    if (firstNumber(batch) === 0) fanOut.write(logBatch(1, 1));
  });
  buffers[1].on('data', (batch: LogBatch) => two.push(firstNumber(batch)));
  fanOut.write(logBatch(1, 0));
  await once(fanOut, 'drain');
  expect([one, two]).toEqual([
    [0, 1],
    [0, 1],
  ]);
});

test('with writers and readers at random times, each output receives every batch once and in order', async () => {
  let state = seed >>> 0;
  const random = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (let run = 0; run < 20; run++) {
    const buffers = upTo(3).map(() => new LogBuffer({ maxBatches: 1 + random(4), overflow: 'block' }));
    const fanOut = new FanOut(buffers);
    const read: number[][] = buffers.map(() => []);
    let written = 0;
    // Not in the head of the loop, where each round has a variable of its own.
    let isWaiting = false;
    while (read.some((numbers) => numbers.length < 40)) {
      if (written < 40 && !isWaiting) {
        isWaiting = !fanOut.write(logBatch(1, written++));
        if (isWaiting)
          fanOut.once('drain', () => {
            isWaiting = false;
          });
      }
      const i = random(3);
      const batch = buffers[i]?.read();
      if (batch) read[i]?.push(firstNumber(batch));
      if (random(2) === 0) await Promise.resolve();
      if (random(8) === 0) await new Promise((resolve) => process.nextTick(resolve));
    }
    for (const numbers of read) expect(numbers).toEqual(upTo(40));
  }
});
