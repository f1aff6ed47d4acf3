import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Batch } from '../../../lib/batch.js';
import { LogBuffer } from '../../../lib/index.js';
import { seed } from '../../helpers/seed.js';

/** A batch of so many bytes that knows its sender. */
interface Named extends Batch {
  readonly from: number;
}
const batch = (from: number, bytes = 1): Named => ({ count: 1, raw: new Uint8Array(bytes), from });

interface Options {
  maxBatches: number;
  maxBytes?: number;
  senders: number;
}

/** A fair buffer with its senders, and what became of each batch. */
function fair({ senders, ...options }: Options) {
  const buffer = new LogBuffer<Named>({ ...options, fairShare: true });
  const entrances = Array.from({ length: senders }, () => buffer.sender());
  const drops: [number, string][] = [];
  buffer.on('drop', ({ from }: Named, reason: string) => drops.push([from, reason]));
  /** @returns whether the batch found room. */
  const send = (from: number, bytes = 1) => {
    const before = drops.length;
    entrances[from]?.write(batch(from, bytes));
    return drops.length === before;
  };
  /** Sends until a batch is dropped. @returns how many found room. */
  const flood = (from: number) => {
    let sent = 0;
    while (send(from)) sent += 1;
    return sent;
  };
  return { buffer, entrances, drops, send, flood };
}

describe('a buffer of 100 batches', () => {
  test('gives a sender half of it if it is alone, and a batch to each of the others', () => {
    const { buffer, flood, send, drops } = fair({ maxBatches: 100, senders: 20 });
    expect(flood(0)).toBe(50);
    expect(drops).toEqual([[0, 'unfair_share']]);
    for (let quiet = 1; quiet < 20; quiet++) expect(send(quiet)).toBe(true);
    expect(buffer.held.batches).toBe(69);
  });

  test.each([
    // One third, and what remains without the reserve of a quarter.
    ['two floods', [50, 25]],
    ['three floods', [50, 25, 1]],
  ])('divides itself between %s', (_name, expected) => {
    const { flood } = fair({ maxBatches: 100, senders: 10 });
    expect(expected.map((_room, i) => flood(i))).toEqual(expected);
  });

  test('has room for all senders that were open when the flood began, even if they are as many as it holds', () => {
    const { flood, send } = fair({ maxBatches: 100, senders: 99 });
    for (let loud = 0; loud < 50; loud++) flood(loud);
    for (let quiet = 50; quiet < 99; quiet++) expect(send(quiet)).toBe(true);
  });

  test('gives the share back when a batch is read, and when it is put back it is nobody’s', () => {
    const { buffer, flood, send } = fair({ maxBatches: 100, senders: 3 });
    flood(0);
    const first = buffer.read() as Named;
    expect(send(0)).toBe(true);
    expect(send(0)).toBe(false);
    buffer.unshift(first);
    expect(buffer.held.batches).toBe(51);
    while (buffer.read() !== null);
    expect(flood(0)).toBe(50);
  });

  test('forgets a sender that has gone', () => {
    const { buffer, entrances, flood } = fair({ maxBatches: 100, senders: 80 });
    expect(flood(0)).toBe(20);
    for (const entrance of entrances.slice(1)) entrance.destroy();
    while (buffer.read() !== null);
    expect(flood(0)).toBe(50);
  });
});

test('the shares count bytes, too', () => {
  const { send, drops } = fair({ maxBatches: 100, maxBytes: 10_000, senders: 4 });
  expect(send(0, 4000)).toBe(true);
  expect(send(0, 2000)).toBe(false);
  expect(send(0, 1000)).toBe(true);
  expect(send(1, 2501)).toBe(true);
  expect(send(1, 100)).toBe(false);
  expect(send(2, 100)).toBe(true);
  expect(drops).toEqual([
    [0, 'unfair_share'],
    [1, 'unfair_share'],
  ]);
});

test('a batch that is larger than the buffer is dropped as buffer_full', () => {
  const { send, drops } = fair({ maxBatches: 10, maxBytes: 100, senders: 1 });
  send(0);
  send(0, 101);
  expect(drops).toEqual([[0, 'buffer_full']]);
});

test.each([
  ['without fairShare', { maxBatches: 10 }],
  ['if the senders wait', { maxBatches: 10, overflow: 'block', fairShare: true }],
] as const)('%s a sender may use the whole buffer', (_name, options) => {
  const buffer = new LogBuffer<Named>(options);
  const sender = buffer.sender();
  const drops: string[] = [];
  buffer.on('drop', (_batch, reason) => drops.push(reason));
  for (let i = 0; i < 11; i++) sender.write(batch(0));
  expect(buffer.held.batches).toBe(10);
  expect(drops).toEqual('overflow' in options ? [] : ['buffer_full']);
});

test('what waits at an entrance goes on when there is room', async () => {
  const buffer = new LogBuffer<Named>({ maxBatches: 2, overflow: 'block', fairShare: true });
  const sender = buffer.sender();
  for (let i = 0; i < 30; i++) sender.write(batch(i));
  sender.end();
  const read: number[] = [];
  for await (const { from } of buffer) {
    read.push(from);
    if (read.length === 30) break;
  }
  expect(read).toEqual(Array.from({ length: 30 }, (_, i) => i));
});

test(`a sender without a batch in the buffer always finds room, whatever the others do (seed ${seed})`, () => {
  const CAPACITY = 20;
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        what: fc.constant('send' as const),
        who: fc.nat(),
        bytes: fc.integer({ min: 1, max: 100 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ what: fc.constant('read' as const), who: fc.nat(), bytes: fc.constant(0) }),
    },
  );
  fc.assert(
    fc.property(
      // No more senders than the buffer has batches, less one.
      fc.integer({ min: 1, max: CAPACITY - 1 }),
      fc.array(step, { maxLength: 300 }),
      (senders, steps) => {
        const { buffer, send } = fair({ maxBatches: CAPACITY, maxBytes: 100 * CAPACITY, senders });
        // The model: what is in the buffer, in order.
        const model: { from: number; bytes: number }[] = [];
        for (const { what, who, bytes } of steps) {
          if (what === 'read') {
            expect(buffer.read()?.from).toBe(model.shift()?.from);
            continue;
          }
          const from = who % senders;
          const own = model.filter((held) => held.from === from);
          const active = new Set(model.map((held) => held.from)).size;
          const found = send(from, bytes);
          if (own.length === 0) expect(found).toBe(true);
          else if (found) expect(own.length + 1).toBeLessThanOrEqual(CAPACITY / (active + 1));
          if (found) model.push({ from, bytes });
          expect(buffer.held.batches).toBe(model.length);
          expect(buffer.held.bytes).toBe(model.reduce((sum, held) => sum + held.bytes, 0));
        }
      },
    ),
    { seed, numRuns: 500 },
  );
});
