import { getEventListeners, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { RetryingReporter } from '../../../lib/forwarding/retrying-reporter.js';
import { Forwarder, LogBatch, type Reporter, type RetryOptions } from '../../../lib/index.js';
import { firstNumber, logBatch } from '../../helpers/messages.js';

const unavailable = new Error('not available');
const failing = () => Promise.reject(unavailable);
const never = () => new Promise<void>(() => undefined);
const permanent = () => Promise.reject(Object.assign(new Error('not this one'), { permanent: true }));

type Step = (signal: AbortSignal) => Promise<void> | void;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
});

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** With 1, delays have their longest value; with 0, they last 1 ms, the shortest time of a timer. */
const random = (value: number) => jest.spyOn(Math, 'random').mockReturnValue(value);

/** A reporter that makes one step at each attempt, and repeats the last one. */
function scripted<Batch = unknown>(...steps: Step[]) {
  const start = Date.now();
  const attempts: { at: number; batch: Batch; signal: AbortSignal }[] = [];
  const reporter: Reporter<Batch> = {
    report(batch, { signal }) {
      attempts.push({ at: Date.now() - start, batch, signal });
      return steps[Math.min(attempts.length, steps.length) - 1]?.(signal);
    },
  };
  return { reporter, attempts, times: () => attempts.map(({ at }) => at) };
}

/** Reports a batch with retries, and records what happens. */
function report(steps: Step[], options: RetryOptions) {
  const { reporter, attempts, times } = scripted(...steps);
  const retried: unknown[] = [];
  const abort = new AbortController();
  const retrying = new RetryingReporter(reporter, options, (error) => retried.push(error));
  const state = { outcome: 'open' as unknown };
  const result = retrying.report('batch', { signal: abort.signal });
  result?.then(
    () => {
      state.outcome = 'delivered';
    },
    (error: unknown) => {
      state.outcome = error;
    },
  );
  return { state, retried, abort, attempts, times, result };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe('the delays', () => {
  test('grow from 1 s by the factor 2 up to 30 s, by default', async () => {
    random(1);
    const { times, retried, state } = report([failing], { maxAttempts: 9 });
    await pass(200_000);
    expect(times()).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000, 121_000]);
    expect(retried).toEqual(Array.from({ length: 8 }, () => unavailable));
    expect(state.outcome).toBe(unavailable);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('are random: half as long for a random number of 0.5', async () => {
    random(0.5);
    const { times } = report([failing], { maxAttempts: 4 });
    await pass(60_000);
    expect(times()).toEqual([0, 500, 1500, 3500]);
  });

  test('are random: as short as a timer can be for a random number of 0', async () => {
    random(0);
    const { times } = report([failing], { maxAttempts: 4 });
    await pass(3);
    expect(times()).toHaveLength(4);
  });

  test('follow from the options', async () => {
    random(1);
    const { times } = report([failing], { initialDelayMs: 10, factor: 3, maxDelayMs: 100, maxAttempts: 6 });
    await pass(1000);
    expect(times()).toEqual([0, 10, 40, 130, 230, 330]);
  });

  test('do not grow with the factor 1', async () => {
    random(1);
    const { times } = report([failing], { initialDelayMs: 10, factor: 1, maxAttempts: 4 });
    await pass(1000);
    expect(times()).toEqual([0, 10, 20, 30]);
  });

  test('start again with each batch', async () => {
    random(1);
    const { reporter, times } = scripted(
      failing,
      failing,
      () => undefined,
      failing,
      () => undefined,
    );
    const retrying = new RetryingReporter(reporter, {}, () => undefined);
    const { signal } = new AbortController();
    const first = retrying.report('first', { signal });
    await pass(3000);
    await first;
    const second = retrying.report('second', { signal });
    await pass(1000);
    await second;
    expect(times()).toEqual([0, 1000, 3000, 3000, 4000]);
  });
});

describe('the end of the attempts', () => {
  test('with maxAttempts 1 there is no retry', async () => {
    const { times, retried, state } = report([failing], { maxAttempts: 1 });
    await pass(0);
    expect(times()).toEqual([0]);
    expect(retried).toEqual([]);
    expect(state.outcome).toBe(unavailable);
  });

  test.each([
    [7000, [0, 1000, 3000, 7000]],
    [6999, [0, 1000, 3000]],
    [0, [0]],
  ])('maxElapsedMs %d: fails as soon as the next attempt would be too late', async (ms, expected) => {
    random(1);
    const { times, state } = report([failing], { maxElapsedMs: ms });
    await pass(expected.at(-1) ?? 0);
    expect(state.outcome).toBe(unavailable);
    await pass(100_000);
    expect(times()).toEqual(expected);
  });

  test('is after 300 s, by default', async () => {
    random(1);
    const { times, state } = report([failing], {});
    await pass(270_999);
    expect(state.outcome).toBe('open');
    await pass(1);
    expect(state.outcome).toBe(unavailable);
    expect(times().at(-1)).toBe(271_000);
  });

  test('never comes if both limits are Infinity', async () => {
    random(1);
    const options = { maxElapsedMs: Number.POSITIVE_INFINITY, maxAttempts: Number.POSITIVE_INFINITY };
    const { times, state, abort } = report([failing], options);
    await pass(3_600_000);
    expect(times()).toHaveLength(6 + Math.floor((3_600_000 - 31_000) / 30_000));
    expect(state.outcome).toBe('open');
    abort.abort();
    await pass(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is a failure with the last error', async () => {
    random(1);
    const last = new Error('still not available');
    const { state } = report([failing, () => Promise.reject(last)], { maxAttempts: 2 });
    await pass(1000);
    expect(state.outcome).toBe(last);
  });
});

describe('an attempt that takes too long', () => {
  test('is abandoned after timeoutMs: its signal aborts, and the next attempt follows', async () => {
    random(0);
    const { attempts, retried, state } = report([never, never, async () => undefined], { timeoutMs: 50 });
    await pass(49);
    expect(attempts.map(({ signal }) => signal.aborted)).toEqual([false]);
    await pass(1);
    expect(attempts.map(({ signal }) => signal.aborted)).toEqual([true]);
    await pass(1);
    expect(attempts.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(attempts[0]?.signal.reason).toMatchObject({ message: 'no answer within 50 ms' });
    expect(retried).toEqual([attempts[0]?.signal.reason]);
    await pass(101);
    expect(attempts.map(({ at }) => at)).toEqual([0, 51, 152]);
    expect(state.outcome).toBe('delivered');
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is one of more than 10 s, by default', async () => {
    random(0);
    const { times, abort } = report([never], {});
    await pass(9999);
    expect(times()).toEqual([0]);
    await pass(2);
    expect(times()).toEqual([0, 10_001]);
    abort.abort();
    await pass(10_000);
  });

  test('does not exist with timeoutMs Infinity: only the signal ends an attempt', async () => {
    const { attempts, abort, state } = report([never], { timeoutMs: Number.POSITIVE_INFINITY });
    expect(jest.getTimerCount()).toBe(0);
    await pass(86_400_000);
    expect(attempts).toHaveLength(1);
    expect(state.outcome).toBe('open');
    abort.abort();
    expect(attempts[0]?.signal.aborted).toBe(true);
  });

  test('counts as an attempt', async () => {
    random(0);
    const { times, state } = report([never], { timeoutMs: 50, maxAttempts: 3 });
    await pass(1000);
    expect(times()).toEqual([0, 51, 152]);
    expect(state.outcome).toMatchObject({ message: 'no answer within 200 ms' });
  });

  test('may complete late: neither a success nor a failure has an effect', async () => {
    random(1);
    let succeed: () => void = () => undefined;
    let fail: (error: Error) => void = () => undefined;
    const { times, state, retried } = report(
      [
        () => new Promise<void>((resolve) => { succeed = resolve; }), // biome-ignore format: one line a step
        () => new Promise<void>((_resolve, reject) => { fail = reject; }), // biome-ignore format: one line a step
        failing,
        async () => undefined,
      ],
      { timeoutMs: 50, maxTimeoutMs: 50, initialDelayMs: 100, factor: 1 },
    );
    await pass(60);
    // During the delay.
    succeed();
    await pass(100);
    expect(times()).toEqual([0, 150]);
    await pass(60);
    fail(new Error('late'));
    await pass(200);
    expect(times()).toEqual([0, 150, 300, 400]);
    expect(retried).toHaveLength(3);
    expect(retried).not.toContainEqual(new Error('late'));
    expect(state.outcome).toBe('delivered');
  });

  test('leaves no listeners on the signal, and no timers, however often it happens', async () => {
    random(0);
    const { abort, attempts, state } = report([never], { timeoutMs: 1, maxTimeoutMs: 1, maxAttempts: 500 });
    await pass(500);
    expect(attempts.length).toBeGreaterThan(200);
    expect(getEventListeners(abort.signal, 'abort').length).toBeLessThanOrEqual(1);
    await pass(1000);
    expect(state.outcome).toBeInstanceOf(Error);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('the time of an attempt', () => {
  /** A reporter that answers after so long, or gives up when it is told to. */
  const answeringAfter = (ms: number) => (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });

  test('doubles after each one that took too long, so that a slow destination receives a batch in the end', async () => {
    random(0);
    const { state, attempts, times } = report([answeringAfter(35_000)], {});
    await pass(105_100);
    expect(times()).toEqual([0, 10_001, 30_002]);
    expect(attempts.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
    expect(state.outcome).toBe('delivered');
  });

  test.each([
    ['up to 5 min, by default', {}, [0, 10, 30, 70, 150, 310, 610, 910]],
    ['up to maxTimeoutMs', { maxTimeoutMs: 15_000 }, [0, 10, 25, 40, 55, 70, 85, 100]],
    ['but it does not become shorter', { maxTimeoutMs: 5000 }, [0, 10, 20, 30, 40, 50, 60, 70]],
    ['from timeoutMs on', { timeoutMs: 200_000 }, [0, 200, 500, 800, 1100, 1400, 1700, 2000]],
  ])('doubles %s', async (_what, options, seconds) => {
    random(0);
    const { times } = report([never], { ...options, maxElapsedMs: Number.POSITIVE_INFINITY });
    await pass(2_100_000);
    expect(
      times()
        .slice(0, 8)
        .map((ms) => Math.floor(ms / 1000)),
    ).toEqual(seconds);
  });

  test('stays while answers need it, and is the first one again after an answer within that', async () => {
    random(0);
    const { reporter, attempts } = scripted(
      answeringAfter(15_000),
      answeringAfter(15_000),
      answeringAfter(15_000),
      failing,
      answeringAfter(9_000),
      answeringAfter(15_000),
    );
    const retrying = new RetryingReporter(reporter, {}, () => undefined);
    const { signal } = new AbortController();
    for (const batch of ['a', 'b', 'c', 'd']) {
      const result = retrying.report(batch, { signal });
      await pass(60_000);
      await result;
    }
    expect(attempts.map(({ batch }) => batch).join('')).toBe('aabccdd');
  });

  test('doubles once for reports at the same time', async () => {
    random(0);
    const { reporter, attempts } = scripted(never);
    const retrying = new RetryingReporter(reporter, {}, () => undefined);
    const { signal } = new AbortController();
    for (const batch of ['a', 'b', 'c']) void retrying.report(batch, { signal });
    await pass(29_000);
    expect(attempts).toHaveLength(6);
    await pass(2000);
    expect(attempts).toHaveLength(9);
  });
});

test('an attempt that completes in time leaves no listeners and timers, either', async () => {
  random(0);
  const { abort, state } = report([failing, failing, async () => undefined], {});
  await pass(2);
  expect(state.outcome).toBe('delivered');
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});

describe('an error that is', () => {
  test('permanent ends the attempts at once', async () => {
    const { times, retried, state } = report([permanent], {});
    await pass(100_000);
    expect(times()).toEqual([0]);
    expect(retried).toEqual([]);
    expect(state.outcome).toMatchObject({ permanent: true });
  });

  test('permanent ends them after other errors, too', async () => {
    random(0);
    const { times, retried } = report([failing, permanent], {});
    await pass(100_000);
    expect(times()).toHaveLength(2);
    expect(retried).toEqual([unavailable]);
  });

  test.each([undefined, null, 'a text', 0, { permanent: 'yes' }, { permanent: false }])(
    'not permanent (%p) is followed by another attempt',
    async (error) => {
      const { retried } = report([() => Promise.reject(error)], { maxAttempts: 2 });
      await pass(1000);
      expect(retried).toEqual([error]);
    },
  );
});

describe('retryWithinMs', () => {
  const asking = (hints: object) => () => Promise.reject(Object.assign(new Error('busy'), hints));

  test.each([
    ['is the longest delay', { retryWithinMs: 50 }, 50],
    ['does not make a delay longer', { retryWithinMs: 5000 }, 1000],
    ['together with retryAfterMs is the delay', { retryAfterMs: 50, retryWithinMs: 50 }, 50],
    ['that is negative is ignored', { retryWithinMs: -1 }, 1000],
    ['that is not a number is ignored', { retryWithinMs: Number.NaN }, 1000],
    ['that is a text is ignored', { retryWithinMs: '50' }, 1000],
  ])('%s', async (_what, hints, expected) => {
    random(1);
    const { times } = report([asking(hints), async () => undefined], {});
    await pass(expected - 1);
    expect(times()).toEqual([0]);
    await pass(1);
    expect(times()).toEqual([0, expected]);
  });
});

describe('retryAfterMs', () => {
  const asking = (retryAfterMs: unknown) => () =>
    Promise.reject(Object.assign(new Error('busy'), { retryAfterMs }));

  test.each([
    ['the delay is not shorter', 0, 5000, 5000],
    ['a longer delay stays', 1, 10, 1000],
    ['it may exceed maxDelayMs', 1, 60_000, 60_000],
  ])('%s', async (_what, value, retryAfterMs, expected) => {
    random(value);
    const { times } = report([asking(retryAfterMs), async () => undefined], {});
    await pass(expected - 1);
    expect(times()).toEqual([0]);
    await pass(1);
    expect(times()).toEqual([0, expected]);
  });

  test.each([
    ['5 min by default', {}, 300_000],
    ['maxRetryAfterMs', { maxRetryAfterMs: 20_000 }, 20_000],
    ['maxRetryAfterMs, also above 5 min', { maxRetryAfterMs: 400_000 }, 400_000],
  ])('is limited to %s, whatever a wrong clock makes of it', async (_what, options, expected) => {
    for (const retryAfterMs of [86_400_000, Number.POSITIVE_INFINITY]) {
      random(0);
      const { times } = report([asking(retryAfterMs), async () => undefined], {
        ...options,
        maxElapsedMs: Number.POSITIVE_INFINITY,
      });
      await pass(500_000);
      expect(times()).toEqual([0, expected]);
    }
  });

  test.each([Number.NaN, -5000, Number.NEGATIVE_INFINITY, 'soon', null, {}])(
    'of %p is ignored',
    async (retryAfterMs) => {
      random(1);
      const { times } = report([asking(retryAfterMs), async () => undefined], {});
      await pass(300_000);
      expect(times()).toEqual([0, 1000]);
    },
  );

  test('that exceeds maxElapsedMs: the report fails at once', async () => {
    const { state, times } = report([asking(5001)], { maxElapsedMs: 5000 });
    await pass(0);
    expect(state.outcome).toMatchObject({ message: 'busy' });
    expect(times()).toEqual([0]);
  });

  test('that is longer than a timer supports is not treated as 0', async () => {
    const { times, abort } = report([asking(2 ** 40)], {
      maxElapsedMs: Number.POSITIVE_INFINITY,
      maxRetryAfterMs: 2 ** 31 - 1,
    });
    await pass(86_400_000);
    expect(times()).toEqual([0]);
    abort.abort();
    await pass(0);
  });
});

describe('aborting', () => {
  test('ends the delay', async () => {
    random(1);
    const { abort, state, times } = report([failing], {});
    await pass(10);
    abort.abort();
    await pass(0);
    expect(state.outcome).toBe(unavailable);
    await pass(100_000);
    expect(times()).toEqual([0]);
    expect(jest.getTimerCount()).toBe(0);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  test('aborts the attempt in progress, and there is no other one', async () => {
    const stopped = (signal: AbortSignal) =>
      new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const { abort, state, times } = report([stopped], {});
    const why = new Error('enough');
    abort.abort(why);
    await pass(100_000);
    expect(state.outcome).toBe(why);
    expect(times()).toEqual([0]);
  });

  test('lets the attempt in progress succeed', async () => {
    const finished = (signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const { abort, state } = report([finished], {});
    abort.abort();
    await pass(0);
    expect(state.outcome).toBe('delivered');
  });
});

describe('a synchronous reporter', () => {
  test('costs no promise if it succeeds', () => {
    const { result, attempts } = report([() => undefined], {});
    expect(result).toBeUndefined();
    expect(attempts).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is retried if it throws, until it succeeds', async () => {
    random(1);
    const throwing = () => {
      throw unavailable;
    };
    const { times, retried, state } = report([throwing, throwing, () => undefined], {});
    await pass(3000);
    expect(times()).toEqual([0, 1000, 3000]);
    expect(retried).toEqual([unavailable, unavailable]);
    expect(state.outcome).toBe('delivered');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a Forwarder with `retry`', () => {
  /** All its events, in order. */
  function eventsOf(forwarder: Forwarder): unknown[][] {
    const events: unknown[][] = [];
    forwarder.on('forward', (batch: LogBatch) => events.push(['forward', firstNumber(batch)]));
    forwarder.on('drop', (batch: LogBatch, reason: string) => events.push([reason, firstNumber(batch)]));
    forwarder.on('retry', (error: unknown) => events.push(['retry', error]));
    forwarder.on('outage', (error: unknown) => events.push(['outage', error]));
    forwarder.on('recovery', (seconds: number) => events.push(['recovery', seconds]));
    return events;
  }

  const ok = () => undefined;

  test('keeps the order while one batch is retried', async () => {
    random(1);
    const { reporter, attempts } = scripted<LogBatch>(ok, failing, failing, ok, ok);
    const forwarder = new Forwarder(reporter, { retry: {} });
    const events = eventsOf(forwarder);
    for (let n = 0; n < 3; n++) forwarder.write(logBatch(2, n));
    await pass(2999);
    expect(events.filter(([what]) => what === 'forward')).toEqual([['forward', 0]]);
    expect(forwarder.inFlight).toEqual({ batches: 1, logs: 2 });
    await pass(1);
    expect(attempts.map(({ batch }) => firstNumber(batch))).toEqual([0, 1, 1, 1, 2]);
    expect(events).toEqual([
      ['forward', 0],
      ['outage', unavailable],
      ['retry', unavailable],
      ['retry', unavailable],
      ['recovery', 3],
      ['forward', 1],
      ['forward', 2],
    ]);
    expect(forwarder.inFlight).toEqual({ batches: 0, logs: 0 });
  });

  test('emits one outage and one recovery, however many batches are affected', async () => {
    random(1);
    const { reporter } = scripted<LogBatch>(failing, failing, failing, failing, ok, failing, ok);
    const forwarder = new Forwarder(reporter, { retry: { maxAttempts: 2 } });
    const events = eventsOf(forwarder);
    for (let n = 0; n < 4; n++) forwarder.write(logBatch(1, n));
    await pass(10_000);
    expect(events).toEqual([
      ['outage', unavailable],
      ['retry', unavailable],
      ['forward_failed', 0],
      ['retry', unavailable],
      ['forward_failed', 1],
      ['recovery', 2],
      ['forward', 2],
      ['outage', unavailable],
      ['retry', unavailable],
      ['recovery', 1],
      ['forward', 3],
    ]);
  });

  test('drops a batch as rejected if the error is permanent, at once and without an outage', async () => {
    const { reporter, attempts } = scripted<LogBatch>(permanent, ok);
    const forwarder = new Forwarder(reporter, { retry: {} });
    const events = eventsOf(forwarder);
    forwarder.write(logBatch(1, 0));
    forwarder.write(logBatch(1, 1));
    await turn();
    expect(attempts).toHaveLength(2);
    expect(events).toEqual([
      ['rejected', 0],
      ['forward', 1],
    ]);
    expect(forwarder.inFlight).toEqual({ batches: 0, logs: 0 });
  });

  test('without `retry`, a permanent error is like any other', async () => {
    const forwarder = new Forwarder(scripted<LogBatch>(permanent).reporter);
    const events = eventsOf(forwarder);
    forwarder.write(logBatch(1));
    await turn();
    expect(events).toEqual([
      ['outage', expect.objectContaining({ permanent: true })],
      ['forward_failed', 0],
    ]);
    expect(forwarder.isRetrying).toBe(false);
  });

  test('stop() during a delay returns the batch at once, and it is not dropped', async () => {
    random(1);
    const { reporter, attempts } = scripted<LogBatch>(failing);
    const forwarder = new Forwarder(reporter, { retry: {} });
    const events = eventsOf(forwarder);
    forwarder.write(logBatch(2, 7));
    await pass(10);
    // The clock does not advance, so the grace period cannot end.
    expect((await forwarder.stop(60_000)).map(firstNumber)).toEqual([7]);
    expect(events).toEqual([
      ['outage', unavailable],
      ['retry', unavailable],
    ]);
    await pass(100_000);
    expect(attempts).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('stop() during several delays returns all batches, in order', async () => {
    random(1);
    const forwarder = new Forwarder(scripted<LogBatch>(failing).reporter, { concurrency: 3, retry: {} });
    for (let n = 0; n < 3; n++) forwarder.write(logBatch(1, n));
    await pass(10);
    expect((await forwarder.stop(60_000)).map(firstNumber)).toEqual([0, 1, 2]);
  });

  test('destroy() during a delay drops the batch as shutdown, once', async () => {
    random(1);
    const forwarder = new Forwarder(scripted<LogBatch>(failing).reporter, { retry: {} });
    const events = eventsOf(forwarder);
    forwarder.write(logBatch(2, 7));
    await pass(10);
    forwarder.destroy();
    await pass(100_000);
    expect(events.slice(2)).toEqual([['shutdown', 7]]);
    expect(forwarder.inFlight).toEqual({ batches: 0, logs: 0 });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('end() waits until retried batches are delivered', async () => {
    random(1);
    const forwarder = new Forwarder(scripted<LogBatch>(failing, failing, ok).reporter, { retry: {} });
    const events = eventsOf(forwarder);
    const finished = once(forwarder, 'finish');
    forwarder.end(logBatch(1, 5));
    await pass(3000);
    await finished;
    expect(events.at(-1)).toEqual(['forward', 5]);
  });

  test('a late success of an abandoned attempt has no effect', async () => {
    random(0);
    const late: (() => void)[] = [];
    const slow = () => new Promise<void>((resolve) => void late.push(resolve));
    const { reporter, attempts } = scripted<LogBatch>(slow, slow, ok);
    const forwarder = new Forwarder(reporter, { retry: { timeoutMs: 50 } });
    const events = eventsOf(forwarder);
    forwarder.write(logBatch(1, 1));
    await pass(51);
    late[0]?.();
    await pass(0);
    expect(attempts).toHaveLength(2);
    expect(forwarder.inFlight.batches).toBe(1);
    await pass(51);
    late[1]?.();
    await pass(0);
    expect(events.filter(([what]) => what === 'forward')).toEqual([['forward', 1]]);
    expect(forwarder.inFlight).toEqual({ batches: 0, logs: 0 });
  });

  test.each<[keyof RetryOptions, unknown[], unknown[]]>([
    ['initialDelayMs', [-1, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, '5', null], [0, 2 ** 31 - 1]],
    ['factor', [0, 0.99, -2, Number.NaN, Number.POSITIVE_INFINITY, '2', null], [1, 1.5, 10]],
    ['maxDelayMs', [-1, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, '5', null], [0, 2 ** 31 - 1]],
    [
      'maxAttempts',
      [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, '5', null],
      [1, Number.POSITIVE_INFINITY],
    ],
    [
      'maxElapsedMs',
      [-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, '5', null],
      [0, Number.POSITIVE_INFINITY],
    ],
    [
      'timeoutMs',
      [0, -1, 0.5, 2 ** 31, Number.NaN, Number.NEGATIVE_INFINITY, '5', null],
      [1, 2 ** 31 - 1, Number.POSITIVE_INFINITY],
    ],
    ['maxTimeoutMs', [0, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, '5', null], [1, 2 ** 31 - 1]],
    ['maxRetryAfterMs', [-1, 0.5, 2 ** 31, Number.POSITIVE_INFINITY, '5', null], [0, 2 ** 31 - 1]],
  ])('checks the option %s', (name, bad, good) => {
    const make = (value: unknown) => new Forwarder({ report: ok }, { retry: { [name]: value } });
    for (const value of bad) {
      expect(() => make(value)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(name) }),
      );
    }
    for (const value of [...good, undefined]) expect(make(value).isRetrying).toBe(true);
  });

  test.each([true, null, 5, 'often', () => undefined])('the option `retry` rejects %p', (retry) => {
    expect(() => new Forwarder({ report: ok }, { retry: retry as never })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining('retry') }),
    );
  });
});

test('an initial delay of 0 stays 0 after more than a thousand failures', async () => {
  jest.useRealTimers();
  let attempts = 0;
  const errors: unknown[] = [];
  const reporter = new RetryingReporter(
    {
      report: () => {
        attempts += 1;
        throw Object.assign(new Error('not available'), { permanent: attempts === 1100 });
      },
    },
    { initialDelayMs: 0, maxDelayMs: 0 },
    (error) => errors.push(error),
  );
  await expect(reporter.report(logBatch(1), { signal: new AbortController().signal })).rejects.toThrow(
    'not available',
  );
  expect(attempts).toBe(1100);
});

test('a report that never completes keeps no timer after its signal has aborted', async () => {
  jest.useRealTimers();
  const stop = new AbortController();
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const before = timers();
  const reporter = new RetryingReporter(
    { report: () => new Promise<void>(() => undefined) },
    {},
    () => undefined,
  );
  reporter.report(logBatch(1), { signal: stop.signal })?.catch(() => undefined);
  expect(timers()).toBe(before + 1);
  stop.abort();
  expect(timers()).toBe(before);
});

test('there is no delay if the run ends when the attempt fails', async () => {
  jest.useRealTimers();
  const forwarder = new Forwarder(
    { report: () => Promise.reject(new Error('not available')) },
    { retry: { initialDelayMs: 60_000 } },
  );
  const stopped = new Promise<LogBatch[]>((resolve) => {
    forwarder.on('retry', () => resolve(forwarder.stop(60_000)));
  });
  forwarder.write(logBatch(1));
  expect(await stopped).toHaveLength(1);
});

test('a batch that waits for another attempt does not keep its chunk', async () => {
  const chunk = Buffer.alloc(65_536);
  const { raw } = logBatch(1);
  raw.copy(chunk, 100);
  const batch = new LogBatch(2, 1, chunk.subarray(100, 100 + raw.length));
  const { reporter } = scripted<LogBatch>(failing, () => undefined);
  const reported = new RetryingReporter(reporter, {}, () => undefined).report(batch, {
    signal: new AbortController().signal,
  });
  await jest.advanceTimersByTimeAsync(1000);
  await reported;
  expect(batch.raw).toEqual(raw);
  expect(batch.raw.buffer.byteLength).toBe(raw.length);
});
