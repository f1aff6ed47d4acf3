import { expect, test } from '@jest/globals';
import { until } from '../helpers/until.js';
import { expectAccepted, expectWhole, joined, numbersOf, numbersTo } from './events.js';
import { type AgentApi, programs } from './programs.js';

const EVENTS = 100_000;
const CRASHES = 3;
const { agentApi, serve, send, path } = programs();

const lastArrived = (server: () => AgentApi) =>
  until('the last event has arrived', () => numbersOf(server().calls.slice(-1)).includes(EVENTS - 1), 60_000);

test('the proxy behaves as the server expects of a client', async () => {
  const server = await agentApi();
  const proxy = await serve(server.url);
  await send(proxy.socket, '-events', '20');
  await expectAccepted(server, 20);
  await until('a ping is answered', () => server.pings.length > 0);
  expect(server.attempts).toEqual([
    { status: 101, at: expect.any(Number), version: '2.8', role: 'boundary-log-proxy' },
  ]);
  await proxy.close();
});

test.each([
  ['without a spool, while senders wait', () => ['--overflow', 'block']],
  ['with a spool', () => ['--spool', path()]],
])('each event arrives, complete and in order, although the server crashes: %s', async (name, args) => {
  const servers = [await agentApi()];
  const server = () => servers.at(-1) as AgentApi;
  const { url } = server();
  const proxy = await serve(url, args());
  const sent = send(proxy.socket, '-events', String(EVENTS));
  while (servers.length <= CRASHES) {
    // Crash early enough that there are events left after the last crash.
    await until('events arrive', () => numbersOf(server().calls).length > EVENTS / (CRASHES + 2) / 2, 60_000);
    await server().kill();
    servers.push(await agentApi('-listen', new URL(url).host));
  }
  await sent;
  await lastArrived(server);

  // Only the call in flight at a crash may be repeated: the server received it, but the proxy received no answer.
  const { calls, repeated } = joined(servers.map((server) => server.calls));
  process.stderr.write(`${name}: ${EVENTS} events, ${CRASHES} crashes, ${repeated} repeated calls\n`);
  expect(numbersOf(calls)).toEqual(numbersTo(EVENTS));
  expectWhole(calls);
  expect(await proxy.close()).toMatchObject({
    received: { logs: EVENTS },
    forwarded: { logs: EVENTS },
    kept: { logs: 0 },
  });
});

test('a batch of more logs than the server accepts arrives in several calls', async () => {
  const server = await agentApi('-max-logs', '1000');
  const proxy = await serve(server.url);
  await send(proxy.socket, '-events', '2500', '-batch', '2500', '-bare');
  await until('all have arrived', () => numbersOf(server.calls).length >= 2500);
  expect(server.calls.map(({ request }) => request.logs.length)).toEqual([1000, 1000, 500]);
  expect(numbersOf(server.calls)).toEqual(numbersTo(2500));
  expect(server.calls.map(({ request }) => request.added)).toEqual(Array(3).fill('to the request'));
  expect(await proxy.close()).toMatchObject({ forwarded: { batches: 1, logs: 2500 } });
});

test('the sender continues after a restart of the proxy, and everything that was received arrives', async () => {
  const server = await agentApi();
  const args = ['--spool', path(), '--drain', '1'];
  const first = await serve(server.url, args);
  const sent = send(first.socket, '-events', String(EVENTS));
  await until('events arrive', () => numbersOf(server.calls).length > 1000);
  const accounts = [await first.close()];
  const second = await serve(server.url, args, first.socket);
  await sent;
  await lastArrived(() => server);
  accounts.push(await second.close());

  // The call that was abandoned when the time to drain was over may be repeated.
  const { calls, repeated } = joined(server.calls.map((call) => [call]));
  expect(repeated).toBeLessThanOrEqual(1);
  const numbers = numbersOf(calls);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  // Events that were written after the proxy had stopped reading are lost, and not counted as received.
  const received = accounts.map((account) => account.received.logs - account.recovered.logs);
  expect(numbers).toHaveLength((received[0] as number) + (received[1] as number));
  expectWhole(calls);
});
