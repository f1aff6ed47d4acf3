import { afterEach, expect, jest, test } from '@jest/globals';
import { backoffMs } from '../../../lib/forwarding/backoff.js';
import { MAX_WAIT_MS } from '../../../lib/options.js';

afterEach(() => void jest.restoreAllMocks());

const usual = { initialDelayMs: 1000, factor: 2, maxDelayMs: 30_000 };

test.each<[string, number, Parameters<typeof backoffMs>, number]>([
  ['the first is the initial one', 1, [1, usual], 1000],
  ['it grows by the factor', 1, [4, usual], 8000],
  ['up to the longest one', 1, [6, usual], 30_000],
  ['also after thousands of failures', 1, [5000, usual], 30_000],
  ['it is of random length up to that', 0.25, [4, usual], 2000],
  ['it may be none', 0, [4, usual], 0],
  ['but not shorter than what was asked for', 0, [4, usual, 5000], 5000],
  ['which may be longer than the longest one', 1, [6, usual, 120_000], 120_000],
  ['a timer has its limits', 1, [1, usual, Number.MAX_VALUE], MAX_WAIT_MS],
  ['none stays none, however often', 1, [5000, { ...usual, initialDelayMs: 0 }], 0],
])('%s', (_what, random, args, expected) => {
  jest.spyOn(Math, 'random').mockReturnValue(random);
  expect(backoffMs(...args)).toBe(expected);
});
