import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { ConnectionLimit } from '../../../lib/http/connection-limit.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const servers: Server[] = [];
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A server with such a limit, and what it accepted. */
async function listen(max: number, maxMs = 60_000) {
  const limit = new ConnectionLimit(max, maxMs);
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    accepted.push(socket);
    limit.add(socket);
  });
  servers.push(server);
  server.listen(path());
  await once(server, 'listening');
  const join = async () => {
    const client = connect(server.address() as string);
    clients.push(client);
    client.on('error', () => undefined);
    const n = accepted.length;
    await until('it is accepted', () => accepted.length > n);
    return client;
  };
  const open = () => accepted.map(({ destroyed }) => !destroyed);
  return { limit, accepted, join, open };
}

test('one too many closes the oldest that waits', async () => {
  const { limit, join, open } = await listen(3);
  for (let i = 0; i < 5; i++) await join();
  expect(open()).toEqual([false, false, true, true, true]);
  expect(limit.closed).toEqual({ too_many: 2, too_slow: 0 });
});

test('one that is being answered is not closed', async () => {
  const { limit, accepted, join, open } = await listen(2);
  await join();
  expect(limit.admit(accepted[0] as Socket)).toBe(true);
  for (let i = 0; i < 3; i++) await join();
  expect(open()).toEqual([true, false, false, true]);
});

test('if all are being answered, the new one is closed', async () => {
  const { limit, accepted, join, open } = await listen(2);
  for (let i = 0; i < 2; i++) {
    await join();
    limit.admit(accepted[i] as Socket);
  }
  await join();
  expect(open()).toEqual([true, true, false]);
  expect(limit.closed.too_many).toBe(1);
});

test('there is room again when one closes', async () => {
  const { limit, accepted, join, open } = await listen(1);
  const first = await join();
  first.end();
  (accepted[0] as Socket).resume().end();
  await until('it is closed', () => (accepted[0] as Socket).closed);
  await join();
  expect(open()).toEqual([false, true]);
  expect(limit.closed.too_many).toBe(0);
});

test('none lasts longer than allowed, answered or not', async () => {
  const { limit, accepted, join, open } = await listen(10, 20);
  await join();
  await join();
  limit.admit(accepted[1] as Socket);
  await until('both are closed', () => open().every((isOpen) => !isOpen));
  expect(limit.closed).toEqual({ too_many: 0, too_slow: 2 });
});

test('a second request of a connection is not admitted, nor one of a connection that was closed', async () => {
  const { limit, accepted, join } = await listen(1);
  await join();
  const [first] = accepted as [Socket];
  expect([limit.admit(first), limit.admit(first)]).toEqual([true, false]);
  await join();
  expect(limit.admit(accepted[1] as Socket)).toBe(false);
});
