import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { onAbort, orAborted, sleep, startTimer } from '../../lib/abort.js';

const reason = new Error('stop');

let abort: AbortController;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  abort = new AbortController();
});

/** No function may leave a timer or a listener behind. */
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  jest.useRealTimers();
});

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** The outcome of a promise. The list is empty until the promise settles. */
function outcomeOf(promise: Promise<unknown>): unknown[] {
  const outcome: unknown[] = [];
  promise.then(
    (value) => outcome.push('resolved', value),
    (error) => outcome.push('rejected', error),
  );
  return outcome;
}

describe('onAbort', () => {
  test('calls the listener once when the signal aborts', () => {
    const listener = jest.fn();
    onAbort(abort.signal, listener);
    expect(listener).not.toHaveBeenCalled();
    abort.abort();
    abort.abort();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('calls the listener at once if the signal has aborted already', () => {
    const listener = jest.fn();
    abort.abort();
    onAbort(abort.signal, listener)();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('returns a function that removes the listener', () => {
    const listener = jest.fn();
    onAbort(abort.signal, listener)();
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    abort.abort();
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('startTimer', () => {
  type Step = 'wait 99' | 'wait 1' | 'abort' | 'stop';
  test.each<[steps: Step[], calls: string[]]>([
    [['wait 99', 'stop'], []],
    [['wait 99', 'wait 1'], ['timeout']],
    [['wait 99', 'wait 1', 'abort', 'stop'], ['timeout']],
    [['wait 99', 'abort'], ['aborted']],
    [['abort', 'wait 99', 'wait 1', 'stop'], ['aborted']],
    [['stop', 'abort', 'wait 99', 'wait 1'], []],
  ])('%j calls %j', async (steps, calls) => {
    const called: string[] = [];
    const stop = startTimer(
      100,
      abort.signal,
      () => called.push('timeout'),
      () => called.push('aborted'),
    );
    for (const step of steps) {
      if (step === 'abort') abort.abort();
      else if (step === 'stop') stop();
      else await pass(Number(step.slice(5)));
    }
    expect(called).toEqual(calls);
  });

  test('ends at once if the signal has aborted already', () => {
    abort.abort();
    const [onTimeout, onAborted] = [jest.fn(), jest.fn()];
    startTimer(100, abort.signal, onTimeout, onAborted);
    expect([onTimeout.mock.calls.length, onAborted.mock.calls.length]).toEqual([0, 1]);
  });
});

describe('sleep', () => {
  test('resolves after its time, not before', async () => {
    const outcome = outcomeOf(sleep(100, abort.signal));
    await pass(99);
    expect(outcome).toEqual([]);
    await pass(1);
    expect(outcome).toEqual(['resolved', undefined]);
  });

  test.each(['during', 'before'])('resolves at once after an abort %s it', async (when) => {
    if (when === 'before') abort.abort(reason);
    const outcome = outcomeOf(sleep(100, abort.signal));
    abort.abort(reason);
    await pass(0);
    expect(outcome).toEqual(['resolved', undefined]);
  });
});

describe('orAborted', () => {
  test('settles like the promise', async () => {
    const resolved = outcomeOf(orAborted(Promise.resolve(5), abort.signal));
    const rejected = outcomeOf(orAborted(Promise.reject(reason), abort.signal));
    await pass(0);
    expect([resolved, rejected]).toEqual([
      ['resolved', 5],
      ['rejected', reason],
    ]);
  });

  test.each(['during', 'before'])('rejects with the reason of an abort %s it', async (when) => {
    if (when === 'before') abort.abort(reason);
    const outcome = outcomeOf(orAborted(new Promise(() => undefined), abort.signal));
    abort.abort(reason);
    await pass(0);
    expect(outcome).toEqual(['rejected', reason]);
  });

  test('ignores a rejection after the abort', async () => {
    let reject: (error: Error) => void = () => undefined;
    const outcome = outcomeOf(
      orAborted(
        new Promise((_resolve, rejectPromise) => {
          reject = rejectPromise;
        }),
        abort.signal,
      ),
    );
    abort.abort(reason);
    reject(new Error('late'));
    await pass(0);
    expect(outcome).toEqual(['rejected', reason]);
  });
});

test('a signal that is used again and again never has more listeners than there are waiters', async () => {
  for (let i = 0; i < 100; i++) {
    startTimer(1, abort.signal, () => undefined, () => undefined)(); // biome-ignore format: one line
    const slept = sleep(1, abort.signal);
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
    await pass(1);
    await Promise.all([slept, orAborted(Promise.resolve(), abort.signal)]);
  }
});
