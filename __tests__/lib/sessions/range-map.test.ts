import { describe, expect, test } from '@jest/globals';
import { RangeMap } from '../../../lib/sessions/range-map.js';
import { random as randomNumbers } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';

const rangesOf = (map: RangeMap) => {
  const ranges: [from: number, to: number, state: number][] = [];
  map.forEach((...range) => {
    ranges.push(range);
  });
  return ranges;
};
const set = (to: number) => () => to;
const following = (state: number, add: number) => ((state + add - 1) % 3) + 1;

/** Returns whole numbers below a limit. */
function randomFrom(state: number): (limit: number) => number {
  const next = randomNumbers(state);
  return (limit) => Math.floor(next() * limit);
}

describe('a RangeMap', () => {
  const tables: [what: string, make: (map: RangeMap) => void, expected: number[][]][] = [
    ['is empty', () => undefined, []],
    [
      'joins neighbours of the same state',
      (map) => {
        for (const n of [5, 7, 6]) map.update(n, n + 1, set(1));
      },
      [[5, 8, 1]],
    ],
    [
      'keeps neighbours of different states apart',
      (map) => {
        for (const n of [1, 2]) map.update(n, n + 1, set(n));
      },
      [
        [1, 2, 1],
        [2, 3, 2],
      ],
    ],
    [
      'divides a range',
      (map) => {
        map.update(0, 10, set(1));
        map.update(3, 5, set(2));
      },
      [
        [0, 3, 1],
        [3, 5, 2],
        [5, 10, 1],
      ],
    ],
    [
      'changes what several ranges and the gaps between them have',
      (map) => {
        for (const n of [0, 2, 4]) map.update(n, n + 1, set(1));
        map.update(0, 6, (state) => state + 1);
      },
      [
        [0, 1, 2],
        [1, 2, 1],
        [2, 3, 2],
        [3, 4, 1],
        [4, 5, 2],
        [5, 6, 1],
      ],
    ],
    [
      'extends the last range',
      (map) => {
        map.update(0, 1, set(1));
        map.extend(1, 9, 1);
      },
      [[0, 9, 1]],
    ],
    [
      'extends only what these numbers follow',
      (map) => {
        map.update(0, 1, set(1));
        map.extend(2, 9, 1);
        map.extend(1, 9, 2);
      },
      [[0, 1, 1]],
    ],
    [
      'has exact numbers up to 2^53',
      (map) => map.update(Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, set(1)),
      [[Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, 1]],
    ],
  ];
  test.each(tables)('%s', (_, make, expected) => {
    const map = new RangeMap();
    make(map);
    expect(rangesOf(map)).toEqual(expected);
    expect(map.size).toBe(expected.length);
  });

  test.each([10, 300, 2000])('equals a list of states after random changes of %d numbers', (span) => {
    const random = randomFrom(seed);
    for (let round = 0; round < 20; round++) {
      const map = new RangeMap();
      const states = new Array<number>(span).fill(0);
      for (let step = 0; step < 200; step++) {
        const from = random(span);
        const to = Math.min(span, from + 1 + random(round % 2 === 0 ? 3 : span / 4));
        const add = 1 + random(2);
        const seen: number[] = [];
        map.update(from, to, (state, first, end) => {
          for (let n = first; n < end; n++) seen.push(n);
          return following(state, add);
        });
        expect(seen).toEqual(Array.from({ length: to - from }, (_, i) => from + i));
        for (let n = from; n < to; n++) states[n] = following(states[n] as number, add);
      }
      const read = new Array<number>(span).fill(0);
      map.forEach((from, to, state) => {
        read.fill(state, from, to);
      });
      expect(read).toEqual(states);
    }
  });

  test('stores many ranges that arrive in random order', () => {
    const random = randomFrom(seed);
    const map = new RangeMap();
    const numbers = new Set<number>();
    while (numbers.size < 20_000) numbers.add(2 * random(2 ** 30));
    for (const n of numbers) map.update(n, n + 1, set(1));
    expect(map.size).toBe(numbers.size);
    expect(rangesOf(map).map(([from]) => from)).toEqual([...numbers].sort((a, b) => a - b));
  });
});
