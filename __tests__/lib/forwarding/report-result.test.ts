import { describe, expect, test } from '@jest/globals';
import type { ReportResult } from '../../../lib/batch.js';
import { divided, rejectedOf } from '../../../lib/forwarding/report-result.js';
import type { Reporter, RunForwarderOptions } from '../../../lib/index.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { logLines } from '../../helpers/log-lines.js';
import { logBatch, logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const makeProxy = proxies();
const error = new Error('three of them are too old');

describe('what a report resolves to', () => {
  test.each<[what: string, result: unknown, logs: number, rejected: number | undefined]>([
    ['nothing', undefined, 5, undefined],
    ['a text', 'rejectedLogs', 5, undefined],
    ['null', null, 5, undefined],
    ['an array', [1], 5, undefined],
    ['a response of something else', { status: 200 }, 5, undefined],
    ['none', { rejectedLogs: 0 }, 5, undefined],
    ['some', { rejectedLogs: 3 }, 5, 3],
    ['all', { rejectedLogs: 5 }, 5, 5],
    ['more than there are', { rejectedLogs: 9 }, 5, 5],
    ['some of nothing', { rejectedLogs: 9 }, 0, undefined],
    ['a negative number', { rejectedLogs: -1 }, 5, undefined],
    ['a fraction', { rejectedLogs: 1.5 }, 5, undefined],
    ['NaN', { rejectedLogs: Number.NaN }, 5, undefined],
    ['a number as a text', { rejectedLogs: '3' }, 5, undefined],
    ['a bigint', { rejectedLogs: 3n }, 5, undefined],
    ['what throws', Object.defineProperty({}, 'rejectedLogs', { get: () => { throw error; } }), 5, undefined], // biome-ignore format: one line a case
  ])('%s', (_what, result, logs, rejected) => {
    expect(rejectedOf(result, logs)?.rejectedLogs).toBe(rejected);
  });

  test.each([
    [0, [2, 3, 4], [0, 0, 0]],
    [1, [2, 3, 4], [1, 0, 0]],
    [4, [2, 3, 4], [2, 2, 0]],
    [9, [2, 3, 4], [2, 3, 4]],
    [20, [2, 3, 4], [2, 3, 4]],
    [3, [0, 2, 4], [0, 2, 1]],
  ])('%i rejected of batches with %j logs are divided into %j', (rejectedLogs, counts, parts) => {
    const partOf = divided({ rejectedLogs, error });
    const got = counts.map((count) => partOf(logBatch(count)));
    expect(got.map((part) => part?.rejectedLogs ?? 0)).toEqual(parts);
    for (const part of got) if (part !== undefined) expect(part.error).toBe(error);
  });
});

/** Resolves to the next of these results, whatever it is called with. */
function resolving(results: unknown[], more: Partial<Reporter> = {}): Reporter {
  return { ...more, report: async () => results.shift() };
}

const PART: ReportResult = { rejectedLogs: 3, error };
const later = Object.assign(new Error('not now'), { retryAfterMs: 1 });

describe('logs that were rejected of batches that were accepted are counted exactly', () => {
  test.each<[what: string, reporter: Reporter, options: RunForwarderOptions]>([
    ['without retries', resolving([undefined, PART]), {}],
    ['with retries', resolving([undefined, PART]), { retry: {} }],
    ['without a timeout of attempts', resolving([undefined, PART]), { retry: { timeoutMs: Infinity } }],
    ['at the same time', resolving([undefined, PART, undefined]), { concurrency: 3 }],
    ['in order', resolving([undefined, PART], { keepsOrder: true }), { retry: {}, concurrency: 2 }],
    ['combined', resolving([PART, undefined, undefined], { coalesce: {} }), {}],
    ['returned at once', { report: (batch) => (batch.count === 5 ? PART : undefined) }, {}],
  ])('%s', async (_what, reporter, options) => {
    const logger = logLines();
    const proxy = makeProxy({ logger });
    await proxy.start();
    void proxy.runForwarder(reporter, options);
    await sendAll(proxy.socketPath, [logsFrame(4), logsFrame(5, 4), logsFrame(6, 9)]);
    await until('all are forwarded', () => proxy.accounts().forwarded.batches === 3);
    const accounts = proxy.accounts();
    assertBalanced(accounts);
    expect(accounts.forwarded).toEqual({ batches: 3, logs: 12 });
    expect(accounts.dropped.rejected).toEqual({ batches: 0, logs: 3 });
    const metrics = await proxy.registry.metrics();
    expect(metrics).toContain('agent_boundary_log_proxy_logs_dropped_total{reason="rejected"} 3\n');
    expect(metrics).toContain('agent_boundary_log_proxy_logs_forwarded_total 12\n');
    expect(logger.lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: 'dropping boundary logs',
        fields: { reason: 'rejected', batches: 0, logs: 3, err: error },
      },
    ]);
    expect(proxy.health().reasons).toContain('dropping');
  });

  test('after a retry, which keeps the order, and with a spool', async () => {
    const results: unknown[] = [later, later, undefined, PART];
    const report = async (_: unknown, { onFailure }: { onFailure?: (() => void) | undefined }) => {
      const result = results.shift();
      if (result !== later) return result;
      onFailure?.();
      throw result;
    };
    const folder = path();
    const proxy = makeProxy({ spool: { folder } });
    await proxy.start();
    void proxy.runForwarder({ keepsOrder: true, report }, { concurrency: 2, retry: { initialDelayMs: 1 } });
    await sendAll(proxy.socketPath, [logsFrame(4), logsFrame(5, 4)]);
    await until('all are forwarded', () => proxy.accounts().forwarded.batches === 2);
    expect(proxy.accounts()).toMatchObject({
      forwarded: { batches: 2, logs: 6 },
      dropped: { rejected: { batches: 0, logs: 3 } },
      buffered: { batches: 0 },
    });
  });

  test('of one of several reporters, whose metrics and lines name it', async () => {
    const logger = logLines();
    const proxy = makeProxy({ logger, reporters: ['first', 'second'] });
    await proxy.start();
    void proxy.runForwarder(resolving([]));
    void proxy.runForwarder(resolving([PART]), { name: 'second' });
    await sendAll(proxy.socketPath, [logsFrame(5)]);
    const isDone = (name: string) => proxy.accounts(name).forwarded.batches === 1;
    await until('both have it', () => isDone('first') && isDone('second'));
    expect(proxy.accounts('first').dropped.rejected.logs).toBe(0);
    expect(proxy.accounts('second')).toMatchObject({
      forwarded: { logs: 2 },
      dropped: { rejected: { logs: 3 } },
    });
    expect(logger.lines.find(({ level }) => level === 'warn')?.fields).toMatchObject({
      reporter: 'second',
      logs: 3,
    });
  });
});
