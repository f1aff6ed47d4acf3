import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { encodeFrame, FrameDecoder } from '../../../codec/index.js';
import type { BoundaryLogProxy, BoundaryLogProxyOptions } from '../../../lib/index.js';
import { logLines } from '../../helpers/log-lines.js';
import { firstNumber, logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { collector } from '../../helpers/reporters.js';
import { connectTo } from '../../helpers/socket-client.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const FRAME = logsFrame(3);

/** A proxy with its log, that forwards to a collector. */
async function started(options: BoundaryLogProxyOptions) {
  const logger = logLines();
  const proxy = makeProxy({ ...options, logger });
  await proxy.start();
  const reporter = collector();
  return { proxy, reporter, logger };
}

async function metric(proxy: BoundaryLogProxy, name: string): Promise<number> {
  const lines = (await proxy.registry.metrics()).split('\n');
  const prefix = `agent_boundary_log_proxy_${name} `;
  return Number(lines.find((line) => line.startsWith(prefix))?.slice(prefix.length));
}

/** Resolves when the other side has closed the connection. */
function closed(socket: Socket): Promise<unknown> {
  socket.resume();
  return new Promise((resolve) => socket.on('close', resolve));
}

/** The sender sees the end of a connection a moment before the proxy. */
function opened(proxy: BoundaryLogProxy, n: number): Promise<void> {
  return until(`${n} are open`, async () => (await metric(proxy, 'connections_open')) === n);
}

describe('maxConnections', () => {
  test('one more is closed at once, counted and reported, and the others are not affected', async () => {
    const { proxy, reporter, logger } = await started({ maxConnections: 3 });
    proxy.runForwarder(reporter);
    const open = await Promise.all([1, 2, 3].map(() => connectTo(proxy.socketPath)));
    await opened(proxy, 3);
    for (let i = 0; i < 5; i++) await closed(await connectTo(proxy.socketPath));
    expect(await metric(proxy, 'connections_rejected_total{reason="max_connections"}')).toBe(5);
    expect(await metric(proxy, 'connections_total')).toBe(3);
    expect(await metric(proxy, 'connections_max')).toBe(3);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'rejecting connections', fields: { reason: 'max_connections', connections: 1, max: 3 } },
    ]);
    open.forEach((socket, i) => void socket.write(logsFrame(1, i)));
    await until('they are served', () => reporter.batches.length === 3);
    open[0]?.destroy();
    await opened(proxy, 2);
    (await connectTo(proxy.socketPath)).end(logsFrame(1, 9));
    await until('the place can be used', () => reporter.batches.length === 4);
    for (const socket of open) socket.destroy();
  });

  test('data of a rejected connection is not processed', async () => {
    const { proxy } = await started({ maxConnections: 1 });
    const first = await connectTo(proxy.socketPath);
    await opened(proxy, 1);
    const second = await connectTo(proxy.socketPath);
    second.write(FRAME);
    await closed(second);
    expect(proxy.accounts().received.batches).toBe(0);
    first.destroy();
  });
});

describe('frameTimeout', () => {
  /** Frames that have begun, and the part that arrives. */
  const incomplete: [string, Buffer][] = [
    ['one byte of the header', FRAME.subarray(0, 1)],
    ['three bytes of the header', FRAME.subarray(0, 3)],
    ['the header', FRAME.subarray(0, 4)],
    ['one byte of the payload', FRAME.subarray(0, 5)],
    ['all but one byte', FRAME.subarray(0, -1)],
    ['whole frames and a part', Buffer.concat([FRAME, FRAME, FRAME.subarray(0, 40)])],
  ];

  test.each(incomplete)('closes a connection after %s', async (_name, bytes) => {
    const { proxy, logger } = await started({ frameTimeout: 80 });
    const socket = await connectTo(proxy.socketPath);
    const start = performance.now();
    socket.write(bytes);
    await closed(socket);
    expect(performance.now() - start).toBeGreaterThan(75);
    const rejected = (reason: string) => metric(proxy, `frames_rejected_total{reason="${reason}"}`);
    expect(await rejected('frame_timeout')).toBe(1);
    expect([await rejected('truncated_header'), await rejected('truncated_payload')]).toEqual([0, 0]);
    expect(logger.lines).toContainEqual(
      expect.objectContaining({
        message: 'rejecting frames',
        fields: expect.objectContaining({
          reason: 'frame_timeout',
          err: expect.objectContaining({ code: 'ERR_FRAME_TIMEOUT' }),
        }),
      }),
    );
    expect(proxy.accounts().received.batches).toBe(Math.floor(bytes.length / FRAME.length));
  });

  test('does not care how often a byte arrives', async () => {
    const { proxy } = await started({ frameTimeout: 100 });
    const socket = await connectTo(proxy.socketPath);
    let at = 0;
    const trickle = setInterval(() => socket.write(FRAME.subarray(at, ++at)), 5);
    await closed(socket);
    clearInterval(trickle);
    expect(at).toBeLessThan(FRAME.length);
    expect(await metric(proxy, 'frames_rejected_total{reason="frame_timeout"}')).toBe(1);
  });

  test('counts for each frame anew, and not between frames', async () => {
    const { proxy } = await started({ frameTimeout: 400 });
    const [slow, silent, stuck] = await Promise.all([1, 2, 3].map(() => connectTo(proxy.socketPath)));
    silent?.write(FRAME);
    // Each write ends one frame and begins the next one, so a frame is never complete for long.
    slow?.write(FRAME.subarray(0, 20));
    const rest = Buffer.concat([FRAME.subarray(20), FRAME.subarray(0, 20)]);
    const writing = setInterval(() => slow?.write(rest), 20);
    for (let i = 0; i < 2; i++) {
      const other = i === 0 && stuck !== undefined ? stuck : await connectTo(proxy.socketPath);
      other.write(FRAME.subarray(0, 20));
      await closed(other);
    }
    clearInterval(writing);
    await opened(proxy, 2);
    slow?.destroy();
    silent?.destroy();
  });

  test('its clock stands still while the proxy does not read', async () => {
    const { proxy, reporter } = await started({ frameTimeout: 100, bufferSize: 1, overflow: 'block' });
    const [blocked, free] = await Promise.all([1, 2].map(() => connectTo(proxy.socketPath)));
    const frames = Array.from({ length: 5 }, (_, i) => logsFrame(1, i));
    const bytes = Buffer.concat(frames);
    blocked?.write(bytes.subarray(0, -10));
    await until('the buffer is full', () => proxy.accounts().buffered.batches === 1);
    // The clock of another connection shows that the time has passed.
    for (let i = 0; i < 3; i++) {
      const other = i === 0 && free !== undefined ? free : await connectTo(proxy.socketPath);
      other.write(FRAME.subarray(0, 9));
      await closed(other);
    }
    await opened(proxy, 1);
    proxy.runForwarder(reporter);
    blocked?.write(bytes.subarray(-10));
    await until('everything is delivered', () => reporter.batches.length === 5);
    expect(reporter.batches.map(firstNumber)).toEqual([0, 1, 2, 3, 4]);
    expect(await metric(proxy, 'frames_rejected_total{reason="frame_timeout"}')).toBe(3);
    blocked?.destroy();
  });

  test('Infinity turns it off, and the end of the stream rejects the frame as before', async () => {
    const { proxy } = await started({ frameTimeout: Number.POSITIVE_INFINITY, idleTimeout: 100 });
    const socket = await connectTo(proxy.socketPath);
    socket.write(FRAME.subarray(0, 10));
    await closed(socket);
    await opened(proxy, 0);
    expect(await metric(proxy, 'frames_rejected_total{reason="truncated_payload"}')).toBe(1);
    expect(await metric(proxy, 'frames_rejected_total{reason="frame_timeout"}')).toBe(0);
  });
});

describe('idleTimeout', () => {
  test('closes a silent connection, counts and reports it, and loses nothing', async () => {
    const { proxy, reporter, logger } = await started({ idleTimeout: 100 });
    proxy.runForwarder(reporter);
    const [silent, late, busy] = await Promise.all([1, 2, 3].map(() => connectTo(proxy.socketPath)));
    const sending = setInterval(() => busy?.write(FRAME), 10);
    late?.write(FRAME);
    await Promise.all([silent, late].map((socket) => socket && closed(socket)));
    clearInterval(sending);
    expect(await metric(proxy, 'connections_idle_total')).toBe(2);
    await opened(proxy, 1);
    expect(logger.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'closing connections whose senders are silent' }),
    );
    expect(proxy.accounts().dropped).toMatchObject({ buffer_full: { batches: 0 } });
    busy?.destroy();
  });

  test('is off by default', async () => {
    const { proxy } = await started({ frameTimeout: 50 });
    const silent = await connectTo(proxy.socketPath);
    for (let i = 0; i < 3; i++) {
      const other = await connectTo(proxy.socketPath);
      other.write(FRAME.subarray(0, 9));
      await closed(other);
    }
    await opened(proxy, 1);
    silent.destroy();
  });
});

describe('fairShare', () => {
  /** One connection floods a proxy that does not forward. @returns how many batches of a quiet one found room. */
  async function beside(options: BoundaryLogProxyOptions) {
    const { proxy, reporter } = await started({ bufferSize: 20, ...options });
    const [loud, quiet] = await Promise.all([1, 2].map(() => connectTo(proxy.socketPath)));
    await opened(proxy, 2);
    loud?.write(Buffer.concat(Array.from({ length: 100 }, (_, i) => logsFrame(1, i))));
    await until('the flood is over', () => proxy.accounts().received.batches === 100);
    quiet?.write(Buffer.concat([logsFrame(1, 1000), logsFrame(1, 1001)]));
    await until('all are received', () => proxy.accounts().received.batches === 102);
    const { dropped, buffered } = proxy.accounts();
    const accounts = {
      full: dropped.buffer_full.batches,
      unfair: dropped.unfair_share.batches,
      buffered: buffered.batches,
    };
    const unfair = await metric(proxy, 'batches_dropped_total{reason="unfair_share"}');
    expect(unfair).toBe(accounts.unfair);
    proxy.runForwarder(reporter);
    await until('what is left is forwarded', () => proxy.accounts().buffered.batches === 0);
    loud?.destroy();
    quiet?.destroy();
    return { ...accounts, ofQuiet: reporter.batches.filter((batch) => firstNumber(batch) >= 1000).length };
  }

  test('by default a flood leaves no room for others, as in the Go implementation', async () => {
    expect(await beside({})).toEqual({ full: 82, unfair: 0, buffered: 20, ofQuiet: 0 });
  });

  test('leaves room for others, and counts what is above a share', async () => {
    expect(await beside({ fairShare: true })).toEqual({ full: 0, unfair: 90, buffered: 12, ofQuiet: 2 });
  });

  test('a connection gives its share back when it ends', async () => {
    const { proxy } = await started({ bufferSize: 8, fairShare: true });
    for (let i = 0; i < 20; i++) {
      const socket = await connectTo(proxy.socketPath);
      socket.end();
      await closed(socket);
    }
    await opened(proxy, 0);
    const last = await connectTo(proxy.socketPath);
    last.write(Buffer.concat(Array.from({ length: 10 }, () => FRAME)));
    await until('all are received', () => proxy.accounts().received.batches === 10);
    expect(proxy.accounts().buffered.batches).toBe(4);
    last.destroy();
  });
});

describe('an incomplete frame', () => {
  test.each([
    ['0 bytes', 0, 0],
    ['1 byte', 1, 4096],
    ['5000 bytes', 5000, 5000],
    ['20000 bytes, byte by byte', 20_000, 32_768],
  ])(
    'takes memory for what has arrived of it, not for what its header announces (%s)',
    (_name, length, most) => {
      const frame = encodeFrame(1, Buffer.alloc(32_768));
      const decoder = new FrameDecoder();
      const { allocUnsafeSlow } = Buffer;
      let size = 0;
      Buffer.allocUnsafeSlow = (bytes) => {
        size = bytes;
        return allocUnsafeSlow(bytes);
      };
      try {
        const part = frame.subarray(0, 4 + length);
        if (length === 20_000) for (const byte of part) decoder.decode(Buffer.of(byte));
        else decoder.decode(part);
      } finally {
        Buffer.allocUnsafeSlow = allocUnsafeSlow;
      }
      expect(size).toBe(most);
      expect(decoder.incompleteSince).toBe(0);
      expect(decoder.decode(frame.subarray(4 + length))).toEqual([{ tag: 1, payload: frame.subarray(4) }]);
      expect(decoder.incompleteSince).toBeUndefined();
    },
  );

  test('begins at the position that it reports, wherever the stream is cut', () => {
    const frames = [FRAME, encodeFrame(1, Buffer.alloc(0)), logsFrame(1)];
    const bytes = Buffer.concat(frames);
    const decoder = new FrameDecoder();
    const starts = frames.map((_, i) => Buffer.concat(frames.slice(0, i)).length);
    for (let at = 1; at <= bytes.length; at++) {
      decoder.decode(bytes.subarray(at - 1, at));
      const isAtEnd = [...starts, bytes.length].includes(at);
      expect(decoder.incompleteSince).toBe(isAtEnd ? undefined : starts.findLast((start) => start < at));
    }
  });
});

test.each([
  ['maxConnections', 0],
  ['maxConnections', 1.5],
  ['frameTimeout', 0],
  ['idleTimeout', -1],
  ['fairShare', 'yes'],
])('%s: %p is rejected', (option, value) => {
  expect(() => makeProxy({ [option]: value })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(option) }),
  );
});
