import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { BoundaryLogProxy, Forwarder, LogBuffer, type Reporter } from '../../../lib/index.js';
import type { Logger } from '../../../lib/logger.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { logLines } from '../../helpers/log-lines.js';
import { logBatch, logsFrame } from '../../helpers/messages.js';
import { MISBEHAVIOURS } from '../../helpers/misbehaviour.js';
import { collector, silentReporter } from '../../helpers/reporters.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
/** The warnings of the process, and what would have ended it. */
const warnings: string[] = [];
const fatal: unknown[] = [];
const onFatal = (error: unknown) => fatal.push(error);

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)));
  process.on('unhandledRejection', onFatal);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onFatal);
  jest.restoreAllMocks();
  expect(fatal.splice(0)).toEqual([]);
  warnings.splice(0);
});

/** How many errors of a source the metrics show. */
async function counted(registry: BoundaryLogProxy['registry'], source: string): Promise<number> {
  const [, n] =
    new RegExp(`foreign_errors_total{source="${source}"} (\\d+)`).exec(await registry.metrics()) ?? [];
  return Number(n);
}

describe.each(MISBEHAVIOURS)('the logger %s:', (_name, misbehave) => {
  test.each(['debug', 'info', 'warn', 'error'] as const)(
    'in %s(): data flows, close() resolves, and it is counted and reported once',
    async (level) => {
      const logger: Logger = { ...logLines(), [level]: misbehave };
      const proxy = new BoundaryLogProxy({ socketPath: path(), logger });
      const reporter = collector();
      await proxy.start();
      proxy.runForwarder(reporter);
      // A rejected frame is a warning.
      await sendAll(proxy.socketPath, [logsFrame(1), Buffer.from([2, 0, 0, 1, 0xff]), logsFrame(1)]);
      await until('all is reported', () => reporter.batches.length === 2);
      await proxy.close();
      assertBalanced(proxy.accounts());
      expect(proxy.accounts().forwarded).toEqual({ batches: 2, logs: 2 });
      await new Promise((resolve) => setImmediate(resolve));
      const isUsed = level === 'info' || level === 'warn';
      expect((await counted(proxy.registry, 'logger')) > 0).toBe(isUsed);
      expect(warnings).toHaveLength(isUsed ? 1 : 0);
    },
  );
});

describe.each(MISBEHAVIOURS)('the reporter %s:', (_name, misbehave) => {
  test.each([
    ['without retries, the batch is dropped', false],
    ['with retries, it is retried', { initialDelayMs: 1, maxDelayMs: 1, timeoutMs: 1000 }],
    [
      'with retries and without a limit of time',
      { initialDelayMs: 1, maxDelayMs: 1, timeoutMs: Number.POSITIVE_INFINITY },
    ],
  ] as const)('%s, data flows, and close() resolves', async (_what, retry) => {
    const proxy = new BoundaryLogProxy({ socketPath: path(), logger: logLines() });
    let calls = 0;
    const report = () => (++calls <= 2 ? misbehave() : undefined);
    await proxy.start();
    proxy.runForwarder({ report } as Reporter, { retry });
    await sendAll(proxy.socketPath, [logsFrame(1), logsFrame(1), logsFrame(1)]);
    await until('all is processed', () => {
      const { forwarded, dropped } = proxy.accounts();
      return forwarded.batches + dropped.forward_failed.batches === 3;
    });
    expect(proxy.accounts().forwarded.batches).toBe(retry === false ? 1 : 3);
    await proxy.close();
    assertBalanced(proxy.accounts());
  });
});

test('a reporter that never settles does not delay close() for longer than the grace period', async () => {
  const proxy = new BoundaryLogProxy({ socketPath: path() });
  await proxy.start();
  proxy.runForwarder(silentReporter, { graceMs: 10 });
  await sendAll(proxy.socketPath, [logsFrame(1)]);
  await until('it is reported', () => proxy.accounts().inFlight.batches === 1);
  await proxy.close();
  assertBalanced(proxy.accounts());
  expect(proxy.accounts().dropped.shutdown.batches).toBe(1);
});

describe.each(MISBEHAVIOURS)('the registry %s:', (_name, misbehave) => {
  test.each(['registerMetric', 'getSingleMetric', 'removeSingleMetric'] as const)(
    'in %s(): data flows, close() resolves, and it is counted and reported once',
    async (method) => {
      const registry = new Registry();
      const metrics = registry.metrics.bind(registry);
      // The proxy before this one leaves metrics that are removed.
      await new BoundaryLogProxy({ socketPath: path(), registry }).close();
      Object.defineProperty(registry, method, { value: misbehave, configurable: true });
      const logger = logLines();
      let proxy: BoundaryLogProxy;
      try {
        proxy = new BoundaryLogProxy({ socketPath: path(), registry, logger });
      } catch (error) {
        // A result that is not undefined means that the registry is in use.
        expect(method).toBe('getSingleMetric');
        expect(error).toMatchObject({ code: 'ERR_REGISTRY_IN_USE' });
        return;
      }
      const reporter = collector();
      await proxy.start();
      proxy.runForwarder(reporter);
      await sendAll(proxy.socketPath, [logsFrame(1)]);
      await until('it is reported', () => reporter.batches.length === 1);
      await metrics();
      await proxy.close();
      assertBalanced(proxy.accounts());
      expect(logger.lines.filter(({ message }) => message.startsWith('the registry failed'))).toHaveLength(1);
    },
  );
});

describe.each(MISBEHAVIOURS)('a listener %s:', (_name, misbehave) => {
  test('of `forward`, `drop`, `retry`, `outage` and `recovery`: the others are called, and the Forwarder continues', async () => {
    let calls = 0;
    const report = () => {
      calls += 1;
      if (calls <= 2) throw new Error('not available');
      if (calls === 4) throw Object.assign(new Error('never'), { permanent: true });
    };
    const forwarder = new Forwarder({ report }, { retry: { initialDelayMs: 0 } });
    const seen: string[] = [];
    for (const event of ['forward', 'drop', 'retry', 'outage', 'recovery']) {
      forwarder.on(event, misbehave);
      forwarder.on(event, () => seen.push(event));
    }
    for (let i = 0; i < 3; i++) forwarder.write(logBatch(1, i));
    forwarder.end();
    await until('it has finished', () => forwarder.writableFinished);
    expect(seen).toEqual(['outage', 'retry', 'retry', 'recovery', 'forward', 'drop', 'forward']);
    expect(forwarder.inFlight).toEqual({ batches: 0, logs: 0 });
    await until('all failures are counted', () => forwarder.listenerErrors === seen.length);
    await until('it is reported', () => warnings.length === 1);
  });

  test('of `drop`: the buffer continues', async () => {
    const buffer = new LogBuffer({ maxBatches: 1 });
    const dropped: unknown[] = [];
    buffer.on('drop', misbehave);
    buffer.on('drop', (_batch, reason) => dropped.push(reason));
    for (let i = 0; i < 3; i++) expect(buffer.write(logBatch(1, i))).toBe(true);
    buffer.shutdown();
    expect(dropped).toEqual(['buffer_full', 'buffer_full', 'shutdown']);
    await until('all failures are counted', () => buffer.listenerErrors === 3);
    await until('it is reported', () => warnings.length === 1);
    buffer.destroy();
  });
});
