import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { encodeFrame, encodeStatus, type LogBatch } from '../../../codec/index.js';
import type { BoundaryLogProxy, BoundaryLogProxyOptions, Reporter } from '../../../lib/index.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { logLines } from '../../helpers/log-lines.js';
import { firstNumber, logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { collector, silentReporter } from '../../helpers/reporters.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();

/** `n` batches of one log, numbered from `first`. */
const batches = (n: number, first = 0) => Array.from({ length: n }, (_, i) => logsFrame(1, first + i));

/** A run of the forwarder that the test ends. */
function run(proxy: BoundaryLogProxy, reporter: Reporter, graceMs = 0) {
  const stop = new AbortController();
  const done = proxy.runForwarder(reporter, { signal: stop.signal, graceMs });
  return {
    async stop() {
      stop.abort();
      await done;
    },
  };
}

async function metric(proxy: BoundaryLogProxy, line: string): Promise<string | undefined> {
  const text = await proxy.registry.metrics();
  return text.split('\n').find((candidate) => candidate.startsWith(`agent_boundary_log_proxy_${line} `));
}

describe('the bound', () => {
  test.each([1, 10])('no forwarder, 150 batches on %d connections: 100 buffered, 50 dropped', async (n) => {
    const proxy = makeProxy();
    await proxy.start();
    await Promise.all(
      Array.from({ length: n }, (_, i) => sendAll(proxy.socketPath, batches(150 / n, i * 1000))),
    );
    await until('all were received', () => proxy.accounts().received.batches === 150);
    expect(proxy.accounts()).toMatchObject({
      received: { batches: 150, logs: 150 },
      buffered: { batches: 100, logs: 100 },
      dropped: { buffer_full: { batches: 50, logs: 50 } },
    });
    expect(await metric(proxy, 'batches_dropped_total{reason="buffer_full"}')).toMatch(/ 50$/);
    expect(await metric(proxy, 'buffer_batches')).toMatch(/ 100$/);
  });

  test.each([1, 10])(
    'a reporter that never answers, %d connections: 100, 1 in flight, 49 dropped',
    async (n) => {
      const proxy = makeProxy();
      await proxy.start();
      const forwarding = run(proxy, silentReporter);
      await Promise.all(
        Array.from({ length: n }, (_, i) => sendAll(proxy.socketPath, batches(150 / n, i * 1000))),
      );
      await until('all were received', () => proxy.accounts().received.batches === 150);
      expect(proxy.accounts()).toMatchObject({
        buffered: { batches: 100 },
        inFlight: { batches: 1 },
        dropped: { buffer_full: { batches: 49, logs: 49 } },
      });
      await forwarding.stop();
    },
  );

  test("overflow: 'block' drops nothing: the senders wait", async () => {
    const proxy = makeProxy({ bufferSize: 5, overflow: 'block' });
    await proxy.start();
    // These are more bytes than the buffers of the sockets can hold.
    const large = (i: number) => Array.from({ length: 50 }, (_, j) => logsFrame(200, i * 1000 + j));
    const onSent = jest.fn();
    const sent = Promise.all([0, 1, 2].map((i) => sendAll(proxy.socketPath, large(i)).then(onSent)));
    await until('the buffer is full', () => proxy.accounts().buffered.batches === 5);
    for (let turns = 0; turns < 100; turns++) await turn();
    expect(proxy.accounts().received.batches).toBe(5);
    expect(onSent).not.toHaveBeenCalled();
    const reporter = collector();
    run(proxy, reporter);
    await sent;
    await until('all were reported', () => reporter.batches.length === 150);
    const numbers = reporter.batches.map(firstNumber);
    for (const i of [0, 1, 2]) {
      const own = numbers.filter((number) => Math.floor(number / 1000) === i);
      expect(own).toEqual(Array.from({ length: 50 }, (_, j) => i * 1000 + j));
    }
  });
});

describe('one connection', () => {
  test('with a fatal header is closed, others stay open, and everything before the header is reported', async () => {
    const proxy = makeProxy();
    const reporter = collector();
    await proxy.start();
    run(proxy, reporter);
    const other = await connectTo(proxy.socketPath);
    await sendAll(proxy.socketPath, [
      Buffer.concat([logsFrame(1, 1), encodeFrame(9, Buffer.alloc(0)), logsFrame(1, 2)]),
    ]);
    other.end(logsFrame(1, 3));
    await until('both are reported', () => reporter.batches.length === 2);
    expect(reporter.batches.map(firstNumber)).toEqual([1, 3]);
    expect(await metric(proxy, 'frames_rejected_total{reason="unsupported_tag"}')).toMatch(/ 1$/);
  });

  test('that ends inside a frame loses only this frame', async () => {
    const proxy = makeProxy();
    const reporter = collector();
    await proxy.start();
    run(proxy, reporter);
    await sendAll(proxy.socketPath, [Buffer.concat([logsFrame(1, 1), logsFrame(1, 2).subarray(0, 20)])]);
    await until('it is counted', async () =>
      (await metric(proxy, 'frames_rejected_total{reason="truncated_payload"}'))?.endsWith(' 1'),
    );
    expect(reporter.batches.map(firstNumber)).toEqual([1]);
  });

  test('is counted while it is open, and afterwards', async () => {
    const proxy = makeProxy();
    await proxy.start();
    const socket = await connectTo(proxy.socketPath);
    await until('it is open', async () => (await metric(proxy, 'connections_open'))?.endsWith(' 1'));
    socket.destroy();
    await until('it is closed', async () => (await metric(proxy, 'connections_open'))?.endsWith(' 0'));
    expect(await metric(proxy, 'connections_total')).toMatch(/ 1$/);
  });

  test("a sender's own drops are counted, and never forwarded", async () => {
    const proxy = makeProxy();
    await proxy.start();
    const status = encodeStatus({ droppedChannelFull: 5, droppedBatchFull: -3 });
    await sendAll(proxy.socketPath, [status, status]);
    await until('they are counted', async () =>
      (await metric(proxy, 'logs_dropped_total{reason="boundary_channel_full"}'))?.endsWith(' 10'),
    );
    expect(await metric(proxy, 'logs_dropped_total{reason="boundary_batch_full"}')).toMatch(/ 0$/);
    expect(proxy.accounts().received.batches).toBe(0);
  });
});

describe('a reporter that', () => {
  test.each<[string, Reporter['report']]>([
    ['throws', () => { throw new Error('not available'); }], // biome-ignore format: one line a case
    ['rejects', async () => { throw new Error('not available'); }], // biome-ignore format: one line a case
  ])('%s sometimes: only these batches are lost', async (_what, fail) => {
    const proxy = makeProxy();
    const reported: number[] = [];
    await proxy.start();
    run(proxy, {
      report(batch, options) {
        if (firstNumber(batch) % 2 === 0) return fail(batch, options);
        reported.push(firstNumber(batch));
        return undefined;
      },
    });
    await sendAll(proxy.socketPath, batches(6));
    await until('all are done', () => reported.length === 3);
    expect(reported).toEqual([1, 3, 5]);
    expect(proxy.accounts()).toMatchObject({
      forwarded: { batches: 3 },
      dropped: { forward_failed: { batches: 3, logs: 3 } },
    });
    expect(await metric(proxy, 'batches_dropped_total{reason="forward_failed"}')).toMatch(/ 3$/);
    expect(await metric(proxy, 'batches_forwarded_total')).toMatch(/ 3$/);
  });

  test('reads the accounts always sees balanced ones', async () => {
    const proxy = makeProxy();
    let looks = 0;
    await proxy.start();
    run(proxy, {
      async report() {
        assertBalanced(proxy.accounts());
        await turn();
        assertBalanced(proxy.accounts());
        looks += 1;
      },
    });
    await sendAll(proxy.socketPath, [Buffer.concat(batches(20))]);
    await until('all are reported', () => looks === 20);
  });
});

describe('the forwarder', () => {
  test('may run before start()', async () => {
    const proxy = makeProxy();
    const reporter = collector();
    run(proxy, reporter);
    await proxy.start();
    await sendAll(proxy.socketPath, batches(3));
    await until('all are reported', () => reporter.batches.length === 3);
  });

  test('can be stopped and run again without losing a buffered batch', async () => {
    const proxy = makeProxy();
    await proxy.start();
    await sendAll(proxy.socketPath, batches(5));
    await until('all are buffered', () => proxy.accounts().buffered.batches === 5);
    const seen: number[] = [];
    const first = run(proxy, {
      report: (batch, { signal }) => {
        seen.push(firstNumber(batch));
        if (firstNumber(batch) < 2) return undefined;
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        );
      },
    });
    await until('the third one is being reported', () => seen.length === 3);
    await first.stop();
    expect(proxy.accounts()).toMatchObject({ buffered: { batches: 3 }, inFlight: { batches: 0 } });
    const reporter = collector();
    run(proxy, reporter);
    await until('the rest is reported', () => reporter.batches.length === 3);
    expect(reporter.batches.map(firstNumber)).toEqual([2, 3, 4]);
    expect(proxy.accounts().dropped.forward_failed.batches).toBe(0);
  });

  test('a report in progress when it is stopped may still succeed', async () => {
    const proxy = makeProxy();
    await proxy.start();
    let finish: () => void = () => undefined;
    const forwarding = run(
      proxy,
      {
        report: () =>
          new Promise<void>((resolve) => {
            finish = resolve;
          }),
      },
      10_000,
    );
    await sendAll(proxy.socketPath, batches(1));
    await until('it is being reported', () => proxy.accounts().inFlight.batches === 1);
    const stopped = forwarding.stop();
    finish();
    await stopped;
    expect(proxy.accounts()).toMatchObject({ forwarded: { batches: 1 }, buffered: { batches: 0 } });
  });

  test('cannot run twice at the same time', async () => {
    const proxy = makeProxy();
    run(proxy, silentReporter);
    await expect(proxy.runForwarder(silentReporter)).rejects.toMatchObject({ code: 'ERR_FORWARDER_RUNNING' });
  });

  test('resolves at once if its signal has aborted, or if the proxy is closed', async () => {
    const proxy = makeProxy();
    await proxy.runForwarder(silentReporter, { signal: AbortSignal.abort() });
    await proxy.close();
    await proxy.runForwarder(silentReporter);
  });

  test('resolves when the proxy closes', async () => {
    const proxy = makeProxy();
    const done = proxy.runForwarder(collector());
    await proxy.close();
    await done;
  });

  test.each([
    ['reporter', {}, {}],
    ['signal', silentReporter, { signal: 'now' }],
    ['concurrency', silentReporter, { concurrency: 0 }],
    ['graceMs', silentReporter, { graceMs: -1 }],
  ])('rejects an invalid %s', async (option, reporter, options) => {
    await expect(makeProxy().runForwarder(reporter as Reporter, options as object)).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining(option),
    });
  });
});

describe('close', () => {
  test('removes the socket file, closes connections, and drops what is left as shutdown', async () => {
    const logger = logLines();
    const proxy = makeProxy({ logger });
    await proxy.start();
    const socket = await connectTo(proxy.socketPath);
    socket.resume().write(Buffer.concat(batches(3)));
    await until('all are buffered', () => proxy.accounts().buffered.batches === 3);
    const closed = once(socket, 'close');
    await proxy.close();
    await closed;
    expect(existsSync(proxy.socketPath)).toBe(false);
    expect(proxy.accounts()).toMatchObject({
      buffered: { batches: 0 },
      dropped: { shutdown: { batches: 3, logs: 3 } },
    });
    expect(logger.lines.at(-1)).toMatchObject({
      level: 'info',
      message: 'closed',
      fields: {
        received: { batches: 3, logs: 3 },
        forwarded: { batches: 0, logs: 0 },
        dropped: { shutdown: { batches: 3, logs: 3 } },
      },
    });
  });

  test('with a drain: what connected senders have written is still reported', async () => {
    const proxy = makeProxy();
    const reporter = collector();
    await proxy.start();
    const sockets = await Promise.all([0, 1, 2].map(() => connectTo(proxy.socketPath)));
    for (const [i, socket] of sockets.entries()) socket.resume().write(Buffer.concat(batches(10, i * 1000)));
    run(proxy, {
      async report(batch, options) {
        await turn();
        reporter.report(batch, options);
      },
    });
    await proxy.close({ drain: 10_000 });
    expect(reporter.batches).toHaveLength(30);
    expect(proxy.accounts().dropped.shutdown.batches).toBe(0);
  });

  test('with a drain that takes too long: what is left is dropped as shutdown', async () => {
    const proxy = makeProxy();
    await proxy.start();
    run(proxy, silentReporter);
    await sendAll(proxy.socketPath, batches(4));
    await until('all are received', () => proxy.accounts().received.batches === 4);
    await proxy.close({ drain: 10 });
    expect(proxy.accounts()).toMatchObject({
      dropped: { shutdown: { batches: 4 } },
      inFlight: { batches: 0 },
    });
  });

  test('with a drain, but without a forwarder: it does not wait', async () => {
    const proxy = makeProxy();
    await proxy.start();
    await sendAll(proxy.socketPath, batches(2));
    await until('all are buffered', () => proxy.accounts().buffered.batches === 2);
    await proxy.close({ drain: 60_000 });
    expect(proxy.accounts().dropped.shutdown.batches).toBe(2);
  });

  test("with senders that wait for room (overflow: 'block'): everything that was read from them is counted", async () => {
    const proxy = makeProxy({ bufferSize: 1, overflow: 'block' });
    await proxy.start();
    const socket = await connectTo(proxy.socketPath);
    socket.resume().write(Buffer.concat(batches(50)));
    await until('the buffer is full', () => proxy.accounts().buffered.batches === 1);
    await proxy.close();
    expect(proxy.accounts().dropped.shutdown.batches).toBe(50);
  });

  test('may be called twice; after close() there is no start()', async () => {
    const proxy = makeProxy();
    expect(proxy.close()).toBe(proxy.close());
    await proxy.close();
    await expect(proxy.start()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('during start() closes what was started', async () => {
    const proxy = makeProxy();
    const started = proxy.start();
    await proxy.close();
    await started;
    expect(existsSync(proxy.socketPath)).toBe(false);
  });

  test('is called by `await using`', async () => {
    const proxy = makeProxy();
    await proxy.start();
    await proxy[Symbol.asyncDispose]();
    expect(existsSync(proxy.socketPath)).toBe(false);
  });

  test('rejects an invalid drain', () => {
    expect(() => makeProxy().close({ drain: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    );
  });
});

describe('start', () => {
  test('may be called twice', async () => {
    const proxy = makeProxy();
    await Promise.all([proxy.start(), proxy.start()]);
    await proxy.start();
    await sendAll(proxy.socketPath, batches(1));
    await until('it is received', () => proxy.accounts().received.batches === 1);
  });

  test('may be called again after a failure', async () => {
    const first = makeProxy();
    await first.start();
    const second = makeProxy({ socketPath: first.socketPath });
    await expect(second.start()).rejects.toMatchObject({ code: 'ERR_SOCKET_IN_USE' });
    await first.close();
    await second.start();
  });
});

describe('options', () => {
  test.each<[string, unknown]>([
    ['socketPath', ''],
    ['socketPath', 'nul\0'],
    ['socketPath', `/tmp/${'x'.repeat(120)}`],
    ['socketMode', 0o1000],
    ['bufferSize', 0],
    ['bufferSize', '100'],
    ['bufferBytes', 0.5],
    ['overflow', 'wait'],
    ['registry', {}],
    ['logger', { warn() {} }],
  ])('rejects an invalid %s', (option, value) => {
    expect(() => makeProxy({ [option]: value } as BoundaryLogProxyOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(option) }),
    );
  });

  test('two proxies with one registry are an error, unless the first one is closed', async () => {
    const registry = new Registry();
    const first = makeProxy({ registry });
    expect(() => makeProxy({ registry })).toThrow(expect.objectContaining({ code: 'ERR_REGISTRY_IN_USE' }));
    await first.close();
    expect(makeProxy({ registry }).registry).toBe(registry);
  });
});

describe('warnings', () => {
  test('about drops: one when they begin, one every 30 s, one when they end', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      const logger = logLines();
      const proxy = makeProxy({ logger, bufferSize: 1 });
      await proxy.start();
      const send = async (n: number) => {
        const { received } = proxy.accounts();
        await sendAll(proxy.socketPath, batches(n));
        await until('it is received', () => proxy.accounts().received.batches === received.batches + n);
      };
      const warnings = () => logger.lines.filter(({ level }) => level === 'warn');
      await send(4);
      expect(warnings()).toMatchObject([{ fields: { reason: 'buffer_full', batches: 1, logs: 1 } }]);
      jest.advanceTimersByTime(30_000);
      expect(warnings()[1]).toMatchObject({ fields: { reason: 'buffer_full', batches: 2, logs: 2 } });
      jest.advanceTimersByTime(30_000);
      expect(warnings()[2]).toMatchObject({ fields: { reason: 'buffer_full', batches: 3, logs: 3 } });
      jest.advanceTimersByTime(300_000);
      expect(warnings()).toHaveLength(3);
    } finally {
      jest.useRealTimers();
    }
  });

  test('about rejected frames name the reason', async () => {
    const logger = logLines();
    const proxy = makeProxy({ logger });
    await proxy.start();
    await sendAll(proxy.socketPath, [
      Buffer.concat([encodeFrame(1, Buffer.from([255])), encodeFrame(2, Buffer.alloc(0))]),
    ]);
    await until(
      'both are warned about',
      () => logger.lines.filter(({ level }) => level === 'warn').length === 2,
    );
    expect(logger.lines.map(({ fields }) => fields.reason)).toEqual(
      expect.arrayContaining(['invalid_protobuf', 'unknown_variant']),
    );
  });

  test('about a reporter that fails contain its error', async () => {
    const logger = logLines();
    const proxy = makeProxy({ logger });
    const error = new Error('not available');
    await proxy.start();
    run(proxy, { report: () => Promise.reject(error) });
    await sendAll(proxy.socketPath, batches(1));
    await until('it is warned about', () => logger.lines.some(({ level }) => level === 'warn'));
    expect(logger.lines.find(({ level }) => level === 'warn')).toMatchObject({
      fields: { reason: 'forward_failed', batches: 1, logs: 1, err: error },
    });
  });
});

test('100 buffered batches of 1 KB need much less than 1 MB', async () => {
  const proxy = makeProxy();
  const kept: LogBatch[] = [];
  await proxy.start();
  const frame = logsFrame(9);
  await sendAll(proxy.socketPath, [Buffer.concat(Array.from({ length: 100 }, () => frame))]);
  await until('all are buffered', () => proxy.accounts().buffered.batches === 100);
  run(proxy, { report: (batch) => void kept.push(batch) });
  await until('all are reported', () => kept.length === 100);
  const memory = new Set(kept.map(({ raw }) => raw.buffer));
  const bytes = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeLessThan(200_000);
});
