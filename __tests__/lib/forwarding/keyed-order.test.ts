import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { RetryingReporter } from '../../../lib/forwarding/retrying-reporter.js';
import type { RetryOptions } from '../../../lib/index.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  jest.spyOn(Math, 'random').mockReturnValue(1);
});

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const unavailable = new Error('not available');
/** Lets the time pass, and what follows from it happen. */
async function pass(ms: number): Promise<void> {
  await turn();
  await turn();
  await jest.advanceTimersByTimeAsync(ms);
  await turn();
  await turn();
}

type Step = 'deliver' | 'fail' | 'reject' | 'say nothing' | 'deliver later';

/**
 * Reports batches whose first letter is their order.
 *
 * @param script What happens at each attempt of a batch. After the last step, it is delivered.
 */
function reporting(
  script: Record<string, Step[]>,
  options: RetryOptions,
  keepsOrder = (batch: string) => batch[0] ?? '',
) {
  const attempts: string[] = [];
  const over: string[] = [];
  const reporter = {
    keepsOrder,
    report(batch: string, { onFailure }: { onFailure?: (() => void) | undefined }): Promise<void> {
      attempts.push(batch);
      const step = script[batch]?.shift() ?? 'deliver';
      if (step === 'say nothing') return new Promise(() => undefined);
      if (step === 'deliver later') return new Promise((resolve) => setTimeout(resolve, 5));
      if (step === 'deliver') return Promise.resolve();
      if (step === 'fail') onFailure?.();
      return Promise.reject(
        step === 'fail' ? unavailable : Object.assign(new Error('never'), { permanent: true }),
      );
    },
  };
  const retrying = new RetryingReporter<string>(reporter, options, () => undefined);
  const { signal } = new AbortController();
  const report = (...batches: string[]) => {
    for (const batch of batches) {
      retrying.report(batch, { signal })?.then(
        () => over.push(batch),
        (error) => over.push(`${batch}: ${error.message}`),
      );
    }
  };
  return { attempts, over, report, retrying };
}

test('what comes behind a failed batch in its order waits for it, and what is in other orders does not', async () => {
  const { attempts, over, report, retrying } = reporting({ a1: ['fail', 'fail'] }, { initialDelayMs: 100 });
  report('a1', 'a2', 'b1');
  await pass(0);
  report('a3', 'b2');
  await pass(0);
  expect(over).toEqual(['b1', 'b2']);
  expect(attempts).toEqual(['a1', 'b1', 'b2']);
  expect(retrying.nextAttemptAt(3)).toBe(performance.now() + 100);
  expect(retrying.nextAttemptAt(4)).toBeUndefined();
  await pass(100);
  expect(attempts.slice(3)).toEqual(['a1']);
  await pass(200);
  expect(attempts.slice(4)).toEqual(['a1', 'a2', 'a3']);
  report('a4');
  await pass(0);
  expect(over.slice(2).sort()).toEqual(['a1', 'a2', 'a3', 'a4']);
});

test('several orders fail and recover on their own, each after its own delay', async () => {
  const { over, report, retrying } = reporting(
    { a1: ['fail'], b1: ['fail', 'fail'] },
    { initialDelayMs: 100 },
  );
  report('a1');
  await pass(50);
  report('b1', 'b2');
  await pass(0);
  expect(retrying.nextAttemptAt(3)).toBe(performance.now() + 50);
  await pass(50);
  expect(over).toEqual(['a1']);
  await pass(50);
  expect(retrying.nextAttemptAt(2)).toBe(performance.now() + 200);
  await pass(200);
  expect(over.sort()).toEqual(['a1', 'b1', 'b2']);
});

test('a batch that is rejected for good does not hold up its order', async () => {
  const { over, report } = reporting({ a1: ['reject'], a2: ['fail'] }, { initialDelayMs: 100 });
  report('a1', 'a2', 'a3');
  await pass(0);
  expect(over).toEqual(['a1: never']);
  await pass(100);
  expect(over.sort()).toEqual(['a1: never', 'a2', 'a3']);
});

test('a batch whose time is over before that of an earlier one does not overtake it', async () => {
  const options = { initialDelayMs: 100, timeoutMs: 10, maxTimeoutMs: 20 };
  const script: Record<string, Step[]> = { x: ['say nothing'], a1: ['say nothing'], a2: ['say nothing'] };
  const { attempts, report } = reporting(script, options);
  report('x');
  await pass(10);
  // The time of an attempt is 20 ms now, until one succeeds.
  report('a1');
  report('y');
  await pass(0);
  report('a2');
  await pass(10);
  await pass(10);
  attempts.length = 0;
  await pass(200);
  expect(attempts.filter((batch) => batch.startsWith('a'))).toEqual(['a1', 'a2']);
});

test('a function that throws keeps all batches in one order', async () => {
  const { attempts, over, report } = reporting({ a1: ['fail'] }, { initialDelayMs: 100 }, () => {
    throw new Error('wrong');
  });
  report('a1', 'b1');
  await pass(0);
  expect(attempts).toEqual(['a1']);
  await pass(100);
  expect(attempts).toEqual(['a1', 'a1', 'b1']);
  expect(over.sort()).toEqual(['a1', 'b1']);
});
