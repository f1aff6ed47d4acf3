import { afterEach, describe, expect, test } from '@jest/globals';
import { LogBatch, Tag } from '../../../codec/index.js';
import { onAbort } from '../../../lib/abort.js';
import {
  type BatchSource,
  BoundaryLogError,
  BoundaryLogProxy,
  type BoundaryLogProxyOptions,
  type Reporter,
} from '../../../lib/index.js';
import { nextTurn } from '../../../lib/real-time.js';
import { insightOf } from '../../../lib/server/insight.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { random } from '../../helpers/cuts.js';
import { logLines } from '../../helpers/log-lines.js';
import { firstNumber, logBatch } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { requestOf, urlsOf } from '../../helpers/redaction.js';
import { collector } from '../../helpers/reporters.js';
import { ScriptedSource } from '../../helpers/scripted-source.js';
import { seed } from '../../helpers/seed.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/until.js';

const proxy = proxies();
const running: AbortController[] = [];
afterEach(() => {
  for (const run of running.splice(0)) run.abort();
});

async function served(options: BoundaryLogProxyOptions = {}) {
  const source = new ScriptedSource();
  const logger = logLines();
  const made = proxy({ source, logger, ...options });
  await made.start();
  return { source, logger, proxy: made };
}

/** A reporter that fails as the table says: by the number of the batch's first log. */
function failing(errors: Record<number, object>): Reporter {
  return {
    report: (batch) => {
      const error = errors[firstNumber(batch)];
      if (error !== undefined) throw Object.assign(new Error('no'), error);
    },
  };
}

test('what the reporter accepts is accepted, and nothing before that', async () => {
  const { source, proxy } = await served();
  for (const n of [1, 2]) expect(source.deliver(logBatch(3, n))).toBe(true);
  expect(source.told).toEqual([]);
  expect(proxy.accounts()).toMatchObject({ buffered: { batches: 2, logs: 6 }, received: { batches: 2 } });
  const { batches, report } = collector();
  proxy.runForwarder({ report });
  source.deliver(logBatch(1, 3));
  await until('all are accepted', () => source.told.length === 3);
  expect(source.told).toEqual(['1 accepted', '2 accepted', '3 accepted']);
  expect(batches.map(firstNumber)).toEqual([1, 2, 3]);
  assertBalanced(proxy.accounts());
});

test('what was delivered before counts as redelivered, and not as received', async () => {
  const { source, proxy } = await served();
  proxy.runForwarder(collector());
  source.deliver(logBatch(2, 1), 1);
  source.deliver(logBatch(3, 2), 2);
  source.deliver(logBatch(4, 3), 17);
  await until('all are accepted', () => source.told.length === 3);
  expect(proxy.accounts()).toMatchObject({
    received: { batches: 1, logs: 2 },
    redelivered: { batches: 2, logs: 7 },
    forwarded: { batches: 3, logs: 9 },
    returned: { batches: 0, logs: 0 },
  });
  const text = await proxy.registry.metrics();
  expect(text).toContain('batches_received_total 1\n');
  expect(text).toContain('logs_redelivered_total 7\n');
});

test('a rejected batch is dropped; one that could not be delivered is returned, and does not count as lost', async () => {
  const { source, proxy, logger } = await served();
  const retry = { maxAttempts: 1 };
  proxy.runForwarder(failing({ 2: { permanent: true }, 3: {} }), { retry });
  for (const n of [1, 2, 3, 4]) source.deliver(logBatch(1, n));
  await until('all are settled', () => source.told.length === 4);
  expect(source.told.sort()).toEqual([
    '1 accepted',
    '2 rejected (rejected: no)',
    '3 returned for 30000 ms',
    '4 accepted',
  ]);
  const { dropped, returned } = proxy.accounts();
  expect([dropped.rejected.batches, dropped.forward_failed.batches, returned.batches]).toEqual([1, 0, 1]);
  expect(logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      'dropping boundary logs',
      'returning boundary logs to their source, which delivers them again',
    ]),
  );
});

test('at the end, what is left is returned at once, and the source is closed after that', async () => {
  const { source, proxy, logger } = await served();
  let reported = 0;
  proxy.runForwarder({ report: () => new Promise(() => (reported += 1)) }, { graceMs: 0 });
  for (const n of [1, 2, 3]) source.deliver(logBatch(1, n));
  await until('a report is in progress', () => reported === 1);
  await proxy.close();
  expect(source.told).toEqual([1, 2, 3].map((n) => `${n} returned for 0 ms`));
  expect(source.calls).toEqual(['receive', 'stop', 'close']);
  const { fields } = logger.lines.find(({ message }) => message === 'closed') ?? {};
  expect(fields).toMatchObject({
    received: { batches: 3 },
    returned: { batches: 3 },
    dropped: { shutdown: { batches: 0 } },
    kept: { batches: 0 },
  });
});

test('a batch is accepted when all reporters have accepted it', async () => {
  const { source, proxy } = await served({ reporters: ['one', 'two'] });
  const second = collector();
  proxy.runForwarder(failing({ 2: { permanent: true }, 3: {} }), { retry: { maxAttempts: 1 } });
  for (const n of [1, 2, 3]) source.deliver(logBatch(1, n), n);
  await until('the first reporter is done', () => proxy.accounts('one').buffered.batches === 0);
  expect(source.told).toEqual([]);
  proxy.runForwarder(second, { name: 'two' });
  await until('both are done', () => source.told.length === 3);
  expect(source.told).toEqual(['1 accepted', '2 rejected (rejected: no)', '3 returned for 30000 ms']);
  expect(second.batches).toHaveLength(3);
  for (const name of ['one', 'two']) {
    assertBalanced(proxy.accounts(name));
    expect(proxy.accounts(name)).toMatchObject({ received: { batches: 1 }, redelivered: { batches: 2 } });
  }
});

test('redaction happens before the buffer, and the source is told about what it has delivered', async () => {
  const { source, proxy } = await served({ redact: {} });
  const { batches, report } = collector();
  proxy.runForwarder({ report });
  const secret = new LogBatch(Tag.V2, 1, requestOf('https://example.com/?token=secret'));
  const invalid = new LogBatch(Tag.V2, 1, Buffer.from('not protobuf'));
  source.deliver(secret);
  source.deliver(invalid);
  await until('both are settled', () => source.told.length === 2);
  expect(batches.flatMap(({ raw }) => urlsOf(raw)).join()).not.toContain('secret');
  expect(source.told.sort()).toEqual([
    '0 accepted',
    expect.stringMatching(/^an invalid batch rejected \(redaction_failed: /),
  ]);
  expect(source.deliveries(secret) + source.deliveries(invalid)).toBe(0);
  expect(proxy.accounts()).toMatchObject({
    received: { batches: 2 },
    dropped: { redaction_failed: { batches: 1 } },
  });
});

test('what is not a valid batch counts as rejected', async () => {
  const { source, proxy, logger } = await served();
  source.refuse(new BoundaryLogError('ERR_INVALID_PROTOBUF', 'a wrong byte'));
  expect(await proxy.registry.metrics()).toContain('frames_rejected_total{reason="invalid_protobuf"} 1');
  expect(logger.lines.some(({ message }) => message === 'rejecting frames')).toBe(true);
  expect(proxy.accounts().received.batches).toBe(0);
});

test('a source that delivers more than there is room for waits, and nothing is dropped', async () => {
  const { source, proxy } = await served({ bufferSize: 2 });
  expect([1, 2, 3].map((n) => source.deliver(logBatch(1, n), 2))).toEqual([true, true, false]);
  const { batches, report } = collector();
  proxy.runForwarder({ report });
  await until('the source continues', () => source.calls.includes('resume'));
  expect(batches.map(firstNumber)).toEqual([1, 2, 3]);
  expect(proxy.accounts()).toMatchObject({ received: { batches: 0 }, redelivered: { batches: 3 } });
});

test('the console sees what arrives', async () => {
  const { source, proxy } = await served();
  const seen: unknown[] = [];
  insightOf(proxy).observe((outcomes) => seen.push(...outcomes));
  const batch = logBatch(1);
  source.deliver(batch);
  expect(seen).toEqual([batch]);
});

test('an outage of the source is degraded, and visible in the metrics', async () => {
  const { source, proxy } = await served();
  proxy.runForwarder(collector());
  expect(proxy.health()).toEqual({ status: 'ok', reasons: [] });
  source.isUp = false;
  expect(proxy.health()).toEqual({ status: 'degraded', reasons: ['source_failing'] });
  expect(await proxy.registry.metrics()).toContain('source_up 0\n');
});

test('a source that cannot be used is a failure of start(), which may be called again', async () => {
  const source = new ScriptedSource();
  source.failure = new Error('wrong password');
  const made = proxy({ source });
  await expect(made.start()).rejects.toThrow('wrong password');
  expect(made.health().reasons).toContain('not_listening');
  source.failure = undefined;
  await made.start();
  expect(source.calls).toEqual(['receive', 'receive']);
});

test('close() does not wait for a source that is being opened', async () => {
  const source = new ScriptedSource();
  let fail: (error: Error) => void = () => undefined;
  source.receive = () =>
    new Promise((_resolve, reject) => {
      fail = reject;
    });
  source.close = async () => fail(new Error('closed meanwhile'));
  const made = proxy({ source });
  const started = made.start();
  await made.close();
  await expect(started).rejects.toThrow('closed meanwhile');
});

test('a reporter may write to the socket that would be the default', async () => {
  const { proxy } = await served();
  const run = new AbortController();
  run.abort();
  await proxy.runForwarder(Object.assign(collector(), { socketPath: proxy.socketPath }), {
    signal: run.signal,
  });
});

test('batches that a reporter combines are accepted one by one', async () => {
  const { source, proxy } = await served();
  for (let n = 1; n <= 20; n++) source.deliver(logBatch(1, n));
  const { batches, report } = collector();
  proxy.runForwarder({ coalesce: {}, report });
  await until('all are accepted', () => source.told.length === 20);
  expect(source.told).toEqual(Array.from({ length: 20 }, (_, i) => `${i + 1} accepted`));
  expect(batches.length).toBeLessThan(20);
});

describe('whatever the reporters do, and however often their runs end', () => {
  const numbers = random(seed);

  /** Accepts, fails, rejects for ever, or does not answer before its run has ended. */
  const moody: Reporter = {
    report: (_batch, { signal }) => {
      const mood = numbers();
      if (mood < 0.5) return undefined;
      if (mood < 0.6) throw Object.assign(new Error('no'), { permanent: true });
      if (mood < 0.8) throw new Error('no');
      if (mood < 0.9) return nextTurn();
      return new Promise((_resolve, reject) => onAbort(signal, () => reject(new Error('ended'))));
    },
  };

  test.each(Array.from({ length: 20 }, (_, i) => i))(
    `the source is told once about each batch, and the accounts balance (seed ${seed}, run %i)`,
    async () => {
      const names = ['a', 'b', 'c'].slice(0, 1 + Math.floor(numbers() * 3));
      const { source, proxy } = await served({
        reporters: names,
        bufferSize: 5 + Math.floor(numbers() * 50),
      });
      let delivered = 0;
      const runs: Promise<void>[] = [];
      for (let round = 0; round < 8; round++) {
        const run = new AbortController();
        for (const name of names) {
          if (numbers() < 0.2) continue;
          const retry = numbers() < 0.5 ? { initialDelayMs: 0, maxDelayMs: 1, maxAttempts: 3 } : false;
          const options = { name, signal: run.signal, retry, graceMs: 0 } as const;
          runs.push(proxy.runForwarder(moody, { ...options, concurrency: 1 + Math.floor(numbers() * 3) }));
        }
        for (let i = 0; i < 20; i++) {
          delivered += 1;
          if (!source.deliver(logBatch(1 + (i % 3), delivered), 1 + Math.floor(numbers() * 2))) break;
          if (numbers() < 0.2) await nextTurn();
        }
        for (const name of names) assertBalanced(proxy.accounts(name));
        run.abort();
        await Promise.all(runs);
        for (const name of names) assertBalanced(proxy.accounts(name));
      }
      await proxy.close();
      expect(source.told).toHaveLength(delivered);
      expect(source.told.filter((one) => one.includes('did not have'))).toEqual([]);
      for (const name of names) {
        const accounts = proxy.accounts(name);
        assertBalanced(accounts);
        expect(accounts.received.batches + accounts.redelivered.batches).toBe(delivered);
        expect([accounts.buffered.batches, accounts.dropped.forward_failed.batches]).toEqual([0, 0]);
      }
    },
  );
});

describe('with a source', () => {
  const cases: [keyof BoundaryLogProxyOptions, unknown][] = [
    ['socketPath', '/tmp/x.sock'],
    ['socketMode', 0o600],
    ['socketGroup', 0],
    ['socketFd', 3],
    ['replace', true],
    ['spool', { folder: '/tmp/spool' }],
    ['record', { path: '/tmp/capture' }],
    ['sessions', {}],
    ['overflow', 'drop'],
  ];
  test.each(cases)('the option %s is an error', (name, value) => {
    const options = { source: new ScriptedSource() as BatchSource, [name]: value };
    const error = thrown(() => new BoundaryLogProxy(options));
    expect([error?.code, error?.message]).toEqual([
      'ERR_INVALID_OPTION',
      expect.stringContaining(`BoundaryLogProxy: ${name}: `),
    ]);
  });

  test.each<BoundaryLogProxyOptions>([{ overflow: 'block' }, { replace: false }])('%j is not', (options) => {
    proxy({ source: new ScriptedSource(), ...options });
  });
});
