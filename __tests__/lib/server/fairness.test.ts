import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { encodeFrame, type LogBatch } from '../../../codec/index.js';
import type { BoundaryLogProxy } from '../../../lib/index.js';
import { firstNumber, logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { seed } from '../../helpers/seed.js';
import { connectTo } from '../../helpers/socket-client.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();

function burn(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** A simple random generator. */
function random(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

async function isOpen(proxy: BoundaryLogProxy, connections: number): Promise<boolean> {
  return (await proxy.registry.metrics()).includes(`connections_open ${connections}\n`);
}

const LOUD = 20;
/** More than one read of a socket. */
const FRAMES = 900;
const QUIET = 7_000_000;

const invalid = encodeFrame(2, Buffer.from([0xff]));
const empty = encodeFrame(1, Buffer.alloc(0));
const filler = (frame: Buffer, bytes: number) =>
  Buffer.concat(Array.from({ length: Math.ceil(bytes / frame.length) }, () => frame));

test.each([
  ['batches', (i: number) => logsFrame(1, i)],
  [
    'a batch and thousands of invalid frames',
    (i: number) =>
      i % 300 === 0 ? Buffer.concat([logsFrame(1, i), filler(invalid, 50_000)]) : Buffer.alloc(0),
  ],
  [
    'a batch and thousands of empty frames',
    (i: number) =>
      i % 300 === 0 ? Buffer.concat([logsFrame(1, i), filler(empty, 50_000)]) : Buffer.alloc(0),
  ],
] as const)(
  'a quiet connection does not wait until loud ones have nothing left (%s)',
  async (_name, loudFrame) => {
    const bytes = Buffer.concat(Array.from({ length: FRAMES }, (_, i) => loudFrame(i)));
    const proxy = makeProxy();
    await proxy.start();
    const quiet = await connectTo(proxy.socketPath);
    const loud = await Promise.all(Array.from({ length: LOUD }, () => connectTo(proxy.socketPath)));
    let begun = 0;
    let seen = 0;
    let reportedAt: number | undefined;
    proxy.runForwarder({
      report(batch: LogBatch) {
        const first = batch.count === 0 ? 0 : firstNumber(batch);
        seen += 1;
        if (first === QUIET) {
          reportedAt = seen;
          return;
        }
        if (batch.count > 0) burn(0.05);
        if (begun > 0 || seen < LOUD) return;
        begun = seen;
        quiet.write(logsFrame(1, QUIET));
      },
    });
    // Node accepts one connection in each turn of the event loop.
    await until('all are accepted', () => isOpen(proxy, LOUD + 1));
    for (const socket of loud) socket.end(bytes);
    await until('everything is processed', () => isOpen(proxy, 1), 60_000);
    const total = proxy.accounts().forwarded.batches;
    expect(reportedAt).toBeDefined();
    // Without turns, everything that the sockets contain comes first: up to 208 KiB each.
    expect(((reportedAt ?? 0) - begun) / total).toBeLessThan(0.25);
    quiet.destroy();
  },
  90_000,
);

test(`in turns, nothing is lost or overtaken, wherever the writes end (seed ${seed})`, async () => {
  const next = random(seed);
  const proxy = makeProxy();
  await proxy.start();
  const received = new Map<number, number[]>();
  proxy.runForwarder({
    report(batch: LogBatch) {
      const number = firstNumber(batch);
      const from = Math.floor(number / 1000);
      const list = received.get(from) ?? [];
      list.push(number % 1000);
      received.set(from, list);
      burn(0.05);
    },
  });
  const COUNT = 400;
  const send = async (from: number) => {
    const socket = await connectTo(proxy.socketPath);
    const bytes = Buffer.concat(
      Array.from({ length: COUNT }, (_, i) =>
        Buffer.concat([
          logsFrame(1 + (i % 3), from * 1000 + i),
          ...(next() < 0.02 ? [filler(invalid, 20_000)] : []),
        ]),
      ),
    );
    for (let at = 0; at < bytes.length; ) {
      const size = Math.ceil(next() ** 3 * 100_000);
      await new Promise((resolve) => socket.write(bytes.subarray(at, at + size), resolve));
      at += size;
    }
    socket.end();
  };
  await Promise.all(Array.from({ length: 12 }, (_, from) => send(from)));
  await until('all are reported', () => proxy.accounts().forwarded.batches === 12 * COUNT, 60_000);
  for (let from = 0; from < 12; from++) {
    expect(received.get(from)).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  }
}, 90_000);

test('a drain waits for what was read and waits for its turn', async () => {
  const proxy = makeProxy();
  await proxy.start();
  const forwarding = proxy.runForwarder({ report: () => burn(0.05) });
  const bytes = filler(logsFrame(1), 150_000);
  const frames = bytes.length / logsFrame(1).length;
  const sockets: Socket[] = await Promise.all(Array.from({ length: 8 }, () => connectTo(proxy.socketPath)));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.write(bytes, resolve))));
  await proxy.close({ drain: 60_000 });
  await forwarding;
  expect(proxy.accounts()).toMatchObject({
    received: { batches: 8 * frames },
    forwarded: { batches: 8 * frames },
    dropped: { shutdown: { batches: 0 } },
  });
  for (const socket of sockets) socket.destroy();
}, 90_000);

test('what was read when the proxy is closed is processed, though it waits for its turn', async () => {
  const proxy = makeProxy({ bufferSize: 100_000 });
  await proxy.start();
  let reported = 0;
  let closing: Promise<void> | undefined;
  const running = proxy.runForwarder({
    report() {
      burn(0.05);
      reported += 1;
      if (reported === 300) closing = proxy.close();
    },
  });
  const frame = logsFrame(1);
  const sockets = await Promise.all(Array.from({ length: 10 }, () => connectTo(proxy.socketPath)));
  for (const socket of sockets) socket.write(filler(frame, 190_000));
  await running;
  await closing;
  const { received, forwarded, dropped } = proxy.accounts();
  // Those that have not been read are lost with the connection, as in every other case.
  expect(received.batches).toBeGreaterThan(forwarded.batches);
  expect(received.batches - forwarded.batches).toBe(dropped.shutdown.batches);
  for (const socket of sockets) socket.destroy();
}, 90_000);
