import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Queue } from '../../../lib/streams/queue.js';
import { seed } from '../../helpers/seed.js';

test('the first item in is the first item out', () => {
  const queue = new Queue<string>();
  for (const item of ['a', 'b', 'c']) queue.push(item);
  expect([queue.length, queue.peek()]).toEqual([3, 'a']);
  expect([queue.shift(), queue.shift(), queue.shift(), queue.length]).toEqual(['a', 'b', 'c', 0]);
});

test('an empty queue returns undefined, and can be filled again', () => {
  const queue = new Queue<number>();
  expect([queue.peek(), queue.shift(), queue.length]).toEqual([undefined, undefined, 0]);
  queue.push(1);
  expect([queue.peek(), queue.shift(), queue.shift(), queue.peek()]).toEqual([1, 1, undefined, undefined]);
});

test.each([0, 1, 2, 3])('an item that is put back after %i were removed is the next one', (removed) => {
  const queue = new Queue<number>();
  for (const item of [0, 1, 2, 3]) queue.push(item);
  for (let i = 0; i < removed; i++) queue.shift();
  queue.unshift(-1);
  expect([queue.peek(), queue.length]).toEqual([-1, 5 - removed]);
  expect(Array.from({ length: queue.length }, () => queue.shift())).toEqual(
    [-1, 0, 1, 2, 3].filter((item) => item === -1 || item >= removed),
  );
});

test('behaves like an array in any sequence of operations', () => {
  const step = fc.constantFrom('push', 'push', 'push', 'shift', 'shift', 'unshift');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Queue<number>();
      const array: number[] = [];
      for (const [i, what] of steps.entries()) {
        if (what === 'shift') {
          expect(queue.shift()).toBe(array.shift());
        } else {
          queue[what](i);
          array[what](i);
        }
        expect([queue.length, queue.peek()]).toEqual([array.length, array[0]]);
      }
    }),
    { seed, numRuns: 100 },
  );
});
