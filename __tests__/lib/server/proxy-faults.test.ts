import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogBatch } from '../../../codec/index.js';
import type { BoundaryLogProxy, Reporter, RunForwarderOptions } from '../../../lib/index.js';
import { realDisk } from '../../../lib/spool/disk.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { random } from '../../helpers/cuts.js';
import { logLines } from '../../helpers/log-lines.js';
import { firstNumber, logBatch, logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { collector, silentReporter } from '../../helpers/reporters.js';
import { seed } from '../../helpers/seed.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const folder = tempPaths();

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
/** `n` batches of one log, numbered from `first`. */
const batches = (n: number, first = 0) => range(first, first + n).map((number) => logsFrame(1, number));
/** Each connection numbers its batches from a multiple of this number, which distinguishes them. */
const PER_CONNECTION = 1000;
const connectionOf = (number: number) => Math.floor(number / PER_CONNECTION);

/** A run of the forwarder that the test may end. */
function run(proxy: BoundaryLogProxy, reporter: Reporter, options: RunForwarderOptions = {}) {
  const stop = new AbortController();
  const done = proxy.runForwarder(reporter, { graceMs: 0, ...options, signal: stop.signal });
  return {
    async stop() {
      stop.abort();
      await done;
    },
  };
}

/** The value of a metric of the proxy. */
async function metric(proxy: BoundaryLogProxy, name: string): Promise<number> {
  const text = await proxy.registry.metrics();
  const line = text.split('\n').find((one) => one.startsWith(`agent_boundary_log_proxy_${name} `));
  return Number(line?.split(' ').at(-1));
}

const permanent = () => Object.assign(new Error('not this one'), { permanent: true });

/** A reporter that fails until `isHealthy` is set. */
function failing(): Reporter & { isHealthy: boolean; failures: number; batches: LogBatch[] } {
  const reporter = {
    isHealthy: false,
    failures: 0,
    batches: [] as LogBatch[],
    report(batch: LogBatch) {
      if (reporter.isHealthy) {
        reporter.batches.push(batch);
      } else {
        reporter.failures += 1;
        throw new Error('not available');
      }
    },
  };
  return reporter;
}

describe('an outage of the reporter', () => {
  test('is counted, with one warning when it begins and one when it ends', async () => {
    const logger = logLines();
    const proxy = makeProxy({ logger });
    const reporter = failing();
    await proxy.start();
    run(proxy, reporter, { retry: { initialDelayMs: 1, maxDelayMs: 2 } });
    expect(await metric(proxy, 'retries_total')).toBe(0);
    const warnings = () => logger.lines.filter(({ level }) => level === 'warn');
    for (const outage of [1, 2]) {
      reporter.isHealthy = false;
      reporter.failures = 0;
      await sendAll(proxy.socketPath, batches(3, outage * 10));
      await until('it has failed several times', () => reporter.failures >= 5);
      expect(warnings()).toHaveLength(2 * outage - 1);
      expect(warnings().at(-1)).toMatchObject({
        message: 'the reporter is failing; retrying',
        fields: { err: new Error('not available') },
      });
      const before = await metric(proxy, 'retries_total');
      expect(before).toBeGreaterThanOrEqual(5);
      reporter.isHealthy = true;
      await until('all is reported', () => reporter.batches.length === 3 * outage);
      expect(warnings()).toHaveLength(2 * outage);
      expect(warnings().at(-1)).toMatchObject({
        message: 'the reporter accepts batches again',
        fields: { seconds: expect.any(Number) },
      });
    }
    expect(reporter.batches.map(firstNumber)).toEqual([10, 11, 12, 20, 21, 22]);
    expect(proxy.accounts()).toMatchObject({ received: { batches: 6 }, forwarded: { batches: 6 } });
  });

  test('without retry leads to warnings about drops', async () => {
    const logger = logLines();
    const proxy = makeProxy({ logger });
    await proxy.start();
    run(proxy, failing());
    await sendAll(proxy.socketPath, batches(5));
    await until('all are dropped', () => proxy.accounts().dropped.forward_failed.batches === 5);
    expect(logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'dropping boundary logs',
    ]);
    expect(await metric(proxy, 'retries_total')).toBe(0);
  });
});

test('a batch that the reporter will never accept is dropped as rejected, and is not an outage', async () => {
  const logger = logLines();
  const proxy = makeProxy({ logger });
  const { report, batches: accepted } = collector();
  await proxy.start();
  run(
    proxy,
    {
      report(batch, options) {
        if (firstNumber(batch) % 2 === 0) throw permanent();
        return report(batch, options);
      },
    },
    { retry: {} },
  );
  await sendAll(proxy.socketPath, batches(6));
  await until('all are done', () => accepted.length === 3);
  expect(accepted.map(firstNumber)).toEqual([1, 3, 5]);
  expect(proxy.accounts().dropped.rejected).toEqual({ batches: 3, logs: 3 });
  expect(await metric(proxy, 'batches_dropped_total{reason="rejected"}')).toBe(3);
  expect(await metric(proxy, 'logs_dropped_total{reason="rejected"}')).toBe(3);
  expect(await metric(proxy, 'retries_total')).toBe(0);
  expect(logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { message: 'dropping boundary logs', fields: { reason: 'rejected', batches: 1 } },
  ]);
});

describe(`a reporter with faults (seed ${seed})`, () => {
  const retry = fc.oneof(
    fc.constant(false as const),
    fc.record({
      initialDelayMs: fc.integer({ min: 0, max: 2 }),
      maxDelayMs: fc.integer({ min: 0, max: 2 }),
      timeoutMs: fc.constant(5),
      maxAttempts: fc.constantFrom(1, 2, 5, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    }),
  );
  const policy = fc.record({
    retry,
    concurrency: fc.constantFrom(1, 1, 3, 10),
    overflow: fc.constantFrom('drop' as const, 'block' as const),
    bufferSize: fc.integer({ min: 1, max: 30 }),
    /** Size of the spool, in batches of about 100 bytes. Undefined means in memory. */
    spool: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
    connections: fc.integer({ min: 1, max: 4 }),
    state: fc.integer(),
  });
  const EACH = 100;

  /**
   * A reporter that fails for 30 % of the reports, hangs for 5 %, succeeds too late for 2 %, and rejects 1 % for good: one
   * batch of each connection.
   */
  function faulty(look: () => void, state: number, canHang: boolean) {
    const next = random(state);
    /** The numbers of the batches that it accepted, in order. A batch that it accepted twice appears twice. */
    const accepted: number[] = [];
    const rejected: number[] = [];
    const report: Reporter['report'] = (batch, { signal }) => {
      look();
      const number = firstNumber(batch);
      // It rejects this batch at every attempt.
      if (number % 100 === 7) {
        rejected.push(number);
        throw permanent();
      }
      const dice = next();
      if (dice < 0.15) throw new Error('not available');
      if (dice < 0.3) return turn().then(() => Promise.reject(new Error('not available')));
      if (dice < 0.35 && canHang) {
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        );
      }
      accepted.push(number);
      if (dice < 0.37 && canHang) {
        return new Promise((resolve) => void setTimeout(resolve, 8));
      }
      return dice < 0.7 ? undefined : turn().then(() => undefined);
    };
    return { report, accepted, rejected };
  }

  test('with any options the accounts balance, and nothing is lost silently', async () => {
    // The time limit of fast-check would leave a proxy running.
    const deadline = performance.now() + 8000;
    const property = fc.asyncProperty(policy, async (p) => {
      if (performance.now() > deadline) return;
      const proxy = makeProxy({
        bufferSize: p.bufferSize,
        overflow: p.overflow,
        spool: p.spool === undefined ? undefined : { folder: folder(), maxBytes: 200 * p.spool },
      });
      // An error that report() throws would only count as one of its faults, so it is recorded instead.
      const unbalanced: unknown[] = [];
      const look = () => {
        try {
          assertBalanced(proxy.accounts());
        } catch (error) {
          unbalanced.push(error);
        }
      };
      // It must not hang without retries, because then nothing ends a report.
      const reporter = faulty(look, p.state, p.retry !== false);
      const total = p.connections * EACH;
      await proxy.start();
      const forwarding = run(proxy, reporter, { retry: p.retry, concurrency: p.concurrency });
      let isOver = false;
      const looks = (async () => {
        for (; !isOver; await turn()) look();
      })();
      try {
        await Promise.all(
          range(0, p.connections).map((i) => sendAll(proxy.socketPath, batches(EACH, i * PER_CONNECTION))),
        );
        await until('all are processed', () => {
          const { received, buffered, inFlight } = proxy.accounts();
          return received.batches === total && buffered.batches + inFlight.batches === 0;
        });
      } finally {
        isOver = true;
        await looks;
        await forwarding.stop();
      }
      const { forwarded, dropped } = proxy.accounts();
      const { accepted, rejected } = reporter;
      expect(unbalanced).toEqual([]);
      expect(dropped.shutdown.batches).toBe(0);
      expect(forwarded.batches).toBeLessThanOrEqual(new Set(accepted).size);
      expect(dropped.rejected.batches).toBe(p.retry === false ? 0 : rejected.length);
      if (p.overflow === 'block') {
        expect(dropped.buffer_full.batches + dropped.spool_full.batches).toBe(0);
      }
      const isUnlimited = p.retry !== false && (p.spool !== undefined || p.retry.maxAttempts > 5);
      if (isUnlimited) expect(dropped.forward_failed.batches).toBe(0);
      if (isUnlimited && p.overflow === 'block') {
        const numbers = range(0, p.connections).flatMap((i) =>
          range(i * PER_CONNECTION, i * PER_CONNECTION + EACH),
        );
        expect([...new Set([...accepted, ...rejected])].sort((a, b) => a - b)).toEqual(numbers);
        expect(forwarded.batches).toBe(total - rejected.length);
      }
      if (p.concurrency === 1) {
        for (const i of range(0, p.connections)) {
          const own = accepted.filter((number) => connectionOf(number) === i);
          expect(own).toEqual([...own].sort((a, b) => a - b));
        }
      }
      await proxy.close();
      assertBalanced(proxy.accounts());
    });
    await fc.assert(property, { seed, numRuns: 40 });
  }, 30_000);
});

describe("backpressure (overflow: 'block')", () => {
  const CONNECTIONS = 50;
  const EACH = 40;

  const slow: [string, () => Promise<void>][] = [
    ['a turn of the event loop', () => turn()],
    ['1 ms', () => new Promise((resolve) => setTimeout(resolve, 1))],
  ];
  const buffers: [string, () => object][] = [
    ['in memory', () => ({ bufferSize: 10 })],
    ['in a full spool', () => ({ spool: { folder: folder(), maxBytes: 1000 } })],
  ];
  const cases = buffers.flatMap(([where, options]) =>
    slow.map(([what, pause]) => ({ where, options, what, pause })),
  );

  test.each(cases)(
    '$where, $what for each batch: all connections get their share, and nothing is dropped',
    async (c) => {
      const proxy = makeProxy({ overflow: 'block', ...c.options() });
      const counts = new Array<number>(CONNECTIONS).fill(0);
      const last = new Array<number>(CONNECTIONS).fill(-1);
      let half: number[] | undefined;
      let reported = 0;
      let isOrdered = true;
      await proxy.start();
      const sockets = await Promise.all(counts.map(() => connectTo(proxy.socketPath)));
      for (const [i, socket] of sockets.entries()) {
        for (const frame of batches(EACH, i * PER_CONNECTION)) socket.write(frame);
        socket.resume().end();
      }
      await until('the buffer is full', () => proxy.accounts().received.batches >= 5);
      run(proxy, {
        async report(batch) {
          await c.pause();
          const number = firstNumber(batch);
          const i = connectionOf(number);
          counts[i] = (counts[i] ?? 0) + 1;
          isOrdered &&= number > (last[i] ?? 0);
          last[i] = number;
          if (++reported === (CONNECTIONS * EACH) / 2) half = [...counts];
        },
      });
      await until(
        'all are reported',
        () => proxy.accounts().forwarded.batches === CONNECTIONS * EACH,
        20_000,
      );
      expect(half?.filter((count) => count < EACH / 4 || count > EACH)).toEqual([]);
      expect(Math.min(...(half ?? [0]))).toBeGreaterThanOrEqual(EACH / 4);
      expect(counts).toEqual(counts.map(() => EACH));
      expect(isOrdered).toBe(true);
      const { dropped } = proxy.accounts();
      expect(Object.values(dropped).every(({ batches: n }) => n === 0)).toBe(true);
    },
    30_000,
  );
});

test('a spool loses nothing of 60,000 batches that arrive while the reporter is down', async () => {
  const COUNT = 60_000;
  const proxy = makeProxy({ spool: { folder: folder() } });
  const reporter = failing();
  await proxy.start();
  run(proxy, reporter, { retry: { initialDelayMs: 1, maxDelayMs: 5 } });
  const chunks = range(0, COUNT / 1000).map((i) => Buffer.concat(batches(1000, i * 1000)));
  await sendAll(proxy.socketPath, chunks);
  await until('all are received', () => proxy.accounts().received.batches === COUNT, 30_000);
  assertBalanced(proxy.accounts());
  expect(proxy.accounts()).toMatchObject({ forwarded: { batches: 0 }, inFlight: { batches: 1 } });
  expect(reporter.failures).toBeGreaterThan(10);
  reporter.isHealthy = true;
  await until('all are forwarded', () => proxy.accounts().forwarded.batches === COUNT, 30_000);
  const numbers = reporter.batches.map(firstNumber);
  expect(numbers).toHaveLength(COUNT);
  expect(numbers.findIndex((number, i) => number !== i)).toBe(-1);
  expect(proxy.accounts()).toMatchObject({ buffered: { batches: 0, logs: 0 }, inFlight: { batches: 0 } });
  assertBalanced(proxy.accounts());
}, 60_000);

describe('a proxy that starts during a shortage of descriptors', () => {
  /** Its spool contains five batches. */
  async function starved() {
    const spool = { folder: folder() };
    const first = makeProxy({ spool });
    await first.start();
    await sendAll(first.socketPath, batches(5));
    await until('all are received', () => first.accounts().received.batches === 5);
    await first.close();

    let attempts = 0;
    const list = jest.spyOn(realDisk, 'list').mockImplementation(() => {
      attempts += 1;
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    });
    const logger = logLines();
    const proxy = makeProxy({ spool, logger });
    await proxy.start();
    return { proxy, list, logger, hasTried: (n: number) => until(`${n} attempts`, () => attempts >= n) };
  }
  afterEach(() => void jest.restoreAllMocks());

  test('listens, says so once, and delivers everything when it ends', async () => {
    const { proxy, list, logger, hasTried } = await starved();
    const all = collector();
    run(proxy, all);
    await sendAll(proxy.socketPath, batches(3, 5));
    await until('all are received', () => proxy.accounts().received.batches === 3);
    await hasTried(3);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      {
        message: expect.stringMatching(/^a shortage: this process has no file descriptor left/),
        fields: { place: 'spool', kind: 'EMFILE', err: { code: 'EMFILE' } },
      },
    ]);
    list.mockRestore();
    await until('all are reported', () => all.batches.length === 8);
    expect(all.batches.map(firstNumber)).toEqual(range(0, 8));
    expect(proxy.accounts()).toMatchObject({ recovered: { batches: 5 }, forwarded: { batches: 8 } });
  });

  test('can be stopped: a run ends, and what was accepted is dropped as shutdown', async () => {
    const { proxy, hasTried } = await starved();
    const { stop } = run(proxy, collector());
    await hasTried(2);
    await stop();
    const running = proxy.runForwarder(collector());
    await sendAll(proxy.socketPath, batches(3, 5));
    await until('all are received', () => proxy.accounts().received.batches === 3);
    await proxy.close();
    await running;
    expect(proxy.accounts()).toMatchObject({
      dropped: { shutdown: { batches: 3 } },
      buffered: { batches: 0 },
    });
  });
});

describe('close with a drain, while a batch is retried', () => {
  test('in memory: what is left when the time is up is dropped as shutdown', async () => {
    const logger = logLines();
    const proxy = makeProxy({ logger });
    const reporter = failing();
    await proxy.start();
    run(proxy, reporter, { retry: { initialDelayMs: 60_000, maxDelayMs: 60_000 }, graceMs: 60_000 });
    await sendAll(proxy.socketPath, batches(5));
    await until('it has failed', () => reporter.failures === 1);
    await until('all are received', () => proxy.accounts().received.batches === 5);
    await proxy.close({ drain: 20 });
    expect(proxy.accounts()).toMatchObject({
      dropped: { shutdown: { batches: 5 }, forward_failed: { batches: 0 } },
      buffered: { batches: 0 },
      inFlight: { batches: 0 },
    });
    expect(logger.lines.at(-1)).toMatchObject({
      message: 'closed',
      fields: { kept: { batches: 0, logs: 0 }, dropped: { shutdown: { batches: 5, logs: 5 } } },
    });
  });

  test('in memory: it waits for a reporter that recovers in time', async () => {
    const proxy = makeProxy();
    const reporter = failing();
    await proxy.start();
    run(proxy, reporter, { retry: { initialDelayMs: 1, maxDelayMs: 1 } });
    await sendAll(proxy.socketPath, batches(5));
    await until('it has failed', () => reporter.failures > 2);
    const closed = proxy.close({ drain: 10_000 });
    reporter.isHealthy = true;
    await closed;
    expect(reporter.batches.map(firstNumber)).toEqual([0, 1, 2, 3, 4]);
    expect(proxy.accounts().dropped.shutdown.batches).toBe(0);
  });

  test.each<[string, Reporter, number]>([
    ['fails', failing(), 60_000],
    ['never answers', silentReporter, 0],
  ])(
    'with a spool and a reporter that %s: nothing is dropped, and the next proxy reports it',
    async (_what, reporter, graceMs) => {
      const spool = { folder: folder() };
      const logger = logLines();
      const first = makeProxy({ spool, logger });
      await first.start();
      run(first, reporter, { retry: { initialDelayMs: 60_000, maxDelayMs: 60_000, timeoutMs: 50 }, graceMs });
      await sendAll(first.socketPath, batches(200));
      await until('one is being reported', () => first.accounts().inFlight.batches === 1);
      await until('all are received', () => first.accounts().received.batches === 200);
      await first.close({ drain: 20 });
      const kept = { batches: 200, logs: 200 };
      expect(first.accounts()).toMatchObject({
        buffered: kept,
        inFlight: { batches: 0 },
        forwarded: { batches: 0 },
      });
      const closing = logger.lines.at(-1);
      expect(closing).toMatchObject({ message: 'closed', fields: { kept, received: kept } });
      for (const { batches: dropped } of Object.values(first.accounts().dropped)) expect(dropped).toBe(0);

      const second = makeProxy({ spool });
      const all = collector();
      await second.start();
      expect(second.accounts()).toMatchObject({ recovered: kept, received: kept, buffered: kept });
      assertBalanced(second.accounts());
      expect(await metric(second, 'batches_recovered_total')).toBe(200);
      expect(await metric(second, 'batches_received_total')).toBe(0);
      await sendAll(second.socketPath, batches(1, 200));
      run(second, all);
      await until('all are reported', () => all.batches.length === 201);
      expect(all.batches.map(firstNumber)).toEqual(range(0, 201));
      expect(await metric(second, 'batches_received_total')).toBe(1);
      await second.close();
      expect(second.accounts()).toMatchObject({ forwarded: { batches: 201 }, buffered: { batches: 0 } });

      const third = makeProxy({ spool });
      await third.start();
      expect(third.accounts().recovered).toEqual({ batches: 0, logs: 0 });
    },
  );

  test('with a full spool and a waiting sender: everything that was read without room is dropped as shutdown', async () => {
    const spool = { folder: folder(), maxBytes: 1000 };
    const proxy = makeProxy({ spool, overflow: 'block' });
    await proxy.start();
    const socket = await connectTo(proxy.socketPath);
    socket.resume().write(Buffer.concat(batches(50)));
    let room = 0;
    for (let bytes = 0; bytes <= 1000; room++) bytes += 64 + logBatch(1, room).raw.length;
    room -= 1;
    await until('it is full', () => proxy.accounts().received.batches === room);
    await proxy.close();
    const { received, buffered, dropped } = proxy.accounts();
    expect(received.batches).toBe(50);
    expect(buffered.batches).toBe(room);
    expect(dropped.shutdown.batches).toBe(50 - room);
    const second = makeProxy({ spool });
    await second.start();
    expect(second.accounts().recovered.batches).toBe(room);
  });
});

describe('a spool', () => {
  test('that another proxy uses: ERR_SPOOL_IN_USE from start() and runForwarder(), until that proxy is closed', async () => {
    const spool = { folder: folder() };
    const first = makeProxy({ spool });
    await first.start();
    await sendAll(first.socketPath, batches(2));
    const second = makeProxy({ spool });
    await expect(second.start()).rejects.toMatchObject({ code: 'ERR_SPOOL_IN_USE' });
    await expect(second.runForwarder(collector())).rejects.toMatchObject({ code: 'ERR_SPOOL_IN_USE' });
    await until('both are received', () => first.accounts().received.batches === 2);
    await first.close();
    await second.start();
    const all = collector();
    run(second, all);
    await until('both are reported', () => all.batches.length === 2);
  });

  test('is forwarded by runForwarder() before start()', async () => {
    const spool = { folder: folder() };
    const first = makeProxy({ spool });
    await first.start();
    await sendAll(first.socketPath, batches(100));
    await until('all are received', () => first.accounts().received.batches === 100);
    await first.close();
    const second = makeProxy({ spool });
    const all = collector();
    run(second, all);
    await until('all are reported', () => all.batches.length === 100);
    await second.start();
    await sendAll(second.socketPath, batches(1, 100));
    await until('the new one is reported', () => all.batches.length === 101);
    expect(all.batches.map(firstNumber)).toEqual(range(0, 101));
    expect(second.accounts()).toMatchObject({
      recovered: { batches: 100 },
      received: { batches: 101 },
      forwarded: { batches: 101 },
    });
  });

  test('has no limit of attempts: maxAttempts and maxElapsedMs are ignored', async () => {
    const proxy = makeProxy({ spool: { folder: folder() } });
    const reporter = failing();
    await proxy.start();
    run(proxy, reporter, { retry: { initialDelayMs: 0, maxDelayMs: 0, maxAttempts: 2, maxElapsedMs: 0 } });
    await sendAll(proxy.socketPath, batches(2));
    await until('it has failed often', () => reporter.failures > 10);
    reporter.isHealthy = true;
    await until('both are reported', () => reporter.batches.length === 2);
  });

  test('with retry: false drops a batch for which the reporter fails, for good', async () => {
    const spool = { folder: folder() };
    const proxy = makeProxy({ spool });
    const reporter = failing();
    await proxy.start();
    run(proxy, reporter, { retry: false });
    await sendAll(proxy.socketPath, batches(3));
    await until('all are dropped', () => proxy.accounts().dropped.forward_failed.batches === 3);
    await proxy.close();
    const second = makeProxy({ spool });
    await second.start();
    expect(second.accounts().recovered.batches).toBe(0);
  });

  test('keeps the order when runs of the forwarder end during retries', async () => {
    const proxy = makeProxy({ spool: { folder: folder() } });
    await proxy.start();
    await sendAll(proxy.socketPath, batches(100));
    const accepted: number[] = [];
    for (let stopAt = 10; stopAt < 100; stopAt += 10) {
      let failures = 0;
      const forwarding = run(
        proxy,
        {
          report(batch) {
            if (accepted.length >= stopAt) {
              failures += 1;
              throw new Error('not available');
            }
            accepted.push(firstNumber(batch));
          },
        },
        { retry: { initialDelayMs: 1 }, graceMs: 1000 },
      );
      await until('it fails', () => failures > 0);
      await forwarding.stop();
      assertBalanced(proxy.accounts());
      expect(proxy.accounts().inFlight.batches).toBe(0);
    }
    const rest = collector();
    run(proxy, rest);
    await until('all are reported', () => accepted.length + rest.batches.length === 100);
    expect([...accepted, ...rest.batches.map(firstNumber)]).toEqual(range(0, 100));
  });
});
