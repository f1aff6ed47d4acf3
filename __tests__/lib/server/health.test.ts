import { mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { encodeStatus } from '../../../codec/index.js';
import type { BoundaryLogProxy, Reporter } from '../../../lib/index.js';
import { logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { collector, silentReporter } from '../../helpers/reporters.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const path = tempPaths();

const ok = { status: 'ok', reasons: [] };
const failing = (...reasons: string[]) => ({ status: 'failing', reasons });

/** Waits until the proxy has this health. */
async function becomes(proxy: BoundaryLogProxy, expected: object): Promise<void> {
  const isSo = () => JSON.stringify(proxy.health()) === JSON.stringify(expected);
  await until(`it is ${JSON.stringify(expected)}`, isSo).catch(() =>
    expect(proxy.health()).toEqual(expected),
  );
}

async function metric(proxy: BoundaryLogProxy, name: string): Promise<number | undefined> {
  const { values = [] } =
    (await proxy.registry.getSingleMetric(`agent_boundary_log_proxy_${name}`)?.get()) ?? {};
  return values[0]?.value;
}

/** Accepts batches while it is up. */
function switchable(): Reporter & { isUp: boolean } {
  return {
    isUp: true,
    report() {
      if (!this.isUp) throw new Error('down');
    },
  };
}

test('a proxy that is not started fails, and so does one that is closed', async () => {
  const proxy = makeProxy();
  expect(proxy.health()).toEqual(failing('not_listening', 'not_forwarding'));
  await proxy.start();
  proxy.runForwarder(collector());
  expect(proxy.health()).toEqual(ok);
  const closed = proxy.close();
  expect(proxy.health().reasons).toContain('not_listening');
  await closed;
  expect(proxy.health()).toEqual(failing('not_listening', 'not_forwarding'));
});

test('a proxy without a forwarder fails until one runs', async () => {
  const proxy = makeProxy();
  await proxy.start();
  expect(proxy.health()).toEqual(failing('not_forwarding'));
  const end = new AbortController();
  const run = proxy.runForwarder(collector(), { signal: end.signal });
  expect(proxy.health()).toEqual(ok);
  end.abort();
  await run;
  expect(proxy.health()).toEqual(failing('not_forwarding'));
});

test.each<[string, (socketPath: string) => void]>([
  ['is deleted', (socketPath) => unlinkSync(socketPath)],
  [
    'is a file that is not a socket',
    (socketPath) => {
      unlinkSync(socketPath);
      writeFileSync(socketPath, '');
    },
  ],
])('a proxy whose socket file %s fails', async (_name, change) => {
  const proxy = makeProxy();
  await proxy.start();
  proxy.runForwarder(collector());
  change(proxy.socketPath);
  expect(proxy.health()).toEqual(failing('socket_missing'));
});

test('an outage of a reporter that is retried is degraded, until the reporter accepts a batch', async () => {
  const proxy = makeProxy();
  const reporter = switchable();
  await proxy.start();
  proxy.runForwarder(reporter, { retry: { initialDelayMs: 1, maxDelayMs: 1 } });
  reporter.isUp = false;
  expect(await metric(proxy, 'reporter_up')).toBe(1);
  expect(await metric(proxy, 'last_success_timestamp_seconds')).toBe(0);
  const before = Date.now() / 1000;
  await sendAll(proxy.socketPath, [logsFrame(1)]);
  await becomes(proxy, { status: 'degraded', reasons: ['reporter_failing'] });
  expect([await metric(proxy, 'reporter_up'), await metric(proxy, 'in_flight_batches')]).toEqual([0, 1]);
  reporter.isUp = true;
  await becomes(proxy, ok);
  expect([await metric(proxy, 'reporter_up'), await metric(proxy, 'in_flight_batches')]).toEqual([1, 0]);
  const last = (await metric(proxy, 'last_success_timestamp_seconds')) ?? 0;
  // Two clocks are compared, of which one has whole milliseconds.
  expect(last).toBeGreaterThanOrEqual(before - 0.01);
  expect(last).toBeLessThanOrEqual(Date.now() / 1000 + 0.01);
});

test('an outage of a reporter that is not retried loses data, and fails', async () => {
  const proxy = makeProxy();
  await proxy.start();
  proxy.runForwarder({ report: () => Promise.reject(new Error('down')) });
  await sendAll(proxy.socketPath, [logsFrame(1)]);
  await becomes(proxy, failing('dropping', 'reporter_failing'));
});

test('a batch that the reporter will never accept is a loss, but no outage', async () => {
  const proxy = makeProxy();
  await proxy.start();
  const report = () => Promise.reject(Object.assign(new Error('no'), { permanent: true }));
  proxy.runForwarder({ report }, { retry: {} });
  await sendAll(proxy.socketPath, [logsFrame(1)]);
  await until('it is writable', () => !proxy.health().reasons.includes('spool_not_writable'));
});

test('a buffer that is full fails', async () => {
  const proxy = makeProxy({ bufferSize: 1 });
  await proxy.start();
  proxy.runForwarder(silentReporter, { graceMs: 0 });
  await sendAll(proxy.socketPath, [logsFrame(1), logsFrame(1)]);
  await until('one is in flight, and one in the buffer', () => proxy.accounts().received.batches === 2);
  expect(proxy.health()).toEqual(ok);
  await sendAll(proxy.socketPath, [logsFrame(1)]);
  await until('it is writable', () => !proxy.health().reasons.includes('spool_not_writable'));
});

test('what a sender dropped, a rejected frame, and what a shutdown drops do not count', async () => {
  const proxy = makeProxy();
  await proxy.start();
  const end = new AbortController();
  const run = proxy.runForwarder(silentReporter, { signal: end.signal, graceMs: 0 });
  await sendAll(proxy.socketPath, [encodeStatus({ droppedChannelFull: 5n }), logsFrame(1), Buffer.alloc(4)]);
  await until('all has arrived', async () => (await metric(proxy, 'connections_open')) === 0);
  expect(proxy.health()).toEqual(ok);
  end.abort();
  await run;
  await proxy.close();
  expect(proxy.accounts().dropped.shutdown.batches).toBe(1);
  expect(proxy.health()).toEqual(failing('not_listening', 'not_forwarding'));
});

test('a spool that cannot be written to fails, until it can', async () => {
  const folder = path();
  const proxy = makeProxy({ spool: { folder } });
  await proxy.start();
  proxy.runForwarder(silentReporter, { graceMs: 0 });
  await sendAll(proxy.socketPath, [logsFrame(1)]);
  await until('it is stored', () => proxy.accounts().inFlight.batches === 1);
  expect(proxy.health()).toEqual(ok);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'in the way');
  await sendAll(proxy.socketPath, [logsFrame(1)]);
  await until('it is not writable', () => proxy.health().reasons.includes('spool_not_writable'));
  expect(proxy.health().status).toBe('failing');
  rmSync(folder);
  mkdirSync(folder, { mode: 0o700 });
  await sendAll(proxy.socketPath, [logsFrame(1)]);
  await until('it is writable', () => !proxy.health().reasons.includes('spool_not_writable'));
});
