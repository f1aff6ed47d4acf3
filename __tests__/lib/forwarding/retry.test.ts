import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type RetryLoopOptions, retry, retryAfter } from '../../../lib/forwarding/retry.js';

const down = new Error('down');
const useless = new Error('useless');

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
});
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** A loop whose attempts fail with the given errors, one after the other, and then succeed. */
function loop(errors: unknown[], options: Partial<RetryLoopOptions> = {}) {
  const abort = new AbortController();
  const start = Date.now();
  const times: number[] = [];
  const retries: unknown[][] = [];
  const state = { outcome: 'open' as unknown };
  const attempt = async () => {
    times.push(Date.now() - start);
    const error = errors[times.length - 1];
    if (error !== undefined) throw error;
    return 'result';
  };
  retry(attempt, {
    signal: abort.signal,
    delayMs: (failures) => 10 * failures,
    isPermanent: (error) => error === useless,
    onRetry: (error, delayMs) => retries.push([error, delayMs]),
    ...options,
  }).then(
    (result) => {
      state.outcome = result;
    },
    (error) => {
      state.outcome = error;
    },
  );
  return { abort, times, retries, state };
}

test.each<
  [what: string, errors: unknown[], options: Partial<RetryLoopOptions>, times: number[], end: unknown]
>([
  ['a success needs no retry', [], {}, [0], 'result'],
  ['delays follow from the number of failures', [down, down, down], {}, [0, 10, 30, 60], 'result'],
  ['a permanent error ends the loop', [down, useless], {}, [0, 10], useless],
  ['the attempts are used up', [down, down, down], { maxAttempts: 3 }, [0, 10, 30], down],
  ['a single attempt is not a retry', [down], { maxAttempts: 1 }, [0], down],
  ['the time is just long enough', [down, down], { maxElapsedMs: 30 }, [0, 10, 30], 'result'],
  ['the next attempt would be too late', [down, down], { maxElapsedMs: 29 }, [0, 10], down],
  ['the delay may follow from the error', [5], { delayMs: (_, error) => error as number }, [0, 5], 'result'],
])('%s', async (_what, errors, options, times, end) => {
  const { state, times: attempts } = loop(errors, options);
  await pass(1000);
  expect(attempts).toEqual(times);
  expect(state.outcome).toBe(end);
});

test('onRetry receives each error that another attempt follows, and the delay', async () => {
  const { retries } = loop([down, down, useless]);
  await pass(1000);
  expect(retries).toEqual([
    [down, 10],
    [down, 20],
  ]);
});

test('an abort ends a delay, and the loop rejects with the last error', async () => {
  const { abort, state, times } = loop([down, down]);
  await pass(5);
  abort.abort(new Error('not this one'));
  await pass(0);
  expect(state.outcome).toBe(down);
  await pass(1000);
  expect(times).toEqual([0]);
});

test('an abort during an attempt lets it finish, and no other one follows', async () => {
  const abort = new AbortController();
  const end = retry(
    async () => {
      abort.abort();
      throw down;
    },
    { signal: abort.signal, delayMs: () => 10 },
  );
  await expect(end).rejects.toBe(down);
});

test('retryAfter counts the attempt that was made before it, and its time', async () => {
  const { signal } = new AbortController();
  const first = { started: performance.now() - 90, error: down };
  const attempt = jest.fn(async () => 'result');
  const delays: number[] = [];
  const options = { signal, delayMs: (failures: number) => delays.push(failures) * 10 };
  await expect(retryAfter(first, attempt, { ...options, maxAttempts: 1 })).rejects.toBe(down);
  await expect(retryAfter(first, attempt, { ...options, maxElapsedMs: 99 })).rejects.toBe(down);
  expect(attempt).not.toHaveBeenCalled();
  const end = retryAfter(first, attempt, { ...options, maxElapsedMs: 120, maxAttempts: 2 });
  await pass(30);
  await expect(end).resolves.toBe('result');
  expect(delays).toEqual([1, 1, 1]);
});
