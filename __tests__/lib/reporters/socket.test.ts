import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { encodeRawLogs, LogBatch, Tag } from '../../../codec/index.js';
import { BoundaryLogProxy, Forwarder, SocketReporter } from '../../../lib/index.js';
import { firstNumber, logBatch } from '../../helpers/messages.js';
import { Receiver } from '../../helpers/receiver.js';
import { tempPaths } from '../../helpers/temp.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function reporterTo(socket: string, timeoutMs?: number): SocketReporter {
  const reporter = new SocketReporter({ path: socket, timeoutMs });
  cleanups.push(() => reporter.close());
  return reporter;
}

async function receiverAt(socket: string): Promise<Receiver> {
  const receiver = await Receiver.start(socket);
  cleanups.push(() => receiver.stop());
  return receiver;
}

/** A server that keeps the bytes of each connection, and reads only if it is told to. */
async function rawServer(socket: string, reads: (connection: number) => boolean) {
  const received: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (connection) => {
    const i = sockets.push(connection) - 1;
    received[i] = Buffer.alloc(0);
    connection.on('error', () => undefined);
    if (!reads(i)) return;
    connection.on('data', (chunk) => {
      received[i] = Buffer.concat([received[i] as Buffer, chunk]);
    });
    connection.resume();
  }).listen(socket);
  await once(server, 'listening');
  cleanups.push(() => {
    for (const connection of sockets) connection.destroy();
    server.close();
  });
  return { received, sockets };
}

const open = new AbortController().signal;
const report = async (reporter: SocketReporter, batch: LogBatch, signal = open) =>
  reporter.report(batch, { signal });
const large = (first: number) => logBatch(300, first);

test('each batch arrives as the frame in which it was received: tag and bytes', async () => {
  const socket = path();
  const { received } = await rawServer(socket, () => true);
  const reporter = reporterTo(socket);
  const { raw } = logBatch(3, 7);
  // An unknown field, which a decoder would have to keep.
  const withUnknown = Buffer.concat([raw, Buffer.from([0xf2, 0x06, 0x01, 0x2a])]);
  const batches = [new LogBatch(Tag.V2, 3, withUnknown), new LogBatch(Tag.V1, 3, raw), logBatch(0)];
  for (const batch of batches) await report(reporter, batch);
  const frames = Buffer.concat(batches.map((batch) => encodeRawLogs(batch.raw, batch.tag as Tag)));
  await until('all arrived', () => received[0]?.length === frames.length);
  expect(received[0]?.equals(frames)).toBe(true);
});

test('without a receiver a report fails, and the reporter connects when there is one', async () => {
  const socket = path();
  const reporter = reporterTo(socket);
  await expect(report(reporter, logBatch(1))).rejects.toMatchObject({
    code: 'ERR_CONNECT_FAILED',
    cause: { code: 'ENOENT' },
  });
  const receiver = await receiverAt(socket);
  await report(reporter, logBatch(1, 5));
  expect(firstNumber((await receiver.batches(1))[0] as LogBatch)).toBe(5);
});

test('a receiver that comes back receives every batch that was not written', async () => {
  const socket = path();
  const first = await Receiver.start(socket);
  const reporter = reporterTo(socket);
  const forwarder = new Forwarder(reporter, { retry: { initialDelayMs: 1, maxDelayMs: 10 } });
  cleanups.push(() => forwarder.destroy());
  forwarder.write(logBatch(1, 0));
  await first.batches(1);
  await first.stop();
  forwarder.write(logBatch(1, 1));
  await once(forwarder, 'outage');
  const second = await receiverAt(socket);
  expect((await second.batches(1)).map(firstNumber)).toEqual([1]);
});

describe('a receiver that does not read', () => {
  test('delays a report until the timeout, and then the whole batch is written on a new connection', async () => {
    const socket = path();
    const { received, sockets } = await rawServer(socket, (i) => i > 0);
    const reporter = reporterTo(socket, 300);
    const written: number[] = [];
    const fails = async () => {
      for (let i = 0; i < 10_000; i++) {
        await report(reporter, large(i));
        written.push(i);
      }
    };
    await expect(fails()).rejects.toMatchObject({ code: 'ERR_WRITE_TIMEOUT' });
    expect(written.length).toBeGreaterThan(0);
    expect(sockets.length).toBe(1);
    const batch = large(written.length);
    await report(reporter, batch);
    const frame = encodeRawLogs(batch.raw, Tag.V2);
    await until('it arrived', () => (received[1]?.length ?? 0) >= frame.length);
    expect(received[1]?.equals(frame)).toBe(true);
  });

  test('delays a report for ever without a timeout, and an abandoned report is not completed', async () => {
    const socket = path();
    const { received } = await rawServer(socket, (i) => i > 0);
    const reporter = reporterTo(socket, Number.POSITIVE_INFINITY);
    const abort = new AbortController();
    let last = -1;
    const stalls = (async () => {
      for (last = 0; ; last++) await report(reporter, large(last), abort.signal);
    })();
    let isOver = false;
    const over = expect(stalls)
      .rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
      .finally(() => {
        isOver = true;
      });
    let before = -2;
    await until('it stalls', async () => {
      const isSame = before === last;
      before = last;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return isSame && !isOver;
    });
    abort.abort();
    await over;
    await report(reporter, logBatch(1, 3));
    const frame = encodeRawLogs(logBatch(1, 3).raw, Tag.V2);
    await until('it arrived', () => (received[1]?.length ?? 0) >= frame.length);
    expect(received[1]?.equals(frame)).toBe(true);
  });
});

test('concurrent reports are written one after the other', async () => {
  const socket = path();
  const receiver = await receiverAt(socket);
  const reporter = reporterTo(socket);
  await Promise.all([0, 1, 2, 3, 4].map((i) => report(reporter, large(i))));
  expect((await receiver.batches(5)).map(firstNumber)).toEqual([0, 1, 2, 3, 4]);
  expect(receiver.connections).toBe(1);
});

test.each([
  ['is larger than a frame', new LogBatch(Tag.V2, 1, Buffer.alloc(40_000, 1)), 'ERR_MESSAGE_TOO_LARGE'],
  ['is not valid', new LogBatch(Tag.V2, 1, Buffer.from([0xff])), 'ERR_INVALID_EVENT'],
])('a batch that %s is never accepted', async (_what, batch, code) => {
  await expect(report(reporterTo(path()), batch)).rejects.toMatchObject({ code, permanent: true });
});

test('after close() reports fail, and what was written arrives', async () => {
  const socket = path();
  const receiver = await receiverAt(socket);
  const reporter = reporterTo(socket);
  await report(reporter, large(1));
  await reporter.close();
  await expect(report(reporter, large(2))).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  expect((await receiver.batches(1)).map(firstNumber)).toEqual([1]);
});

test.each([
  [{}, /^SocketReporter: path: got undefined/],
  [{ path: '' }, /^SocketReporter: path: got ""/],
  [{ path: '/x', timeoutMs: 0 }, /^SocketReporter: timeoutMs: got 0/],
])('%j is refused', (options, message) => {
  const error = thrown(() => new SocketReporter(options as { path: string }));
  expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(message) });
});

describe('a proxy does not forward to its own socket', () => {
  test.each([
    ['the same path', (socket: string) => socket],
    ['a path with detours', (socket: string) => socket.replace(/\/([^/]+)$/, '/./$1')],
    [
      'a symbolic link',
      (socket: string) => {
        const link = path();
        symlinkSync(socket, link);
        return link;
      },
    ],
  ])('%s', async (_what, linkTo) => {
    const socketPath = path();
    const proxy = new BoundaryLogProxy({ socketPath });
    cleanups.push(() => proxy.close());
    await proxy.start();
    const reporter = reporterTo(linkTo(socketPath));
    await expect(proxy.runForwarder(reporter)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  });
});
