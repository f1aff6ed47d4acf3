import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ReconnectingSocket } from '../../../lib/sender/reconnecting-socket.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const nextPath = tempPaths();

let path: string;
let server: Server | undefined;
let accepted: Socket[];
let client: ReconnectingSocket;

beforeEach(() => {
  path = nextPath();
  accepted = [];
  client = new ReconnectingSocket(path);
});
afterEach(async () => {
  client.destroy();
  await stop();
});

async function start(): Promise<void> {
  server = createServer((socket) => accepted.push(socket)).listen(path);
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
