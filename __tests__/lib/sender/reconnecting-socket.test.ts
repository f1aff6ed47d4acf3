import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ReconnectingSocket } from '../../../lib/sender/reconnecting-socket.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const nextPath = tempPaths();

let path: string;
let server: Server | undefined;
let accepted: Socket[];
let connections: number;
let client: ReconnectingSocket;

beforeEach(() => {
  path = nextPath();
  accepted = [];
  connections = 0;
  client = makeClient();
});
afterEach(async () => {
  client.destroy();
  await stop();
});

function makeClient(writeTimeoutMs = Number.POSITIVE_INFINITY): ReconnectingSocket {
  return new ReconnectingSocket({ path, writeTimeoutMs, onConnect: () => void connections++ });
}

async function start(): Promise<void> {
  const server_ = createServer((socket) => accepted.push(socket.on('error', () => undefined)));
  server = server_.listen({ path });
  await once(server, 'listening');
}

async function stop(): Promise<void> {
  for (const socket of accepted) socket.destroy();
  if (server === undefined) return;
  const closed = once(server, 'close');
  server.close();
  server = undefined;
  await closed;
}

test('connects with the first write, and writes everything on one connection', async () => {
  await start();
  expect(client.isConnected).toBe(false);
  await client.write(Buffer.from('one '));
  expect(client.isConnected).toBe(true);
  await client.write(Buffer.from('two'));
  await until('it is accepted', () => accepted.length > 0);
  const received = buffer(accepted[0] as Socket);
  await client.end();
  expect(String(await received)).toBe('one two');
  expect(accepted).toHaveLength(1);
});

test('a write fails with the error of the connection, and the next write connects again', async () => {
  await expect(client.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOENT' });
  await start();
  await client.write(Buffer.from('x'));
  await until('it is accepted', () => accepted.length === 1);
  accepted[0]?.destroy();
  await until('the connection is closed', () => !client.isConnected);
  await client.write(Buffer.from('y'));
  await until('it has connected again', () => accepted.length === 2);
  expect(connections).toBe(2);
});

test('end() without a connection does nothing', async () => {
  await client.end();
  expect(client.isConnected).toBe(false);
});

test('destroy() ends a write, and there are no later ones', async () => {
  await start();
  const written = client.write(Buffer.from('x'));
  client.destroy();
  await expect(written).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  await expect(client.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});

test('the path is always that of a Unix socket, never a port', async () => {
  path = String(4242);
  await expect(makeClient().write(Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOENT', address: path });
});

describe('a receiver that does not read', () => {
  const CHUNK = Buffer.alloc(30_000, 'x');
  let acceptedWrites: number;

  /** Writes until the operating system does not accept more: the last write is still pending then. */
  async function fill(): Promise<{ written: Promise<void> }> {
    acceptedWrites = 0;
    for (;;) {
      const before = acceptedWrites;
      const written = client.write(CHUNK, () => void acceptedWrites++);
      // The first write has to connect.
      if (before === 0) await written;
      else if (written !== undefined) return { written };
      expect(acceptedWrites).toBe(before + 1);
    }
  }

  beforeEach(start);

  test('has a frame for a limited time; then its connection is closed, and the next one begins anew', async () => {
    client = makeClient(20);
    const { written } = await fill();
    await expect(written).rejects.toMatchObject({ code: 'ERR_WRITE_TIMEOUT' });
    expect(client.isConnected).toBe(false);
    const accepts = acceptedWrites;
    expect(accepts).toBeGreaterThan(1);
    await client.write(Buffer.from('again'));
    await client.end();
    await until('both are accepted', () => accepted.length === 2);
    const [first, second] = (await Promise.all(accepted.map((socket) => buffer(socket)))) as [Buffer, Buffer];
    expect(String(second)).toBe('again');
    // What was given up is never there completely, so that it may be written again.
    expect(Math.floor(first.length / CHUNK.length)).toBe(accepts);
    expect(acceptedWrites).toBe(accepts);
  });

  test('has a part of a frame: what is written again begins on the next connection', async () => {
    client = makeClient(20);
    await client.write(Buffer.from('one'));
    // Linux accepts 32 KiB completely or not at all, but this is more.
    const large = Buffer.alloc(1_000_000, 'x');
    await expect(client.write(large)).rejects.toMatchObject({ code: 'ERR_WRITE_TIMEOUT' });
    await client.write(Buffer.from('two'));
    await client.end();
    await until('both are accepted', () => accepted.length === 2);
    const [first, second] = await Promise.all(accepted.map((socket) => buffer(socket)));
    expect(first?.length).toBeGreaterThan(3);
    expect(first?.length).toBeLessThan(3 + large.length);
    expect(String(second)).toBe('two');
  });

  test('and then goes away: the pending write fails, and was not accepted', async () => {
    const { written } = await fill();
    const accepts = acceptedWrites;
    await until('it is accepted', () => accepted.length > 0);
    accepted[0]?.destroy();
    await expect(written).rejects.toMatchObject({
      code: expect.stringMatching(/^(EPIPE|ECONNRESET|ERR_CLOSED)$/),
    });
    expect(acceptedWrites).toBe(accepts);
  });

  test('while the client is destroyed: the pending write fails, and was not accepted', async () => {
    const { written } = await fill();
    const accepts = acceptedWrites;
    client.destroy();
    await expect(written).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(acceptedWrites).toBe(accepts);
  });

  test('and reads again in time: the write succeeds', async () => {
    client = makeClient(60_000);
    const { written } = await fill();
    await until('it is accepted', () => accepted.length > 0);
    accepted[0]?.resume();
    const accepts = acceptedWrites;
    await written;
    expect(acceptedWrites).toBe(accepts + 1);
  });
});

test('bytes that were accepted are so even if the client is destroyed in the same turn', async () => {
  await start();
  await client.write(Buffer.from('one '));
  let isAccepted = false;
  const written = client.write(Buffer.from('two'), () => {
    isAccepted = true;
  });
  expect([isAccepted, written]).toEqual([true, undefined]);
  client.destroy();
  await until('it is accepted', () => accepted.length > 0);
  expect(String(await buffer(accepted[0] as Socket))).toBe('one two');
});
