import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { CaptureRecord } from '../../../lib/index.js';
import { captureOf, connectionsIn, isComplete, randomRecords } from '../../helpers/captures.js';
import { type RunningHere, startHere } from '../../helpers/command.js';
import { random } from '../../helpers/cuts.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { seed } from '../../helpers/seed.js';
import { closingAccount, linesOf, METRICS, metric, stopped, upTo } from '../../helpers/served.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

const start = commands();
const path = tempPaths();
const MINUTE = 60_000;

async function serve(...args: string[]) {
  const socket = path();
  const file = path();
  const served = start(['serve', '--socket', socket, ...METRICS, '--record', file, ...args]);
  await listening(served, socket);
  return { ...served, socket, file };
}

/** Writes a capture to a file. */
function fileOf(records: readonly CaptureRecord[]): string {
  const file = path();
  writeFileSync(file, captureOf(records));
  return file;
}

const started: CaptureRecord = { kind: 'start', startedAt: 1_772_566_954_000_000 };

/** A connection with these bytes, one after the other. */
function connection(n: number, chunks: readonly Buffer[], end: 'end' | 'broken' = 'end'): CaptureRecord[] {
  return [
    { kind: 'open', connection: n, time: 0 },
    ...chunks.map((bytes) => ({ kind: 'data', connection: n, time: 0, bytes }) as const),
    { kind: end, connection: n, time: 0 },
  ];
}

const finish: CaptureRecord = { kind: 'finish', time: 0 };

interface Arrived {
  chunks: Buffer[];
  ended: boolean;
  socket: Socket;
}

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A receiver that keeps what arrives on each connection, in the order of the connections. */
async function receiver(onConnection: (socket: Socket, n: number) => void = () => undefined) {
  const socketPath = path();
  const arrived: Arrived[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const one: Arrived = { chunks: [], ended: false, socket };
    arrived.push(one);
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => one.chunks.push(chunk));
    socket.on('end', () => {
      one.ended = true;
      socket.end();
    });
    onConnection(socket, arrived.length);
  });
  servers.push(server);
  server.listen(socketPath);
  await once(server, 'listening');
  return { socketPath, arrived };
}

const argsOf = (socket: string, file: string, args: string[]) => [
  ...['replay', '--socket', socket, '--speed', 'max', ...args, file],
];
const replayProcess = (socket: string, file: string, ...args: string[]): Running =>
  start(argsOf(socket, file, args));
const replay = (socket: string, file: string, ...args: string[]): RunningHere =>
  startHere(argsOf(socket, file, args));

test(
  'serve --record, replay, serve --record: every vector arrives again, to the byte',
  async () => {
    const [first, second] = [await serve('--reporter', 'null'), await serve('--reporter', 'null')];
    for (const { bytes } of vectors) await sendAll(first.socket, [bytes]);
    await stopped(first);
    const replayed = replayProcess(second.socket, first.file);
    expect([await replayed.ended, replayed.stderr()]).toEqual([
      0,
      expect.stringMatching(/^replayed 138 connections, \d+ bytes\n$/),
    ]);
    await until('all connections are over', () => metric(second, 'connections_open').then((n) => n === 0));
    await stopped(second);
    const [a, b] = [readFileSync(first.file), readFileSync(second.file)];
    expect([isComplete(a), isComplete(b)]).toEqual([true, true]);
    const [before, after] = [connectionsIn(a), connectionsIn(b)];
    for (const [n, { bytes, end }] of before) {
      const again = after.get(n);
      const { name, end: ends, consumed } = vectors[n - 1] as (typeof vectors)[number];
      expect([name, again?.end]).toEqual([name, end]);
      const recorded = again?.bytes ?? Buffer.alloc(0);
      expect([name, recorded.equals(bytes.subarray(0, recorded.length))]).toEqual([name, true]);
      expect(recorded.length).toBeGreaterThanOrEqual(ends === 'eof' ? bytes.length : consumed);
    }
    const { received: receivedA, dropped: droppedA } = closingAccount(first);
    expect(closingAccount(second)).toMatchObject({ received: receivedA, dropped: droppedA });
    const decode = async (file: string) => {
      const decoded = start(['decode', '--outcomes', file]);
      await decoded.ended;
      return linesOf(decoded.stdout()).map((line) => {
        const { received_at: _time, connection: n, ...outcome } = JSON.parse(line);
        return { n, ...outcome };
      });
    };
    const byConnection = (outcomes: { n: number }[]) => outcomes.sort((x, y) => x.n - y.n);
    expect(byConnection(await decode(second.file))).toEqual(byConnection(await decode(first.file)));
  },
  MINUTE,
);

test(
  `random captures with many connections arrive as they are (seed ${seed})`,
  async () => {
    for (let i = 0; i < 3; i++) {
      const records = randomRecords(seed + i, { gaps: false });
      const { socketPath, arrived } = await receiver();
      const replayed = replay(socketPath, fileOf(records));
      expect([await replayed.ended, replayed.stderr()]).toEqual([0, expect.stringMatching(/^replayed /)]);
      const expected = connectionsIn(captureOf(records));
      await until('everything has arrived', () => arrived.every(({ ended }) => ended));
      expect(arrived.map(({ chunks }) => Buffer.concat(chunks).toString('hex'))).toEqual(
        [...expected.values()].map(({ bytes }) => bytes.toString('hex')),
      );
    }
  },
  MINUTE,
);

describe('times', () => {
  const at = (n: number, ms: number): CaptureRecord => ({
    kind: 'data',
    connection: n,
    time: 5_000_000 + ms * 1000,
    bytes: Buffer.from(`${n}`),
  });
  const records: CaptureRecord[] = [
    started,
    { kind: 'open', connection: 1, time: 5_000_000 },
    { kind: 'open', connection: 2, time: 5_000_000 },
    at(1, 100),
    at(2, 300),
    at(1, 600),
    { kind: 'finish', time: 5_700_000 },
  ];

  test.each([
    ['1', 1],
    ['10', 10],
    ['0.5', 0.5],
  ])(
    'at speed %s, nothing arrives before its time; the wait before the first connection is left out',
    async (speed, factor) => {
      const times: number[] = [];
      const { socketPath } = await receiver((socket) =>
        socket.on('data', () => times.push(performance.now())),
      );
      const begun = performance.now();
      const replayed = replay(socketPath, fileOf(records), '--speed', speed);
      expect(await replayed.ended).toBe(0);
      const ended = performance.now();
      for (const [i, ms] of [100, 300, 600].entries())
        expect((times[i] as number) - begun).toBeGreaterThanOrEqual(ms / factor);
      expect(ended - begun).toBeGreaterThanOrEqual(700 / factor);
    },
  );

  test('max waits for nothing', async () => {
    const late = records.map((record) => ({
      ...record,
      ...('time' in record && { time: record.time * 1e6 }),
    }));
    const { socketPath, arrived } = await receiver();
    const replayed = replay(socketPath, fileOf(late as CaptureRecord[]));
    expect(await replayed.ended).toBe(0);
    expect(arrived).toHaveLength(2);
  });

  test('a signal ends the wait, and the exit code says that it was not all', async () => {
    const { socketPath, arrived } = await receiver();
    const late = records.map((record) => ({
      ...record,
      ...('time' in record && { time: record.time * 1e6 }),
    }));
    const replayed = replayProcess(socketPath, fileOf(late as CaptureRecord[]), '--speed', '1');
    await until('it is connected', () => arrived.length > 0);
    replayed.child.kill('SIGTERM');
    expect(await replayed.ended).toBe(1);
    expect(replayed.stderr()).toMatch(/^replayed \d connections, 0 bytes, stopped before the end\n$/);
  });

  test.each(['0', '-1', 'fast', '1e3', ''])('%p is not a speed', async (speed) => {
    const replayed = startHere(['replay', `--speed=${speed}`, path()]);
    expect(await replayed.ended).toBe(2);
    expect(replayed.stderr()).toContain('expected a number above 0, such as 1, 10 or 0.5, or max');
  });
});

describe('a receiver', () => {
  test('that does not read delays the replay, and nothing is lost', async () => {
    const { socketPath, arrived } = await receiver((socket) => socket.pause());
    const chunks = upTo(64).map((i) => Buffer.alloc(65_536, i));
    const file = fileOf([started, ...connection(1, chunks), ...connection(2, [Buffer.from('x')]), finish]);
    const replayed = replay(socketPath, file);
    let hasEnded = false;
    replayed.ended.then(() => {
      hasEnded = true;
    });
    await until('it is connected', () => arrived.length === 1);
    // 4 MiB do not fit into the socket, so it can neither end nor connect again.
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect([hasEnded, arrived.length]).toEqual([false, 1]);
    arrived[0]?.socket.resume();
    await until('it goes on', () => arrived.length === 2);
    arrived[1]?.socket.resume();
    expect(await replayed.ended).toBe(0);
    await until('everything has arrived', () => arrived.every(({ ended }) => ended));
    expect(Buffer.concat(arrived[0]?.chunks ?? []).equals(Buffer.concat(chunks))).toBe(true);
  });

  test('that is not there: a message, and exit code 1', async () => {
    const replayed = replay(path(), fileOf([started, ...connection(1, []), finish]));
    expect(await replayed.ended).toBe(1);
    expect(replayed.stderr()).toMatch(
      /^error: ERR_REPLAY_FAILED: cannot connect to .*ENOENT.*Does a receiver listen on it\?\n$/,
    );
  });

  test('that closes a connection before everything was sent: the rest is counted, and the next one goes on', async () => {
    const { socketPath, arrived } = await receiver((socket, n) => {
      if (n === 1) socket.once('data', () => socket.destroy());
    });
    const chunks = upTo(64).map(() => Buffer.alloc(65_536, 1));
    const file = fileOf([started, ...connection(1, chunks), ...connection(2, [Buffer.from('x')]), finish]);
    const replayed = replay(socketPath, file);
    expect(await replayed.ended).toBe(1);
    expect(linesOf(replayed.stderr())).toEqual([
      'connection 1: the receiver has closed it',
      expect.stringMatching(/^replayed 2 connections, \d+ bytes, \d+ bytes were not sent$/),
    ]);
    const [, sent, unsent] = /(\d+) bytes, (\d+) bytes/.exec(replayed.stderr()) ?? [];
    expect(Number(sent) + Number(unsent)).toBe(64 * 65_536 + 1);
    await until('the second one has arrived', () => arrived[1]?.ended);
    expect(String(arrived[1]?.chunks[0])).toBe('x');
  });

  test('that has closed it when it was recorded, too: that is as it came', async () => {
    const { socketPath } = await receiver((socket) => socket.once('data', () => socket.destroy()));
    const chunks = upTo(64).map(() => Buffer.alloc(65_536, 1));
    const records = connection(1, chunks).slice(0, -1);
    const file = fileOf([started, ...records, { kind: 'closed', connection: 1, time: 0 }, finish]);
    const replayed = replay(socketPath, file);
    expect(await replayed.ended).toBe(0);
  });

  test('that ends its side, but reads on, receives everything', async () => {
    const { socketPath, arrived } = await receiver((socket) => socket.end('goodbye'));
    const file = fileOf([
      started,
      ...connection(
        1,
        upTo(20).map((i) => Buffer.from(`${i},`)),
      ),
      finish,
    ]);
    const replayed = replay(socketPath, file);
    expect(await replayed.ended).toBe(0);
    await until('everything has arrived', () => arrived[0]?.ended);
    expect(Buffer.concat(arrived[0]?.chunks ?? []).toString()).toBe(
      upTo(20)
        .map((i) => `${i},`)
        .join(''),
    );
  });
});

describe('a capture that is not complete', () => {
  const whole = captureOf([started, ...connection(1, [Buffer.from('a'), Buffer.from('b')]), finish]);
  const damaged = Buffer.from(whole);
  damaged[damaged.length - 30] = 0xff;
  const gap: CaptureRecord = { kind: 'gap', connection: 1, time: 0, bytes: 7, connections: 0 };
  const [open, a, b, end] = connection(1, [Buffer.from('a'), Buffer.from('b')]) as CaptureRecord[];
  const lost: CaptureRecord = { kind: 'gap', connection: 0, time: 0, bytes: 5, connections: 2 };

  test.each<[string, Buffer, string, RegExp]>([
    [
      'cut',
      whole.subarray(0, -40),
      'ab',
      /^ERR_TRUNCATED_CAPTURE: the capture ends at byte \d+, with 8 bytes/,
    ],
    ['damaged', damaged, 'ab', /^ERR_INVALID_CAPTURE: the capture is damaged at byte \d+: /],
    [
      'with a gap in a connection',
      captureOf([started, open, a, gap, b, end, finish] as CaptureRecord[]),
      'a',
      /^connection 1: 7 bytes are missing here, because the recorder could not write/,
    ],
    [
      'that lacks connections',
      captureOf([started, open, a, b, end, lost, finish] as CaptureRecord[]),
      'ab',
      /^the capture lacks 5 bytes and 2 connections/,
    ],
  ])('%s: what comes before is sent, and the exit code is 1', async (_name, bytes, sent, message) => {
    const { socketPath, arrived } = await receiver();
    const file = path();
    writeFileSync(file, bytes);
    const replayed = replay(socketPath, file);
    expect(await replayed.ended).toBe(1);
    expect(replayed.stderr()).toMatch(message);
    await until('it has arrived', () => arrived[0]?.ended);
    expect(Buffer.concat(arrived[0]?.chunks ?? []).toString()).toBe(sent);
  });
});

describe('the bytes of one connection', () => {
  const next = random(seed);
  const noise = Buffer.from(Array.from({ length: 100_000 }, () => Math.floor(next() * 256)));

  test.each<[string, Buffer, string[], boolean]>([
    ['from a file', Buffer.concat([logsFrame(1, 1), noise]), [], false],
    ['from stdin', Buffer.concat([logsFrame(1, 1), noise]), [], true],
    ['that are none', Buffer.alloc(0), [], false],
    ['that begin like a capture, with --raw', Buffer.concat([Buffer.of(0x89), noise]), ['--raw'], false],
    ['that are a capture, with --raw', captureOf(randomRecords(seed)), ['--raw'], true],
  ])(`%s (seed ${seed})`, async (_name, bytes, args, isStdin) => {
    const { socketPath, arrived } = await receiver();
    const file = path();
    writeFileSync(file, bytes);
    const replayed = startHere(argsOf(socketPath, isStdin ? '-' : file, args), {
      input: isStdin ? bytes : '',
    });
    expect([await replayed.ended, replayed.stderr()]).toEqual([
      0,
      `replayed 1 connections, ${bytes.length} bytes\n`,
    ]);
    await until('everything has arrived', () => arrived[0]?.ended);
    expect(Buffer.concat(arrived[0]?.chunks ?? []).equals(bytes)).toBe(true);
  });

  test.each([
    ['does not exist', () => path()],
    ['is a folder', () => '/tmp'],
  ])('a file that %s is wrong usage', async (_name, file) => {
    const replayed = replay(path(), file());
    expect(await replayed.ended).toBe(2);
    expect(replayed.stderr()).toMatch(/^error: ERR_INVALID_OPTION: FILE: got .*, expected a file/);
  });
});

test('a recorder that runs can be replayed up to now', async () => {
  const served = await serve('--reporter', 'null');
  const socket = await connectTo(served.socket);
  socket.write(logsFrame(3, 0));
  await until('it was received', () => metric(served, 'logs_received_total').then((n) => n === 3));
  const { socketPath, arrived } = await receiver();
  const replayed = replay(socketPath, served.file);
  expect(await replayed.ended).toBe(1);
  expect(replayed.stderr()).toContain('its recorder is still running');
  await until('it has arrived', () => arrived[0]?.ended);
  expect(Buffer.concat(arrived[0]?.chunks ?? []).equals(logsFrame(3, 0))).toBe(true);
});
