import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { LogBatch, Tag } from '../../../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../../../codec/messages.js';
import type { ReportResult } from '../../../../lib/batch.js';
import { outcomeOf } from '../../../../lib/reporters/otlp/answer.js';
import { ExportQueue } from '../../../../lib/reporters/otlp/export-queue.js';
import { firstNumber, logBatch } from '../../../helpers/messages.js';
import { upTo } from '../../../helpers/served.js';
import { thrown } from '../../../helpers/thrown.js';

const LIMITS = { maxLogs: 1000, maxBytes: 1_000_000, overheadBytes: 500 };
const never = new AbortController().signal;
setMaxListeners(0, never);
const ACCEPTED: ReportResult = { rejectedLogs: 0 };
const passing = Object.assign(new Error('not now'), { retryAfterMs: 5 });
const rejected = () => Object.assign(new Error('never'), { permanent: true });
/** The error of an answer with status 500. */
const serverFault = () =>
  thrown(() =>
    outcomeOf(
      { status: 500, headers: {}, body: Buffer.alloc(0), isComplete: true },
      { url: new URL('http://a/'), records: 1, hide: (text) => text, onWarning: () => undefined },
      undefined as never,
    ),
  );

/** A batch of one session. */
function batchOf(session: string, logs: number, first: number): LogBatch {
  const request = {
    sessionId: session,
    logs: Array.from({ length: logs }, (_, i) => ({ sequenceNumber: first + i })),
  };
  return new LogBatch(Tag.V2, logs, Buffer.from(ReportBoundaryLogsRequest.encode(request).finish()));
}

interface Call {
  readonly numbers: readonly number[];
  readonly signal: AbortSignal;
  resolve(result?: ReportResult): void;
  reject(error: unknown): void;
}

/** A queue whose exports the test ends. */
function heldQueue(limits = LIMITS) {
  const calls: Call[] = [];
  const queue = new ExportQueue(limits, (portions, signal) => {
    const numbers = portions.flatMap(({ batch }) =>
      batch.request.logs.map(({ sequenceNumber }) => sequenceNumber ?? 0),
    );
    return new Promise((resolve, reject) =>
      calls.push({ numbers, signal, resolve: (result = ACCEPTED) => resolve(result), reject }),
    );
  });
  return { queue, calls };
}

/** A queue that decides about each export by the number of the first log of each of its portions. */
function decidingQueue(
  decide: (numbers: readonly number[]) => ReportResult | Error | undefined,
  limits = LIMITS,
) {
  const exports: number[][] = [];
  const queue = new ExportQueue(limits, async (portions) => {
    const numbers = portions.map(({ batch }) => firstNumber(batch));
    exports.push(numbers);
    const result = decide(numbers) ?? ACCEPTED;
    if (result instanceof Error) throw result;
    return result;
  });
  return { queue, exports };
}

/** What became of each report: `true`, the number of rejected logs, or the error. */
async function fates(reports: readonly Promise<ReportResult | undefined>[]) {
  const settled = await Promise.allSettled(reports);
  return settled.map((result) =>
    result.status === 'fulfilled' ? (result.value?.rejectedLogs ?? true) : result.reason.message,
  );
}

describe('one export contains', () => {
  test('what is reported in one tick, whatever the sessions are', async () => {
    const { queue, calls } = heldQueue();
    const reports = [batchOf('a', 2, 0), batchOf('b', 1, 2), batchOf('', 3, 3)].map((batch) =>
      queue.add(batch, { signal: never }),
    );
    await turn();
    expect(calls.map(({ numbers }) => numbers)).toEqual([upTo(6)]);
    calls[0]?.resolve();
    expect(await fates(reports)).toEqual([true, true, true]);
  });

  test('what is reported while the one before is in progress, of which there is one at a time', async () => {
    const { queue, calls } = heldQueue();
    const reports = [queue.add(logBatch(1, 0), { signal: never })];
    await turn();
    for (const n of [1, 2, 3]) {
      reports.push(queue.add(logBatch(1, n), { signal: never }));
      await turn();
    }
    expect(calls).toHaveLength(1);
    calls[0]?.resolve();
    await turn();
    expect(calls.map(({ numbers }) => numbers)).toEqual([[0], [1, 2, 3]]);
    calls[1]?.resolve();
    expect(await fates(reports)).toEqual([true, true, true, true]);
  });

  test.each<[what: string, limits: Partial<typeof LIMITS>, sizes: number[], exports: number[][]]>([
    ['no more logs than the limit', { maxLogs: 5 }, [2, 3, 1, 5, 4, 1], [[2, 3], [1], [5], [4, 1]]],
    ['a part of a batch that is too large', { maxLogs: 4 }, [1, 10, 1], [[1], [4], [4], [2, 1]]],
    [
      'about as many bytes as the limit',
      { maxBytes: 1800 },
      [1, 1, 1, 1],
      [
        [1, 1],
        [1, 1],
      ],
    ],
  ])('%s', async (_what, limits, sizes, expected) => {
    const exports: number[][] = [];
    const queue = new ExportQueue({ ...LIMITS, ...limits }, async (portions) => {
      exports.push(portions.map(({ count }) => count));
      return ACCEPTED;
    });
    const reports = sizes.map((size) => queue.add(logBatch(size), { signal: never }));
    expect(await fates(reports)).toEqual(sizes.map(() => true));
    expect(exports).toEqual(expected);
  });

  test('nothing, if the only batch has no log', async () => {
    const { queue, exports } = decidingQueue(() => undefined);
    expect(await fates([queue.add(logBatch(0), { signal: never })])).toEqual([true]);
    expect(exports).toEqual([]);
  });
});

describe('a partial success', () => {
  test('is divided among the batches, and nothing is sent again', async () => {
    const error = rejected();
    const { queue, exports } = decidingQueue(() => ({ rejectedLogs: 4, error }));
    const batches = [logBatch(3, 0), logBatch(3, 3), logBatch(3, 6)];
    const reports = batches.map((batch) => queue.add(batch, { signal: never }));
    const results = await Promise.all(reports);
    expect(results).toEqual([{ rejectedLogs: 3, error }, { rejectedLogs: 1, error }, undefined]);
    expect(exports).toHaveLength(1);
  });

  test('that is no success at all rejects the batches', async () => {
    const { queue } = decidingQueue(() => ({ rejectedLogs: 6, error: rejected() }));
    const reports = [logBatch(3, 0), logBatch(3, 3)].map((batch) => queue.add(batch, { signal: never }));
    expect(await fates(reports)).toEqual(['never', 'never']);
  });

  test('of a batch that takes several exports is added up', async () => {
    let calls = 0;
    const { queue } = decidingQueue(() => ({ rejectedLogs: [1, 0, 2][calls++] ?? 0, error: rejected() }), {
      ...LIMITS,
      maxLogs: 4,
    });
    expect(await fates([queue.add(logBatch(12), { signal: never })])).toEqual([3]);
  });
});

describe('a rejected export', () => {
  test.each<[what: string, batches: number, bad: number[], most: number]>([
    ['the only batch', 1, [0], 1],
    ['the first of many', 64, [0], 13],
    ['the last of many', 64, [63], 13],
    ['one in the middle', 50, [17], 13],
    ['two', 64, [5, 40], 25],
    ['all', 16, upTo(16), 31],
  ])('rejects what causes it, and nothing else: %s', async (_what, count, bad, most) => {
    const { queue, exports } = decidingQueue((numbers) =>
      numbers.some((n) => bad.includes(n)) ? rejected() : undefined,
    );
    const reports = upTo(count).map((n) => queue.add(logBatch(1, n), { signal: never }));
    expect(await fates(reports)).toEqual(upTo(count).map((n) => (bad.includes(n) ? 'never' : true)));
    expect(exports.length).toBeLessThanOrEqual(most);
    // Each batch that is accepted is so once.
    const accepted = exports.filter((numbers) => !numbers.some((n) => bad.includes(n))).flat();
    expect(accepted).toEqual(upTo(count).filter((n) => !bad.includes(n)));
  });

  test('of a part of a batch rejects the logs of that part', async () => {
    const { queue } = decidingQueue((numbers) => (numbers.includes(4) ? rejected() : undefined), {
      ...LIMITS,
      maxLogs: 4,
    });
    const batch = logBatch(10);
    expect(await fates([queue.add(batch, { signal: never })])).toEqual([4]);
  });

  test('stops at a failure that passes: what was accepted stays so, and the rest fails', async () => {
    const { queue } = decidingQueue((numbers) => {
      if (numbers.length > 2) return rejected();
      return numbers.includes(2) ? passing : undefined;
    });
    const reports = upTo(4).map((n) => queue.add(logBatch(1, n), { signal: never }));
    expect(await fates(reports)).toEqual([true, true, 'not now', 'not now']);
  });
});

describe('a failure that passes', () => {
  test('fails the batches of its export; those behind it are in the next one', async () => {
    const { queue, calls } = heldQueue();
    const first = queue.add(logBatch(1, 0), { signal: never });
    await turn();
    const second = queue.add(logBatch(1, 1), { signal: never });
    calls[0]?.reject(passing);
    expect(await fates([first])).toEqual(['not now']);
    await turn();
    calls[1]?.resolve();
    expect(await fates([second])).toEqual([true]);
  });

  test('fails those behind it as well if they are retried in order, after it said so', async () => {
    const { queue, calls } = heldQueue();
    const order: string[] = [];
    const add = (n: number) =>
      queue
        .add(logBatch(1, n), { signal: never, onFailure: () => order.push(`hold ${n}`) })
        .catch((error) => {
          order.push(`fail ${n}`);
          throw error;
        });
    const reports = [add(0)];
    await turn();
    reports.push(add(1), add(2));
    calls[0]?.reject(passing);
    expect(await fates(reports)).toEqual(['not now', 'not now', 'not now']);
    expect(order).toEqual(['hold 0', 'hold 1', 'hold 2', 'fail 0', 'fail 1', 'fail 2']);
    expect(calls).toHaveLength(1);
  });

  test('of a batch in parts: its next report continues with what is left', async () => {
    let isFailing = true;
    const { queue, exports } = decidingQueue(
      (numbers) => (isFailing && numbers.includes(8) ? passing : undefined),
      {
        ...LIMITS,
        maxLogs: 4,
      },
    );
    const batch = logBatch(12);
    expect(await fates([queue.add(batch, { signal: never })])).toEqual(['not now']);
    isFailing = false;
    expect(await fates([queue.add(batch, { signal: never })])).toEqual([true]);
    expect(exports).toEqual([[0], [4], [8], [8]]);
    // A later report of the same batch is a new one.
    expect(await fates([queue.add(batch, { signal: never })])).toEqual([true]);
    expect(exports).toHaveLength(7);
  });
});

test.each(['ERR_CONNECTION_LOST', 'ERR_CALL_TIMEOUT'])(
  'after %s exports are smaller, until they succeed',
  async (code) => {
    const most = 3;
    const { queue, exports } = decidingQueue((numbers) =>
      numbers.length > most ? Object.assign(new Error('too much'), { code }) : undefined,
    );
    const left = new Set(upTo(40));
    for (let attempts = 0; left.size > 0 && attempts < 100; attempts++) {
      const reports = [...left].map((n) =>
        queue.add(logBatch(25, 25 * n), { signal: never, onFailure: () => undefined }),
      );
      const settled = await Promise.allSettled(reports);
      for (const [i, n] of [...left].entries()) if (settled[i]?.status === 'fulfilled') left.delete(n);
    }
    expect([...left]).toEqual([]);
    const delivered = exports.filter(({ length }) => length <= most).flat();
    expect(delivered).toEqual(upTo(40).map((n) => 25 * n));
    expect(exports[0]).toHaveLength(40);
  },
);

describe('a failure of the server with no reason', () => {
  test('passes if every request fails, after three of them', async () => {
    const { queue, exports } = decidingQueue(serverFault);
    const reports = upTo(20).map((n) => queue.add(logBatch(1, n), { signal: never }));
    expect(new Set(await fates(reports)).size).toBe(1);
    expect(
      (await Promise.allSettled(reports)).every(
        (result) => result.status === 'rejected' && result.reason.permanent === undefined,
      ),
    ).toBe(true);
    expect(exports.map(({ length }) => length)).toEqual([20, 1, 1]);
  });

  test('that is over with the next request keeps the order', async () => {
    let requests = 0;
    const { queue, exports } = decidingQueue(() => (requests++ === 0 ? serverFault() : undefined));
    const reports = upTo(5).map((n) => queue.add(logBatch(1, n), { signal: never }));
    expect(await fates(reports)).toEqual([true, true, true, true, true]);
    expect(exports).toEqual([upTo(5), [0], [1, 2, 3, 4]]);
  });

  test('passes for a batch that is alone', async () => {
    const { queue } = decidingQueue(serverFault);
    await expect(queue.add(logBatch(1), { signal: never })).rejects.not.toHaveProperty('permanent');
  });

  test.each([0, 7, 18])(
    'rejects the batch %i that causes it, once others were accepted in three exports',
    async (bad) => {
      const { queue, exports } = decidingQueue((numbers) =>
        numbers.includes(bad) ? serverFault() : undefined,
      );
      const accepted: number[] = [];
      const rejectedOnes: unknown[] = [];
      const batches = new Map(upTo(20).map((n) => [n, logBatch(1, n)]));
      // A report that fails is retried, as a Forwarder does. Only luck decides which batch is sent alone.
      for (let attempts = 0; batches.has(bad) && attempts < 50; attempts++) {
        for (const n of [0, 1, 2]) batches.set(100 + 3 * attempts + n, logBatch(1, 100 + 3 * attempts + n));
        const tried = [...batches];
        const settled = await Promise.allSettled(
          tried.map(([, batch]) => queue.add(batch, { signal: never })),
        );
        for (const [i, result] of settled.entries()) {
          const [n] = tried[i] as [number, LogBatch];
          if (result.status === 'fulfilled') accepted.push(n);
          else if (result.reason.permanent) rejectedOnes.push([n, result.reason.code]);
          else continue;
          batches.delete(n);
        }
      }
      expect(rejectedOnes).toEqual([[bad, 'ERR_CALL_REJECTED']]);
      expect(accepted).not.toContain(bad);
      expect(exports.filter((numbers) => numbers.join() === String(bad)).length).toBeGreaterThanOrEqual(6);
    },
  );

  test('that comes and goes rejects nothing', async () => {
    // Every request fails until one batch is sent alone for the second time.
    const alone = new Map<number, number>();
    const { queue } = decidingQueue(([first = 0, ...others]) => {
      if (others.length > 0) return serverFault();
      alone.set(first, (alone.get(first) ?? 0) + 1);
      return first % 2 === 1 && alone.get(first) === 1 ? serverFault() : undefined;
    });
    const reports = upTo(9).map((n) => queue.add(logBatch(1, n), { signal: never }));
    expect(await fates(reports)).toEqual(upTo(9).map(() => true));
  });

  test('does not reject a batch when the server breaks down while it looks for the cause', async () => {
    let accepted = 0;
    const { queue } = decidingQueue((numbers) => {
      if (numbers.length > 4 || accepted >= 3) return serverFault();
      accepted += 1;
      return undefined;
    });
    const reports = upTo(16).map((n) => queue.add(logBatch(1, n), { signal: never }));
    const settled = await Promise.allSettled(reports);
    for (const result of settled)
      if (result.status === 'rejected') expect(result.reason.permanent).toBeUndefined();
    expect(settled.some(({ status }) => status === 'rejected')).toBe(true);
  });
});

describe('an abort', () => {
  test('ends a report that waits at once, and the others continue', async () => {
    const { queue, calls } = heldQueue();
    const { signal, abort } = abortable();
    const first = queue.add(logBatch(1, 0), { signal: never });
    await turn();
    const second = queue.add(logBatch(1, 1), { signal });
    const third = queue.add(logBatch(1, 2), { signal: never });
    abort();
    expect(await fates([second])).toEqual(['enough']);
    calls[0]?.resolve();
    await turn();
    expect(calls[1]?.numbers).toEqual([2]);
    calls[1]?.resolve();
    expect(await fates([first, third])).toEqual([true, true]);
  });

  test('of one of several in an export has no effect on the others', async () => {
    const { queue, calls } = heldQueue();
    const { signal, abort } = abortable();
    const reports = [queue.add(logBatch(1, 0), { signal }), queue.add(logBatch(1, 1), { signal: never })];
    await turn();
    abort();
    await turn();
    expect(calls[0]?.signal.aborted).toBe(false);
    calls[0]?.resolve();
    expect(await fates(reports)).toEqual([true, true]);
  });

  test('of all in an export ends it, when the answer has had another second', async () => {
    const { queue, calls } = heldQueue();
    const { signal, abort } = abortable();
    const reports = [queue.add(logBatch(1, 0), { signal }), queue.add(logBatch(1, 1), { signal })];
    await turn();
    abort();
    await new Promise<void>((resolve) => calls[0]?.signal.addEventListener('abort', () => resolve()));
    calls[0]?.reject(calls[0].signal.reason);
    expect(await fates(reports)).toEqual(['enough', 'enough']);
  });

  test('of a batch in parts ends it after the part in progress', async () => {
    const { queue, calls } = heldQueue({ ...LIMITS, maxLogs: 4 });
    const { signal, abort } = abortable();
    const report = queue.add(logBatch(12), { signal });
    await turn();
    abort();
    calls[0]?.resolve();
    expect(await fates([report])).toEqual(['enough']);
    await turn();
    expect(calls.map(({ numbers }) => numbers.length)).toEqual([4]);
  });

  test('before the report fails it', async () => {
    const { queue } = heldQueue();
    await expect(queue.add(logBatch(1), { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow(
      'gone',
    );
  });

  function abortable() {
    const controller = new AbortController();
    return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) };
  }
});

test('close() fails every report', async () => {
  const { queue, calls } = heldQueue();
  const reports = [queue.add(logBatch(1, 0), { signal: never })];
  await turn();
  reports.push(queue.add(logBatch(1, 1), { signal: never }));
  queue.close(new Error('closed'));
  expect(await fates(reports)).toEqual(['closed', 'closed']);
  expect(calls[0]?.signal.aborted).toBe(true);
});
