import { describe, expect, jest, test } from '@jest/globals';
import { encodeLogs } from '../../../codec/index.js';
import {
  type BoundaryLogProxy,
  type BoundaryLogProxyOptions,
  type Reporter,
  type SessionReport,
  verdictOf,
} from '../../../lib/index.js';
import { RequestRedactor } from '../../../lib/redaction/request-redactor.js';
import { logLines } from '../../helpers/log-lines.js';
import { logsFrame, SESSION } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { collector } from '../../helpers/reporters.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const path = tempPaths();
const never = Object.assign(new Error('never'), { permanent: true });

async function started(options: BoundaryLogProxyOptions = {}) {
  const ended: SessionReport[] = [];
  const proxy = makeProxy({ sessions: { onEnd: (report) => void ended.push(report) }, ...options });
  await proxy.start();
  return { proxy, ended };
}

const received = (proxy: BoundaryLogProxy, batches: number) =>
  until('all are received', () => proxy.accounts().received.batches === batches);
const dropped = (proxy: BoundaryLogProxy, batches: number) =>
  until('they are dropped', () => {
    const reasons = Object.values(proxy.accounts().dropped);
    return reasons.reduce((sum, amount) => sum + amount.batches, 0) === batches;
  });

describe('who lost it', () => {
  test.each<[what: string, options: BoundaryLogProxyOptions, run: object | undefined, verdict: string]>([
    [
      'a reporter that will never accept a batch',
      {},
      { retry: {} },
      '30 missing: 30 not accepted by the reporter (rejected)',
    ],
    ['a reporter that fails', {}, {}, '30 missing: 30 not accepted by the reporter (forward_failed)'],
    [
      'a buffer that is full',
      { bufferSize: 1 },
      undefined,
      '30 missing: 30 dropped by the proxy (buffer_full, shutdown)',
    ],
    [
      'a sender that has its share of the buffer',
      { bufferSize: 2, fairShare: true },
      undefined,
      '30 missing: 30 dropped by the proxy (unfair_share, shutdown)',
    ],
    [
      'a reporter that rejects what a spool has stored',
      { spool: { folder: path() } },
      {},
      '30 missing: 30 not accepted by the reporter (rejected)',
    ],
  ])('%s', async (what, options, run, verdict) => {
    const { proxy, ended } = await started(options);
    await sendAll(proxy.socketPath, [logsFrame(10), logsFrame(10, 10), logsFrame(10, 20)]);
    await received(proxy, 3);
    if (run !== undefined) {
      const forwarding = proxy.runForwarder({ report: () => Promise.reject(never) }, run);
      await dropped(proxy, 3);
      await proxy.close();
      await forwarding;
    }
    await proxy.close();
    expect({ what, verdicts: ended.map(verdictOf) }).toEqual({ what, verdicts: [verdict] });
  });

  test('of several reporters, the first one counts', async () => {
    const { proxy, ended } = await started({ reporters: ['main', 'other'] });
    const good = collector();
    const bad: Reporter = { report: () => Promise.reject(never) };
    const forwarding = [proxy.runForwarder(good), proxy.runForwarder(bad, { name: 'other' })];
    await sendAll(proxy.socketPath, [logsFrame(10)]);
    await until('it is dropped', () => proxy.accounts('other').dropped.forward_failed.batches === 1);
    await until('it is delivered', () => good.batches.length === 1);
    await proxy.close();
    await Promise.all(forwarding);
    expect(ended.map(verdictOf)).toEqual(['complete, 0–9']);
  });

  test('a batch that cannot be redacted', async () => {
    const redactions = jest.spyOn(RequestRedactor.prototype, 'redact').mockImplementation(() => {
      throw new RangeError('out of range');
    });
    const { proxy, ended } = await started({ redact: {} });
    await sendAll(proxy.socketPath, [logsFrame(10)]);
    await dropped(proxy, 1);
    redactions.mockRestore();
    await proxy.close();
    expect(ended.map(verdictOf)).toEqual(['10 missing: 10 dropped by the proxy (redaction_failed)']);
  });
});

test('a batch that is redacted keeps its session', async () => {
  const { proxy, ended } = await started({ redact: {} });
  const good = collector();
  const forwarding = proxy.runForwarder(good);
  const logs = [{ sequenceNumber: 0, httpRequest: { url: 'https://example.com/?token=secret' } }];
  await sendAll(proxy.socketPath, [encodeLogs({ sessionId: 's', logs })]);
  await until('it is delivered', () => good.batches.length === 1);
  expect(good.batches[0]).toMatchObject({ sessionId: 's', firstNumber: 0 });
  await proxy.close();
  await forwarding;
  expect(ended.map(verdictOf)).toEqual(['complete, 0–0']);
});

test('what is known of open sessions can be read', async () => {
  const { proxy } = await started();
  await sendAll(proxy.socketPath, [logsFrame(10), logsFrame(5, 20)]);
  await received(proxy, 2);
  expect(proxy.sessions?.report(SESSION)).toMatchObject({ received: 15, missing: 10, gaps: [[10, 19]] });
  expect([...(proxy.sessions?.reports() ?? [])]).toHaveLength(1);
  expect(makeProxy().sessions).toBeUndefined();
});

test('an `onEnd` that fails costs nothing but a line of the log', async () => {
  const logger = logLines();
  const { proxy } = await started({
    logger,
    sessions: {
      onEnd: () => {
        throw new Error('not mine');
      },
    },
  });
  await sendAll(
    proxy.socketPath,
    ['a', 'b'].map((sessionId) => encodeLogs({ sessionId, logs: [{}] })),
  );
  await received(proxy, 2);
  await proxy.close();
  const messages = logger.lines.map(({ message }) => message);
  expect(messages.filter((message) => message === 'session ended')).toHaveLength(2);
  expect(messages.filter((message) => message === 'onEnd of the option sessions failed')).toHaveLength(1);
});

test('a session ends when it was silent for long enough, and memory is bounded', async () => {
  const { proxy, ended } = await started({ sessions: undefined });
  expect(proxy.sessions).toBeUndefined();
  await proxy.close();
  expect(ended).toEqual([]);
  const reports: SessionReport[] = [];
  const other = makeProxy({
    sessions: { idle: 5, maxSessions: 2, onEnd: (report) => void reports.push(report) },
  });
  await other.start();
  await sendAll(
    other.socketPath,
    ['a', 'b', 'c'].map((sessionId) => encodeLogs({ sessionId, logs: [{}] })),
  );
  await until('all have ended', () => reports.length === 3);
  expect(reports.map(({ session }) => session)).toEqual(['a', 'b', 'c']);
});
