import { afterEach, expect, jest, test } from '@jest/globals';
import { backoffMs } from '../../../lib/forwarding/backoff.js';
import { MAX_WAIT_MS } from '../../../lib/options.js';

afterEach(() => void jest.restoreAllMocks());

const usual = { initialDelayMs: 1000, factor: 2, maxDelayMs: 30_000, maxRetryAfterMs: 300_000 };

test.each<[string, number, Parameters<typeof backoffMs>, number]>([
  ['the first one is at most the initial delay', 1, [1, usual], 1000],
  ['the limit grows by the factor', 1, [4, usual], 8000],
  ['up to the longest delay', 1, [6, usual], 30_000],
  ['also after thousands of failures', 1, [5000, usual], 30_000],
  ['it is random, up to that limit', 0.25, [4, usual], 2000],
  ['it may be 0', 0, [4, usual], 0],
  ['but it is not shorter than the minimum', 0, [4, usual, 5000], 5000],
  ['which may exceed the longest delay', 1, [6, usual, 120_000], 120_000],
  ['but not a limit of its own', 1, [6, usual, 600_000], 300_000],
  ['whatever a wrong clock makes of it', 1, [1, usual, Number.MAX_VALUE], 300_000],
  [
    'it never exceeds what a timer supports',
    1,
    [1, { ...usual, maxRetryAfterMs: MAX_WAIT_MS }, Number.MAX_VALUE],
    MAX_WAIT_MS,
  ],
  ['an initial delay of 0 stays 0', 1, [5000, { ...usual, initialDelayMs: 0 }], 0],
])('the delay: %s', (_what, random, args, expected) => {
  jest.spyOn(Math, 'random').mockReturnValue(random);
  expect(backoffMs(...args)).toBe(expected);
});
