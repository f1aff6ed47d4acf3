import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Episode } from '../../../lib/telemetry/episode.js';
import { logLines } from '../../helpers/log-lines.js';

const texts = { begins: 'begins', goesOn: 'goes on', ends: 'ends' };
const SECOND = 1000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function episode() {
  const logger = logLines();
  return {
    episode: new Episode(logger, 'why', texts),
    /** The lines since the last look. */
    lines: () => logger.lines.splice(0).map(({ level, message, fields }) => [level, message, fields]),
  };
}

test('the first time is a line at once, with its fields', () => {
  const { episode: it, lines } = episode();
  it.happened({ batches: 1, logs: 3 }, { err: 'x' });
  expect(lines()).toEqual([['warn', 'begins', { reason: 'why', batches: 1, logs: 3, err: 'x' }]]);
});

test('thousands of times are one line each 30 s, with what came since the last one', () => {
  const { episode: it, lines } = episode();
  for (let i = 0; i < 5000; i++) it.happened({ batches: 1, logs: 2 }, { err: 'x' });
  expect(lines()).toHaveLength(1);
  jest.advanceTimersByTime(30 * SECOND - 1);
  expect(lines()).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(lines()).toEqual([['warn', 'goes on', { reason: 'why', batches: 4999, logs: 9998 }]]);
  it.happened({ batches: 1 });
  jest.advanceTimersByTime(30 * SECOND);
  expect(lines()).toEqual([['warn', 'goes on', { reason: 'why', batches: 1 }]]);
});

test('30 s without it are its end, with all that it was and how long it took', () => {
  const { episode: it, lines } = episode();
  it.happened({ frames: 1 });
  it.happened({ frames: 2, bytes: 5 });
  jest.advanceTimersByTime(60 * SECOND);
  expect(lines().slice(2)).toEqual([['warn', 'ends', { reason: 'why', frames: 3, bytes: 5, seconds: 60 }]]);
  jest.advanceTimersByTime(600 * SECOND);
  expect(lines()).toEqual([]);
});

test('after its end it begins anew, from 0', () => {
  const { episode: it, lines } = episode();
  it.happened({ frames: 7 });
  jest.advanceTimersByTime(30 * SECOND);
  lines();
  it.happened({ frames: 1 });
  jest.advanceTimersByTime(30 * SECOND);
  expect(lines()).toEqual([
    ['warn', 'begins', { reason: 'why', frames: 1 }],
    ['warn', 'ends', { reason: 'why', frames: 1, seconds: 30 }],
  ]);
});

test('end() is the last line at once, and stops the clock', () => {
  const { episode: it, lines } = episode();
  it.happened({ frames: 1 });
  it.happened({ frames: 1 });
  jest.advanceTimersByTime(1600);
  it.end();
  expect(lines().slice(1)).toEqual([['warn', 'ends', { reason: 'why', frames: 2, seconds: 2 }]]);
  expect(jest.getTimerCount()).toBe(0);
});

test('end() says nothing where nothing goes on', () => {
  const { episode: it, lines } = episode();
  it.end();
  it.happened({ frames: 1 });
  it.end();
  lines();
  it.end();
  expect(lines()).toEqual([]);
});

test('its clock keeps no program alive', () => {
  const setInterval = jest.spyOn(globalThis, 'setInterval');
  episode().episode.happened({ frames: 1 });
  const timers = setInterval.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef());
  setInterval.mockRestore();
  expect(timers).toEqual([false]);
});
