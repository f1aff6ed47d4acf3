import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { decodeMessage, LogBatch, Tag } from '../../../codec/index.js';
import { BoundaryLogProxy, Forwarder, LogBuffer, type Reporter } from '../../../lib/index.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { firstNumber, logBatch, logsFrame } from '../../helpers/messages.js';
import { fillSpool, numberedBatches, upTo } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const numbersOf = (batch: LogBatch) => batch.request.logs.map(({ sequenceNumber }) => sequenceNumber ?? 0);
const permanent = () => Object.assign(new Error('not this one'), { permanent: true });

/** A reporter whose reports the test ends, one after the other. */
function heldReporter(coalesce: Reporter['coalesce'] = {}) {
  const calls: { batch: LogBatch; resolve(): void; reject(error: Error): void }[] = [];
  const report: Reporter['report'] = (batch) =>
    new Promise<void>((resolve, reject) => calls.push({ batch, resolve, reject }));
  return { reporter: { coalesce, report }, calls };
}

/** Where each batch went, by the number of its first log. */
function fatesOf(forwarder: Forwarder): [number, string][] {
  const fates: [number, string][] = [];
  forwarder.on('forward', (batch) => fates.push([firstNumber(batch), 'forward']));
  forwarder.on('drop', (batch, reason) => fates.push([firstNumber(batch), reason]));
  return fates;
}

describe('a reporter with `coalesce`', () => {
  test('receives the batches that arrived while it was busy as one, and each has its own account', async () => {
    const { reporter, calls } = heldReporter();
    const forwarder = new Forwarder(reporter);
    const fates = fatesOf(forwarder);
    expect(forwarder.write(logBatch(2, 0))).toBe(true);
    await turn();
    for (const n of [2, 4, 6]) expect(forwarder.write(logBatch(2, n))).toBe(true);
    expect(forwarder.inFlight).toEqual({ batches: 4, logs: 8 });
    calls[0]?.resolve();
    await turn();
    expect(calls.map(({ batch }) => numbersOf(batch))).toEqual([upTo(2), [2, 3, 4, 5, 6, 7]]);
    expect(forwarder.inFlight).toEqual({ batches: 3, logs: 6 });
    calls[1]?.resolve();
    await turn();
    expect(fates).toEqual([0, 2, 4, 6].map((n) => [n, 'forward']));
    expect(forwarder.inFlight).toEqual({ batches: 0, logs: 0 });
  });

  test('receives what arrives in one turn together', async () => {
    const { reporter, calls } = heldReporter();
    const buffer = new LogBuffer();
    buffer.pipe(new Forwarder(reporter));
    for (const n of upTo(50)) buffer.write(logBatch(1, n));
    await turn();
    expect(calls.map(({ batch }) => numbersOf(batch))).toEqual([upTo(50)]);
  });

  test('makes writers wait when the next report is full, and when the next batch cannot be part of it', async () => {
    const { reporter, calls } = heldReporter({ maxLogs: 4 });
    const forwarder = new Forwarder(reporter);
    expect([0, 1].map((n) => forwarder.write(logBatch(2, 2 * n)))).toEqual([true, true]);
    expect(calls).toHaveLength(1);
    expect(forwarder.write(logBatch(2, 4))).toBe(true);
    expect(forwarder.write(new LogBatch(Tag.V1, 1, logBatch(1, 6).raw))).toBe(false);
    expect(forwarder.writableNeedDrain).toBe(true);
    let drained = 0;
    forwarder.on('drain', () => drained++);
    calls[0]?.resolve();
    await turn();
    expect([calls.length, drained]).toEqual([2, 1]);
    expect(forwarder.write(new LogBatch(Tag.V1, 3, logBatch(3, 7).raw))).toBe(false);
    for (const i of [1, 2]) {
      calls[i]?.resolve();
      await turn();
    }
    expect(calls.map(({ batch }) => numbersOf(batch))).toEqual([upTo(4), [4, 5], [6, 7, 8, 9]]);
  });

  test('keeps the order of sessions', async () => {
    const session = (name: string, n: number) =>
      new LogBatch(
        Tag.V2,
        1,
        Buffer.concat([logBatch(1, n).raw, Buffer.from([0x12, 1, name.charCodeAt(0)])]),
      );
    const { reporter, calls } = heldReporter();
    const buffer = new LogBuffer();
    buffer.pipe(new Forwarder(reporter));
    for (const [n, name] of [...'aabbbab'].entries()) buffer.write(session(name, n));
    for (let i = 0; i < 4; i++) {
      await turn();
      calls[i]?.resolve();
    }
    await turn();
    expect(calls.map(({ batch }) => [batch.request.sessionId, ...numbersOf(batch)])).toEqual([
      ['a', 0, 1],
      ['b', 2, 3, 4],
      ['a', 5],
      ['b', 6],
    ]);
  });

  test('of which one batch is bad: only that one is rejected, and the others are reported one by one', async () => {
    const calls: number[][] = [];
    const retried: unknown[] = [];
    const bad = 17;
    const report = async (batch: LogBatch) => {
      calls.push(numbersOf(batch));
      if (numbersOf(batch).includes(bad)) throw permanent();
    };
    const forwarder = new Forwarder({ coalesce: {}, report }, { retry: {} });
    forwarder.on('retry', (error) => retried.push(error));
    const fates = fatesOf(forwarder);
    for (const n of upTo(50)) forwarder.write(logBatch(1, n));
    forwarder.end();
    await once(forwarder, 'close');
    expect(calls).toEqual([upTo(50), ...upTo(50).map((n) => [n])]);
    expect(fates).toEqual(upTo(50).map((n) => [n, n === bad ? 'rejected' : 'forward']));
    expect(retried).toHaveLength(1);
    expect(forwarder.isFailing).toBe(false);
  });

  test('without retries, one bad batch costs no other one', async () => {
    const report = async (batch: LogBatch) => {
      if (numbersOf(batch).includes(3)) throw permanent();
    };
    const forwarder = new Forwarder({ coalesce: {}, report });
    const fates = fatesOf(forwarder);
    for (const n of upTo(5)) forwarder.write(logBatch(1, n));
    forwarder.end();
    await once(forwarder, 'close');
    expect(fates).toEqual(upTo(5).map((n) => [n, n === 3 ? 'forward_failed' : 'forward']));
  });

  test('that fails for a while receives the same combined batch again', async () => {
    const calls: LogBatch[] = [];
    const report = async (batch: LogBatch) => {
      calls.push(batch);
      if (calls.length < 4) throw new Error('not available');
    };
    const forwarder = new Forwarder({ coalesce: {}, report }, { retry: { initialDelayMs: 0 } });
    const fates = fatesOf(forwarder);
    for (const n of upTo(5)) forwarder.write(logBatch(1, n));
    forwarder.end();
    await once(forwarder, 'close');
    expect(new Set(calls).size).toBe(1);
    expect(fates).toEqual(upTo(5).map((n) => [n, 'forward']));
  });

  test('stop() returns all batches in order: those of the report in progress, and those that wait', async () => {
    const { reporter } = heldReporter({ maxLogs: 3 });
    const forwarder = new Forwarder(reporter);
    for (const n of upTo(3)) forwarder.write(logBatch(1, n));
    for (const n of [3, 4, 5, 6]) forwarder.write(logBatch(1, n));
    const left = await forwarder.stop(0);
    expect(left.map(firstNumber)).toEqual(upTo(7));
  });

  test('does not keep the chunks of batches that wait for another attempt', async () => {
    const chunk = Buffer.concat([logsFrame(1, 10), Buffer.alloc(100_000)]);
    const frame = logsFrame(1, 10);
    const batches = upTo(3).map(
      () => decodeMessage({ tag: Tag.V2, payload: chunk.subarray(4, frame.length) }) as LogBatch,
    );
    const forwarder = new Forwarder(
      { coalesce: {}, report: () => Promise.reject(new Error('not available')) },
      { retry: {} },
    );
    for (const batch of batches) forwarder.write(batch);
    await once(forwarder, 'retry');
    for (const { raw } of batches) expect(raw.buffer.byteLength).toBe(raw.length);
    forwarder.destroy();
  });
});

describe('lingerMs', () => {
  const LONG = 60_000;

  test('lets a report wait for batches of later turns', async () => {
    const { reporter, calls } = heldReporter();
    const forwarder = new Forwarder(reporter, { lingerMs: 300 });
    const start = performance.now();
    for (const n of upTo(5)) {
      forwarder.write(logBatch(1, n));
      await turn();
    }
    expect(calls).toEqual([]);
    await until('the report begins', () => calls.length === 1);
    expect(performance.now() - start).toBeGreaterThan(290);
    expect(numbersOf(calls[0]?.batch as LogBatch)).toEqual(upTo(5));
  });

  test.each<[string, (forwarder: Forwarder) => unknown]>([
    ['the report is full', (forwarder) => forwarder.write(logBatch(1, 2))],
    [
      'the next batch cannot be part of it',
      (forwarder) => forwarder.write(new LogBatch(Tag.V1, 1, logBatch(1, 2).raw)),
    ],
    ['the forwarder ends', (forwarder) => forwarder.end()],
    ['hurry() is called', (forwarder) => forwarder.hurry()],
  ])('is over when %s', async (_what, end) => {
    const { reporter, calls } = heldReporter({ maxLogs: 3 });
    const forwarder = new Forwarder(reporter, { lingerMs: LONG });
    for (const n of upTo(2)) forwarder.write(logBatch(1, n));
    await turn();
    expect(calls).toEqual([]);
    end(forwarder);
    await turn();
    expect(calls).toHaveLength(1);
    forwarder.destroy();
  });

  test('ends with the drain of the proxy', async () => {
    const proxy = new BoundaryLogProxy({ socketPath: path() });
    await proxy.start();
    const { reporter, calls } = heldReporter();
    const running = proxy.runForwarder(reporter, { lingerMs: LONG });
    await sendAll(proxy.socketPath, [logsFrame(2)]);
    await until('the batch waits', () => proxy.accounts().inFlight.batches === 1);
    const closed = proxy.close({ drain: LONG });
    await until('it is reported', () => calls.length === 1);
    calls[0]?.resolve();
    await Promise.all([closed, running]);
    expect(proxy.accounts().forwarded).toEqual({ batches: 1, logs: 2 });
  });

  test('stop() does not wait for it', async () => {
    const { reporter, calls } = heldReporter();
    const forwarder = new Forwarder(reporter, { lingerMs: LONG });
    forwarder.write(logBatch(1, 0));
    expect((await forwarder.stop(LONG)).map(firstNumber)).toEqual([0]);
    expect(calls).toEqual([]);
  });
});

test.each<[unknown, RegExp]>([
  [true, /reporter: coalesce: got true, expected an object/],
  [[], /coalesce: got an array/],
  [{ maxLogs: 0 }, /coalesce: maxLogs: got 0, expected a whole number of at least 1/],
  [{ maxBytes: '1' }, /coalesce: maxBytes: got "1"/],
])('the property coalesce: %j is rejected', (coalesce, message) => {
  const reporter = { report: () => undefined, coalesce: coalesce as object };
  expect(() => new Forwarder(reporter)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(message) }),
  );
});

describe('a server that takes 50 ms for a request', () => {
  const DELAY_MS = 50;

  /** Starts the server. Each request is a batch. */
  async function slowServer() {
    const requests: number[][] = [];
    const server: Server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const batch = decodeMessage({ tag: Tag.V1, payload: Buffer.concat(chunks) });
      if (batch.kind === 'logs') requests.push(numbersOf(batch));
      setTimeout(() => response.end(), DELAY_MS);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const reporter: Reporter = {
      coalesce: {},
      async report({ raw }, { signal }) {
        const { ok, status } = await fetch(url, { method: 'POST', body: new Uint8Array(raw), signal });
        if (!ok) throw new Error(`HTTP ${status}`);
      },
    };
    return { requests, reporter };
  }

  test.each([
    ['in memory', false],
    ['in a spool', true],
  ])('receives a backlog %s in full reports, each log once and in order', async (_where, hasSpool) => {
    const { requests, reporter } = await slowServer();
    const batches = 2000;
    const spool = hasSpool ? { folder: path() } : undefined;
    if (spool) await fillSpool(spool.folder, numberedBatches(batches, 10));
    const proxy = new BoundaryLogProxy({ socketPath: path(), bufferSize: batches, spool });
    closing.push(() => proxy.close());
    await proxy.start();
    if (!hasSpool) {
      await sendAll(
        proxy.socketPath,
        upTo(batches).map((i) => logsFrame(10, 10 * i)),
      );
      await until('all of it is received', () => proxy.accounts().received.batches === batches);
    }
    const running = proxy.runForwarder(reporter, { retry: {} });
    const { forwarded, dropped } = await finished(proxy, batches);
    expect(requests.flat()).toEqual(upTo(10 * batches));
    // Twenty full ones, and a smaller one at the beginning and at the end.
    expect(requests.length).toBeLessThanOrEqual(22);
    expect(forwarded).toEqual({ batches, logs: 10 * batches });
    expect(dropped.rejected.batches).toBe(0);
    await proxy.close();
    await running;
  });

  async function finished(proxy: BoundaryLogProxy, batches: number) {
    await until(
      'everything is forwarded',
      () => {
        assertBalanced(proxy.accounts());
        return proxy.accounts().forwarded.batches === batches;
      },
      60_000,
    );
    return proxy.accounts();
  }
});
