import { once } from 'node:events';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Forwarder, type LogBatch, LogBuffer, type Reporter } from '../../../lib/index.js';
import { Readable } from '../../../lib/streams/base.js';
import { firstNumber, logBatch } from '../../helpers/messages.js';
import { until } from '../../helpers/until.js';

const numbered = (n: number) => Array.from({ length: n }, (_, i) => logBatch(2, i));

/** A reporter whose reports the test resolves or rejects. */
function heldReporter() {
  const reports: { number: number; signal: AbortSignal; resolve(): void; reject(error: Error): void }[] = [];
  const reporter: Reporter = {
    report: (batch, { signal }) =>
      new Promise<void>((resolve, reject) => {
        reports.push({ number: firstNumber(batch), signal, resolve, reject });
      }),
  };
  return { reporter, reports };
}

/** The outcome of each batch. */
function outcomesOf(forwarder: Forwarder): [string, number, unknown?][] {
  const outcomes: [string, number, unknown?][] = [];
  forwarder.on('forward', (batch: LogBatch) => outcomes.push(['forward', firstNumber(batch)]));
  forwarder.on('drop', (batch: LogBatch, reason: string, error: unknown) =>
    outcomes.push([reason, firstNumber(batch), error]),
  );
  return outcomes;
}

describe('a reporter that', () => {
  const failure = new Error('not available');
  test.each<[string, Reporter['report'], string]>([
    ['returns', () => undefined, 'forward'],
    ['resolves', async () => undefined, 'forward'],
    ['throws', () => { throw failure; }, 'forward_failed'], // biome-ignore format: one line a case
    ['rejects', () => Promise.reject(failure), 'forward_failed'],
  ])('%s: the next batch is reported', async (_what, report, expected) => {
    const forwarder = new Forwarder({ report });
    const outcomes = outcomesOf(forwarder);
    await pipeline(Readable.from(numbered(3)), forwarder);
    const error = expected === 'forward' ? [] : [failure];
    expect(outcomes).toEqual([0, 1, 2].map((number) => [expected, number, ...error]));
    expect(forwarder.inFlight).toEqual({ batches: 0, logs: 0 });
  });

  test('throws sometimes: only these batches are dropped', async () => {
    const forwarder = new Forwarder({
      report: async (batch) => {
        if (firstNumber(batch) % 2 === 1) throw failure;
      },
    });
    const outcomes = outcomesOf(forwarder);
    await pipeline(Readable.from(numbered(4)), forwarder);
    expect(outcomes.map(([outcome]) => outcome)).toEqual([
      'forward',
      'forward_failed',
      'forward',
      'forward_failed',
    ]);
  });

  test.each([
    ['returns', () => undefined, 'forward'],
    ['throws', () => { throw failure; }, 'drop'], // biome-ignore format: one line a case
  ] as [string, Reporter['report'], string][])(
    '%s: an error of a listener is not mistaken for one of the reporter',
    (_what, report, event) => {
      const forwarder = new Forwarder({ report });
      const outcomes = outcomesOf(forwarder);
      forwarder.on(event, () => {
        throw new Error('thrown by a listener');
      });
      expect(forwarder.write(logBatch(2))).toBe(true);
      expect(forwarder.listenerErrors).toBe(1);
      expect(outcomes).toHaveLength(1);
      expect(forwarder.inFlight.batches).toBe(0);
    },
  );

  test.each(['end', 'destroy'] as const)('calls %s() is waited for', async (method) => {
    const forwarder: Forwarder = new Forwarder({
      report: async () => {
        if (method === 'end') forwarder.end();
        else forwarder.destroy();
      },
    });
    const errors: unknown[] = [];
    forwarder.on('error', (error) => errors.push(error));
    const outcomes = outcomesOf(forwarder);
    forwarder.write(logBatch(2));
    await once(forwarder, 'close');
    expect(outcomes).toEqual(method === 'end' ? [['forward', 0]] : [['shutdown', 0, null]]);
    expect(errors).toEqual([]);
  });

  test('has no report() is rejected', () => {
    expect(() => new Forwarder({} as Reporter)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    );
  });
});

describe('one at a time', () => {
  test('the next batch waits for the previous one, and write() returns false', async () => {
    const { reporter, reports } = heldReporter();
    const forwarder = new Forwarder(reporter);
    expect(forwarder.write(logBatch(2, 0))).toBe(false);
    expect(forwarder.write(logBatch(2, 1))).toBe(false);
    expect(forwarder.inFlight).toEqual({ batches: 1, logs: 2 });
    expect(reports).toHaveLength(1);
    reports[0]?.resolve();
    await until('the second batch is reported', () => reports.length === 2);
    expect(forwarder.inFlight).toEqual({ batches: 1, logs: 2 });
    const drained = once(forwarder, 'drain');
    reports[1]?.resolve();
    await drained;
  });

  test('end() waits for the report in progress', async () => {
    const { reporter, reports } = heldReporter();
    const forwarder = new Forwarder(reporter);
    const outcomes = outcomesOf(forwarder);
    forwarder.write(logBatch(2));
    forwarder.end();
    setImmediate(() => reports[0]?.resolve());
    await once(forwarder, 'finish');
    expect(outcomes).toEqual([['forward', 0]]);
  });

  test('a reporter that never completes has one batch, and the buffer holds the rest', async () => {
    const { reporter } = heldReporter();
    const buffer = new LogBuffer();
    const forwarder = new Forwarder(reporter);
    buffer.pipe(forwarder);
    for (const batch of numbered(150)) buffer.write(batch);
    expect(forwarder.inFlight.batches).toBe(1);
    expect(buffer.held.batches).toBe(100);
    await turn();
    expect(buffer.held.batches).toBe(100);
  });
});

describe('several at a time', () => {
  test('at most `concurrency` batches are reported', async () => {
    const { reporter, reports } = heldReporter();
    const forwarder = new Forwarder(reporter, { concurrency: 3 });
    expect(numbered(4).map((batch) => forwarder.write(batch))).toEqual([true, true, false, false]);
    expect(forwarder.inFlight).toEqual({ batches: 3, logs: 6 });
    reports[1]?.resolve();
    await until('the fourth batch is reported', () => reports.length === 4);
    forwarder.end();
    for (const report of reports) report.resolve();
    await once(forwarder, 'finish');
    expect(forwarder.inFlight.batches).toBe(0);
  });

  test('a web stream writes to it without a loss', async () => {
    const { reporter, reports } = heldReporter();
    const forwarder = new Forwarder(reporter, { concurrency: 3 });
    const writer = Writable.toWeb(forwarder).getWriter();
    const writes = numbered(9).map((batch) => writer.write(batch));
    for (let i = 0; i < 9; i++) {
      await until('the next batch is reported', () => reports.length > i);
      reports[i]?.resolve();
    }
    await Promise.all(writes);
    await writer.close();
    expect(reports.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test.each([0, 1.5, 1001])('concurrency rejects %d', (concurrency) => {
    expect(() => new Forwarder({ report: () => undefined }, { concurrency })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining('concurrency'),
      }),
    );
  });
});

describe('stop', () => {
  test('returns the batches that were not delivered in time, in order', async () => {
    const { reporter, reports } = heldReporter();
    const forwarder = new Forwarder(reporter, { concurrency: 3 });
    const outcomes = outcomesOf(forwarder);
    for (const batch of numbered(3)) forwarder.write(batch);
    const stopped = forwarder.stop(1000);
    expect(reports.every(({ signal }) => signal.aborted)).toBe(true);
    reports[1]?.resolve();
    reports[2]?.reject(new Error('aborted'));
    reports[0]?.reject(new Error('aborted'));
    expect((await stopped).map(firstNumber)).toEqual([0, 2]);
    expect(outcomes).toEqual([['forward', 1]]);
  });

  test('returns also what was written without regard to false, and reports nothing new', async () => {
    const { reporter, reports } = heldReporter();
    const forwarder = new Forwarder(reporter);
    const outcomes = outcomesOf(forwarder);
    for (const batch of numbered(3)) forwarder.write(batch);
    const stopped = forwarder.stop(1000);
    reports[0]?.resolve();
    expect((await stopped).map(firstNumber)).toEqual([1, 2]);
    expect(outcomes).toEqual([['forward', 0]]);
    expect(reports).toHaveLength(1);
  });

  test('does not wait longer than its grace period', async () => {
    const { reporter, reports } = heldReporter();
    const forwarder = new Forwarder(reporter);
    const outcomes = outcomesOf(forwarder);
    forwarder.write(logBatch(2));
    const left = await forwarder.stop(1);
    expect(left.map(firstNumber)).toEqual([0]);
    expect(forwarder.inFlight.batches).toBe(1);
    reports[0]?.resolve();
    await once(forwarder, 'close');
    expect(outcomes).toEqual([]);
  });

  test('resolves at once if no report is in progress', async () => {
    const forwarder = new Forwarder({ report: () => undefined });
    expect(await forwarder.stop(60_000)).toEqual([]);
  });
});

test('destroy() drops all that was not accepted, and a late result changes nothing', async () => {
  const { reporter, reports } = heldReporter();
  const forwarder = new Forwarder(reporter);
  const outcomes = outcomesOf(forwarder);
  for (const batch of numbered(3)) forwarder.write(batch);
  forwarder.destroy();
  expect(forwarder.write(logBatch(2, 3))).toBe(false);
  await once(forwarder, 'close');
  reports[0]?.reject(new Error('late'));
  await Promise.resolve();
  expect(outcomes).toEqual([0, 1, 2, 3].map((number) => ['shutdown', number, null]));
  expect(forwarder.inFlight).toEqual({ batches: 0, logs: 0 });
});
