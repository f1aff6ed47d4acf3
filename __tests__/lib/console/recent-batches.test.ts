import { describe, expect, test } from '@jest/globals';
import { RecentBatches } from '../../../lib/console/recent-batches.js';
import { seed } from '../../helpers/seed.js';

/** A batch whose bytes are all the same. */
const batch = (count: number, length: number, byte = 0) => ({ count, raw: Buffer.alloc(length, byte) });

/** What is kept: the number of the first event of each batch, its count, and its first byte. */
function kept(batches: RecentBatches): number[][] {
  const found: number[][] = [];
  let next = batches.oldest;
  for (let at = batches.at(next); at !== undefined; at = batches.at(next)) {
    // If its bytes are not all the same, another batch has overwritten some of them.
    const byte = at.raw.equals(Buffer.alloc(at.raw.length, at.raw[0])) ? (at.raw[0] as number) : -1;
    found.push([at.firstEvent, at.count, byte, at.raw.length]);
    next = at.next;
  }
  return found;
}

describe('keeps', () => {
  test('the newest events', () => {
    const batches = new RecentBatches({ maxEvents: 10, maxBytes: 1000 });
    for (let i = 0; i < 5; i++) batches.write(batch(3, 10, i));
    expect(kept(batches)).toEqual([
      [6, 3, 2, 10],
      [9, 3, 3, 10],
      [12, 3, 4, 10],
    ]);
    expect(batches.events).toBe(15);
  });

  test('what its memory has room for', () => {
    const batches = new RecentBatches({ maxEvents: 100, maxBytes: 100 });
    for (let i = 0; i < 5; i++) batches.write(batch(1, 40, i));
    expect(kept(batches).map(([first]) => first)).toEqual([3, 4]);
  });

  test.each([
    ['more bytes than there is memory', batch(1, 101)],
    ['more events than are kept', batch(11, 50)],
    ['no event', batch(0, 0)],
  ])('no batch with %s, but counts it', (_name, odd) => {
    const batches = new RecentBatches({ maxEvents: 10, maxBytes: 100 });
    batches.write(odd);
    batches.write(batch(1, 10, 7));
    expect(kept(batches)).toEqual([[odd.count, 1, 7, 10]]);
  });

  test('only so many batches in one tick, and the next event is numbered as if all were kept', () => {
    const batches = new RecentBatches({ maxEvents: 100_000, maxBytes: 2 ** 20 });
    for (let i = 0; i < 5000; i++) batches.write(batch(2, 10, 1));
    expect(kept(batches)).toHaveLength(2000);
    batches.tick();
    batches.write(batch(2, 10, 1));
    expect(kept(batches).at(-1)?.[0]).toBe(10_000);
  });

  test('only so many bytes in one tick', () => {
    const batches = new RecentBatches({ maxEvents: 100_000, maxBytes: 8 * 2 ** 20 });
    for (let i = 0; i < 10; i++) batches.write(batch(2, 2 ** 20, 1));
    expect(kept(batches)).toHaveLength(4);
  });

  test('a copy', () => {
    const batches = new RecentBatches({ maxEvents: 10, maxBytes: 100 });
    const written = batch(1, 10, 7);
    batches.write(written);
    written.raw.fill(8);
    expect(kept(batches)).toEqual([[0, 1, 7, 10]]);
  });
});

describe('finds', () => {
  const batches = new RecentBatches({ maxEvents: 10, maxBytes: 1000 });
  for (let i = 0; i < 5; i++) batches.write(batch(3, 10, i));

  test.each([
    [0, 6],
    [6, 6],
    [8, 6],
    [9, 9],
    [14, 12],
  ])('for event %d the batch that begins with %d', (event, first) => {
    expect(batches.at(batches.batchOf(event))?.firstEvent).toBe(first);
  });

  test('nothing for an event that has not arrived', () => {
    expect(batches.at(batches.batchOf(15))).toBeUndefined();
  });
});

test('random batches: what is kept are the newest ones, and their bytes are theirs', () => {
  let state = seed;
  const below = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
  const wrong: unknown[] = [];
  for (let round = 0; round < 100; round++) {
    const limits = { maxEvents: 1 + below(60), maxBytes: 1 + below(400) };
    const batches = new RecentBatches(limits);
    const written: number[][] = [];
    let events = 0;
    for (let i = 0; i < 100; i++) {
      const [count, length, byte] = [1 + below(8), 1 + below(80), below(256)];
      batches.write(batch(count, length, byte));
      if (count <= limits.maxEvents && length <= limits.maxBytes) written.push([events, count, byte, length]);
      events += count;
      const now = kept(batches);
      const bytes = now.reduce((sum, [, , , length = 0]) => sum + length, 0);
      const [first = 0, , , nextLength = 0] = written.at(-1 - now.length) ?? [0, 0, 0, 1000];
      // Each end of a lap may leave a gap that is as long as the longest batch.
      const isFull = events - first > limits.maxEvents || bytes + nextLength + 160 > limits.maxBytes;
      const newest = now.length === 0 ? [] : written.slice(-now.length);
      const isRight = JSON.stringify(now) === JSON.stringify(newest) && bytes <= limits.maxBytes && isFull;
      if (!isRight) wrong.push({ seed, round, i, limits, now, newest, bytes });
    }
  }
  expect(wrong).toEqual([]);
});
