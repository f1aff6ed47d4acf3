import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectionsIn, isComplete, readByTheDocs } from '../../helpers/captures.js';
import { startHere } from '../../helpers/command.js';
import { random } from '../../helpers/cuts.js';
import { fileSystems } from '../../helpers/file-systems.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { RandomStream } from '../../helpers/random-stream.js';
import { seed } from '../../helpers/seed.js';
import {
  closingAccount,
  complaintsOf,
  linesOf,
  logOf,
  METRICS,
  metric,
  numbersIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

const start = commands();
const path = tempPaths();
const mount = fileSystems();
const MINUTE = 60_000;

async function serve(socket = path()) {
  const served = start(['serve', '--socket', socket, ...METRICS]);
  await listening(served, socket);
  return { ...served, socket };
}

async function tap(to: string, ...args: string[]) {
  const [socket, file] = [path(), path()];
  const tapped = startHere(['tap', '--listen', socket, '--to', to, '--record', file, ...args]);
  await listening(tapped, socket);
  return { ...tapped, socket, file };
}

/** The same as a process. */
async function tapProcess(to: string) {
  const [socket, file] = [path(), path()];
  const tapped = start(['tap', '--listen', socket, '--to', to, '--record', file]);
  await listening(tapped, socket);
  return { ...tapped, socket, file };
}

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A receiver of any protocol. */
async function receiver(onConnection: (socket: Socket) => void, socketPath = path()): Promise<string> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  servers.push(server);
  server.listen(socketPath);
  await once(server, 'listening');
  return socketPath;
}

/** Everything that arrives on a socket until it ends. */
async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // An iterator would close the socket at its end.
  socket.on('data', (chunk) => chunks.push(chunk)).resume();
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  return Buffer.concat(chunks);
}

test(
  'in front of serve: every vector arrives as without it, and is in the capture to the byte',
  async () => {
    const [served, direct] = [await serve(), await serve()];
    const tapped = await tapProcess(served.socket);
    for (const { bytes } of vectors) {
      await sendAll(tapped.socket, [bytes]);
      await sendAll(direct.socket, [bytes]);
    }
    const account = await stopped(tapped);
    const capture = readFileSync(tapped.file);
    expect(isComplete(capture)).toBe(true);
    const found = connectionsIn(capture);
    const recorded = [...found.values()].reduce((sum, { bytes: { length } }) => sum + length, 0);
    expect(account).toMatchObject({
      connections: 138,
      refused: 0,
      unreachable: 0,
      bytes: recorded,
      bytesBack: 0,
    });
    for (const [i, { name, bytes, end, consumed }] of vectors.entries()) {
      const got = found.get(i + 1)?.bytes ?? Buffer.alloc(0);
      expect([name, got.equals(bytes.subarray(0, got.length))]).toEqual([name, true]);
      expect(got.length).toBeGreaterThanOrEqual(end === 'eof' ? bytes.length : consumed);
    }
    await stopped(served);
    await stopped(direct);
    expect(served.stdout()).toBe(direct.stdout());
    const { received, forwarded, dropped } = closingAccount(direct);
    expect(closingAccount(served)).toMatchObject({ received, forwarded, dropped });
  },
  MINUTE,
);

test(
  `bytes pass in both directions as they are, also after one side has ended (seed ${seed})`,
  async () => {
    const next = random(seed);
    const noise = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(next() * 256)));
    const answers = upTo(4).map((i) => noise(100_000 * i + 1));
    const arrived: Buffer[] = [];
    let n = 0;
    const to = await receiver(async (socket) => {
      const answer = answers[n++] as Buffer;
      socket.write(answer.subarray(0, answer.length / 2));
      arrived.push(await all(socket));
      // Only after the sender has ended its side.
      socket.end(answer.subarray(answer.length / 2));
    });
    const tapped = await tap(to);
    const sent = upTo(4).map((i) => noise(70_000 * i + 1));
    for (const [i, bytes] of sent.entries()) {
      const socket = await connectTo(tapped.socket);
      socket.allowHalfOpen = true;
      const answer = all(socket);
      for (let at = 0; at < bytes.length; at += 5000) socket.write(bytes.subarray(at, at + 5000));
      socket.end();
      expect((await answer).equals(answers[i] as Buffer)).toBe(true);
      expect(arrived[i]?.equals(bytes)).toBe(true);
    }
    const total = (buffers: Buffer[]) => buffers.reduce((sum, { length }) => sum + length, 0);
    expect(await stopped(tapped)).toMatchObject({ bytes: total(sent), bytesBack: total(answers), unsent: 0 });
    const found = connectionsIn(readFileSync(tapped.file));
    expect([...found.values()].map(({ bytes, end }) => [bytes.toString('hex'), end])).toEqual(
      sent.map((bytes) => [bytes.toString('hex'), 'end']),
    );
  },
  MINUTE,
);

test('a receiver that ends its side first goes on to receive', async () => {
  let arrived: Promise<Buffer> | undefined;
  const to = await receiver((socket) => {
    socket.end('goodbye');
    arrived = all(socket);
  });
  const tapped = await tap(to);
  const socket = await connectTo(tapped.socket);
  socket.allowHalfOpen = true;
  expect(String(await all(socket))).toBe('goodbye');
  socket.end('still here');
  await until('it has arrived', async () => arrived !== undefined && String(await arrived) === 'still here');
  await stopped(tapped);
});

test(
  `random connections at the same time (seed ${seed})`,
  async () => {
    const arrived: string[] = [];
    const to = await receiver(async (socket) => {
      const bytes = await all(socket);
      arrived.push(bytes.toString('hex'));
      socket.end();
    });
    const tapped = await tap(to);
    const stream = new RandomStream(seed);
    const sent = upTo(30).map(() => stream.chunks(stream.bytes()).slice(0, 300));
    await Promise.all(sent.map((chunks) => sendAll(tapped.socket, chunks)));
    await stopped(tapped);
    const hex = sent.map((chunks) => Buffer.concat(chunks).toString('hex')).sort();
    expect(arrived.sort()).toEqual(hex);
    const capture = readFileSync(tapped.file);
    expect(isComplete(capture)).toBe(true);
    expect([...connectionsIn(capture).values()].map(({ bytes }) => bytes.toString('hex')).sort()).toEqual(
      hex,
    );
  },
  MINUTE,
);

describe('a receiver', () => {
  test('that comes late receives everything, also of a sender that has gone meanwhile', async () => {
    const to = path();
    const tapped = await tap(to);
    const sender = await connectTo(tapped.socket);
    await new Promise((resolve) => sender.end(logsFrame(3, 0), () => resolve(undefined)));
    sender.destroy();
    const served = await serve(to);
    await until('3 events are on stdout', () => numbersIn(served.stdout()).length === 3);
    expect(await stopped(tapped)).toMatchObject({ connections: 1, unreachable: 0, unsent: 0 });
  });

  test('that does not come: the sender is closed, one warning says so', async () => {
    const tapped = await tap(path(), '--wait', '0');
    for (let i = 0; i < 3; i++) {
      const sender = await connectTo(tapped.socket);
      sender.resume();
      await once(sender, 'close');
    }
    expect(await stopped(tapped)).toMatchObject({ connections: 3, unreachable: 3, bytes: 0 });
    expect(complaintsOf(tapped).map(({ msg }) => msg)).toEqual([
      'the receiver cannot be connected to: closing connections of senders',
      'the receiver can be connected to again',
      'closed',
    ]);
  });

  test('that is killed: senders are closed, and the next one reaches its successor', async () => {
    const served = await serve();
    const tapped = await tap(served.socket);
    const sender = await connectTo(tapped.socket);
    sender.resume().write(logsFrame(1, 0));
    await until('it has arrived', () => numbersIn(served.stdout()).length === 1);
    const closed = once(sender, 'close');
    served.child.kill('SIGKILL');
    await closed;
    const successor = await serve(served.socket);
    await sendBatches(tapped.socket, 2, 1, 1);
    await until('2 events are on stdout', () => numbersIn(successor.stdout()).length === 2);
    await stopped(tapped);
    expect(isComplete(readFileSync(tapped.file))).toBe(true);
  });

  test('that does not read makes its sender wait', async () => {
    let there: Socket | undefined;
    const to = await receiver((socket) => {
      there = socket.pause();
    });
    const tapped = await tap(to);
    const sender = await connectTo(tapped.socket);
    const bytes = Buffer.alloc(8 << 20, 7);
    let isWritten = false;
    sender.end(bytes, () => {
      isWritten = true;
    });
    await until('the sender waits', async () => {
      const before = statSync(tapped.file).size;
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve, 2));
      return before > 100_000 && statSync(tapped.file).size === before;
    });
    expect(isWritten).toBe(false);
    // What the sockets and the tap hold.
    expect(statSync(tapped.file).size).toBeLessThan(2 << 20);
    const arrived = all(there as Socket);
    expect((await arrived).equals(bytes)).toBe(true);
    there?.end();
    expect(await stopped(tapped)).toMatchObject({ bytes: bytes.length, unsent: 0 });
  });
});

describe('its end', () => {
  test('SIGTERM: what senders have written is passed on, then everything is closed', async () => {
    const served = await serve();
    const tapped = await tapProcess(served.socket);
    const senders = await Promise.all(upTo(5).map(() => connectTo(tapped.socket)));
    for (const [i, sender] of senders.entries())
      await new Promise((resolve) => sender.write(logsFrame(2, 2 * i), resolve));
    const account = await stopped(tapped);
    expect(account).toMatchObject({ connections: 5, unsent: 0 });
    expect(existsSync(tapped.socket)).toBe(false);
    await until('10 events are on stdout', () => numbersIn(served.stdout()).length === 10);
    const capture = readFileSync(tapped.file);
    expect(isComplete(capture)).toBe(true);
    expect([...connectionsIn(capture).values()].map(({ end }) => end)).toEqual(upTo(5).map(() => 'closed'));
  });

  test('SIGTERM while a receiver does not read: after --drain, the rest is counted', async () => {
    const to = await receiver((socket) => socket.pause());
    const tapped = await tap(to, '--drain', '1');
    const sender = await connectTo(tapped.socket);
    sender.write(Buffer.alloc(8 << 20, 7));
    await until('the tap holds something', () => statSync(tapped.file).size > 250_000);
    const account = await stopped(tapped);
    expect(account.unsent).toBeGreaterThan(0);
    expect(complaintsOf(tapped).at(-1)).toEqual(account);
  });

  test('SIGKILL: the capture can be read up to its last record', async () => {
    const served = await serve();
    const tapped = await tapProcess(served.socket);
    await sendBatches(tapped.socket, 20, 1);
    const sender = await connectTo(tapped.socket);
    sender.write(logsFrame(1, 20));
    await until('21 events are on stdout', () => numbersIn(served.stdout()).length === 21);
    tapped.child.kill('SIGKILL');
    await tapped.ended;
    const decoded = start(['decode', tapped.file]);
    expect(await decoded.ended).toBe(1);
    expect(numbersIn(decoded.stdout())).toEqual(upTo(21));
    expect(decoded.stderr()).toMatch(/^ERR_TRUNCATED_CAPTURE: /);
  });

  (mount === undefined ? test.skip : test)(
    'a full disk: everything passes, and the exit code is 1',
    async () => {
      const folder = path();
      mount?.(folder, 'size=64k');
      writeFileSync(join(folder, 'filler'), Buffer.alloc(30_000));
      const served = await serve();
      const file = join(folder, 'capture');
      const socket = path();
      const tapped = start(['tap', '--listen', socket, '--to', served.socket, '--record', file]);
      await listening(tapped, socket);
      await sendBatches(socket, 40, 10);
      await sendBatches(socket, 40, 10, 400);
      await until('800 events are received', () =>
        metric(served, 'logs_received_total').then((n) => n === 800),
      );
      const account = await stopped(tapped, 1);
      expect(account).toMatchObject({ connections: 2, unsent: 0 });
      expect(complaintsOf(tapped).map(({ msg }) => msg)).toEqual(
        expect.arrayContaining([
          'the capture cannot be written: what arrives meanwhile is missing in it',
          'the capture is not complete',
        ]),
      );
      expect(isComplete(readFileSync(file))).toBe(false);
    },
  );
});

describe('the socket', () => {
  test('has the permissions of --socket-mode, and the capture has 0600', async () => {
    const tapped = await tap(path(), '--socket-mode', '0666');
    expect(statSync(tapped.socket).mode & 0o777).toBe(0o666);
    expect(statSync(tapped.file).mode & 0o777).toBe(0o600);
    rmSync(tapped.socket);
    await until('the file is made again', () => existsSync(tapped.socket));
    await stopped(tapped);
  });

  test('accepts no more connections than --max-connections', async () => {
    const served = await serve();
    const tapped = await tap(served.socket, '--max-connections', '2');
    const [a, b] = [await connectTo(tapped.socket), await connectTo(tapped.socket)];
    a.write(logsFrame(1, 0));
    b.write(logsFrame(1, 1));
    await until('both have arrived', () => numbersIn(served.stdout()).length === 2);
    const c = await connectTo(tapped.socket);
    c.resume();
    await once(c, 'close');
    expect(await stopped(tapped)).toMatchObject({ connections: 2, refused: 1 });
    expect(complaintsOf(tapped)[0]).toMatchObject({
      msg: 'rejecting connections',
      reason: 'max_connections',
    });
  });

  test('is handed over to a tap with --replace', async () => {
    const served = await serve();
    const old = await tap(served.socket);
    await sendBatches(old.socket, 1, 1);
    const args = ['tap', '--replace', '--listen', old.socket, '--to', served.socket, '--record', path()];
    const tapped = start(args);
    expect(await old.ended).toBe(0);
    await listening(tapped, old.socket);
    await sendBatches(old.socket, 1, 1, 1);
    await until('2 events are on stdout', () => numbersIn(served.stdout()).length === 2);
    expect(logOf(old).map(({ msg }) => msg)).toContain('another proxy has taken over; closing');
    await stopped(tapped);
    expect(isComplete(readFileSync(old.file))).toBe(true);
  });

  test('must not be that of the receiver, under whatever name', async () => {
    const socket = path();
    const link = path();
    symlinkSync(socket, link);
    const byPath = join(dirname(socket), '.', 'x', '..', socket.slice(dirname(socket).length + 1));
    for (const to of [socket, byPath, link]) {
      const tapped = startHere(['tap', '--listen', socket, '--to', to, '--record', path()]);
      expect(await tapped.ended).toBe(2);
      expect(tapped.stderr()).toMatch(
        /error: ERR_INVALID_OPTION: --to: got .*another socket than that of --listen/,
      );
      expect(existsSync(socket)).toBe(false);
    }
  });

  test.each(['--listen', '--to', '--record'])('%s is required', async (missing) => {
    const given = ['--listen', '--to', '--record'].filter((option) => option !== missing);
    const tapped = startHere(['tap', ...given.flatMap((option) => [option, path()])]);
    expect(await tapped.ended).toBe(2);
    expect(linesOf(tapped.stderr())[0]).toContain(`required option '${missing} <`);
  });
});

test('a record is written as soon as its bytes have arrived', async () => {
  const to = await receiver(() => undefined);
  const tapped = await tap(to);
  const sender = await connectTo(tapped.socket);
  sender.write('now');
  await until('it is in the file', () =>
    readByTheDocs(readFileSync(tapped.file)).records.some(({ payload }) => String(payload) === 'now'),
  );
  sender.destroy();
  await stopped(tapped);
});
