import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Episode } from '../../../lib/telemetry/episode.js';
import { logLines } from '../../helpers/log-lines.js';

const texts = { started: 'started', continues: 'continues', ended: 'ended' };
const SECOND = 1000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function makeEpisode(of: { started: string; continues?: string; ended: string } = texts) {
  const logger = logLines();
  return {
    episode: new Episode(logger, of, { reason: 'why' }),
    /** The lines since the last call. */
    lines: () => logger.lines.splice(0).map(({ level, message, fields }) => [level, message, fields]),
  };
}

test('the first occurrence is logged at once, with its fields', () => {
  const { episode, lines } = makeEpisode();
  episode.happened({ batches: 1, logs: 3 }, { err: 'x' });
  expect(lines()).toEqual([['warn', 'started', { reason: 'why', batches: 1, logs: 3, err: 'x' }]]);
});

test('thousands of occurrences are one line every 30 s, with the counts since the last line', () => {
  const { episode, lines } = makeEpisode();
  for (let i = 0; i < 5000; i++) episode.happened({ batches: 1, logs: 2 }, { err: 'x' });
  expect(lines()).toHaveLength(1);
  jest.advanceTimersByTime(30 * SECOND - 1);
  expect(lines()).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(lines()).toEqual([['warn', 'continues', { reason: 'why', batches: 4999, logs: 9998 }]]);
  episode.happened({ batches: 1 });
  jest.advanceTimersByTime(30 * SECOND);
  expect(lines()).toEqual([['warn', 'continues', { reason: 'why', batches: 1 }]]);
});

test('30 s without an occurrence end it; the last line has the total and the duration', () => {
  const { episode, lines } = makeEpisode();
  episode.happened({ frames: 1 });
  episode.happened({ frames: 2, bytes: 5 });
  jest.advanceTimersByTime(60 * SECOND);
  expect(lines().slice(2)).toEqual([['warn', 'ended', { reason: 'why', frames: 3, bytes: 5, seconds: 60 }]]);
  jest.advanceTimersByTime(600 * SECOND);
  expect(lines()).toEqual([]);
});

test('the next episode counts from 0', () => {
  const { episode, lines } = makeEpisode();
  episode.happened({ frames: 7 });
  jest.advanceTimersByTime(30 * SECOND);
  lines();
  episode.happened({ frames: 1 });
  jest.advanceTimersByTime(30 * SECOND);
  expect(lines()).toEqual([
    ['warn', 'started', { reason: 'why', frames: 1 }],
    ['warn', 'ended', { reason: 'why', frames: 1, seconds: 30 }],
  ]);
});

test('end() writes the last line at once, and stops the timer', () => {
  const { episode, lines } = makeEpisode();
  episode.happened({ frames: 1 });
  episode.happened({ frames: 1 });
  jest.advanceTimersByTime(1600);
  episode.end();
  expect(lines().slice(1)).toEqual([['warn', 'ended', { reason: 'why', frames: 2, seconds: 2 }]]);
  expect(jest.getTimerCount()).toBe(0);
});

test('end() writes nothing if there is no episode', () => {
  const { episode, lines } = makeEpisode();
  episode.end();
  episode.happened({ frames: 1 });
  episode.end();
  lines();
  episode.end();
  expect(lines()).toEqual([]);
});

test('another kind gets its own first line, a kind that had one does not', () => {
  const { episode, lines } = makeEpisode();
  for (const kind of ['a', 'a', 'b', 'b', 'a']) episode.happened({ n: 1 }, { err: kind }, kind);
  expect(lines()).toEqual(['a', 'b'].map((err) => ['warn', 'started', { reason: 'why', n: 1, err }]));
  episode.end();
  expect(lines()).toEqual([['warn', 'ended', { reason: 'why', n: 5, seconds: 0 }]]);
});

describe('without a text for "continues"', () => {
  const outage = { started: 'started', ended: 'ended' };

  test('it has two lines, and only end() ends it', () => {
    const { episode, lines } = makeEpisode(outage);
    for (let i = 0; i < 3; i++) {
      episode.happened({}, { err: i });
      jest.advanceTimersByTime(100 * SECOND);
    }
    expect(lines()).toEqual([['warn', 'started', { reason: 'why', err: 0 }]]);
    episode.end();
    expect(lines()).toEqual([['warn', 'ended', { reason: 'why', seconds: 300 }]]);
  });

  test('it needs no timer', () => {
    const { episode } = makeEpisode(outage);
    episode.happened({});
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('what starts and ends again and again', () => {
  const outage = { started: 'started', ended: 'ended' };
  const messages = (lines: unknown[][]) => lines.map(([, message]) => message);

  /** Fails and recovers for some time, 500 times a second. */
  function flap(episode: Episode, seconds: number): void {
    for (let i = 0; i < seconds * 500; i++) {
      episode.happened({}, { err: i });
      jest.advanceTimersByTime(1);
      episode.over();
      jest.advanceTimersByTime(1);
    }
  }

  test.each([outage, texts])('has at most one line every 30 s: %j', (of) => {
    const { episode, lines } = makeEpisode(of);
    flap(episode, 29);
    expect(messages(lines())).toEqual(['started']);
    flap(episode, 92);
    expect(lines()).toHaveLength(4);
  });

  test('the last line says how it stands: it has ended', () => {
    const { episode, lines } = makeEpisode(outage);
    flap(episode, 10);
    lines();
    jest.advanceTimersByTime(60 * SECOND);
    expect(lines()).toEqual([['warn', 'ended', { reason: 'why', times: 5000, seconds: 10 }]]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('the last line says how it stands: it lasts', () => {
    const { episode, lines } = makeEpisode(outage);
    flap(episode, 10);
    episode.happened({}, { err: 'lasts' });
    lines();
    jest.advanceTimersByTime(300 * SECOND);
    expect(lines()).toEqual([['warn', 'started', { reason: 'why', times: 5000, err: 'lasts' }]]);
    episode.over();
    expect(lines()).toEqual([['warn', 'ended', { reason: 'why', times: 5001, seconds: 310 }]]);
  });

  test('a start soon after an end is said 30 s after the end, even if it is over by then', () => {
    for (const lasts of [true, false]) {
      const { episode, lines } = makeEpisode(outage);
      episode.happened({});
      jest.advanceTimersByTime(40 * SECOND);
      episode.over();
      jest.advanceTimersByTime(10 * SECOND);
      episode.happened({}, { err: 2 });
      jest.advanceTimersByTime(5 * SECOND);
      if (!lasts) episode.over();
      expect(messages(lines())).toEqual(['started', 'ended']);
      jest.advanceTimersByTime(15 * SECOND);
      expect(lines()).toEqual([
        lasts
          ? ['warn', 'started', { reason: 'why', err: 2 }]
          : ['warn', 'ended', { reason: 'why', seconds: 5 }],
      ]);
    }
  });

  test('a start and an end that are 30 s from any other line are said at once', () => {
    const { episode, lines } = makeEpisode(outage);
    for (let i = 0; i < 3; i++) {
      episode.happened({});
      expect(messages(lines())).toEqual(['started']);
      jest.advanceTimersByTime(30 * SECOND);
      episode.over();
      expect(messages(lines())).toEqual(['ended']);
      jest.advanceTimersByTime(30 * SECOND);
    }
  });

  test('kinds that take turns have one line each', () => {
    const { episode, lines } = makeEpisode(outage);
    for (let i = 0; i < 1000; i++) {
      episode.happened({}, {}, ['a', 'b', 'c'][i % 3]);
      episode.over();
    }
    expect(lines()).toHaveLength(3);
  });

  test.each([
    ['it lasts', true, ['started']],
    ['it has ended', false, ['ended']],
  ])('flush() says at once what the last line does not: %s', (_what, lasts, said) => {
    const { episode, lines } = makeEpisode(outage);
    flap(episode, 1);
    lines();
    if (lasts) episode.happened({});
    episode.flush();
    expect(messages(lines())).toEqual(said);
    episode.flush();
    expect(lines()).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

test('its timer does not keep the process alive', () => {
  const setTimeout = jest.spyOn(globalThis, 'setTimeout');
  makeEpisode().episode.happened({ frames: 1 });
  const timers = setTimeout.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef());
  setTimeout.mockRestore();
  expect(timers).toEqual([false]);
});
