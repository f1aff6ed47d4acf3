import { expect, test } from '@jest/globals';
import { expectTaken } from './events.js';
import { programs } from './programs.js';

const EVENTS = 20;
const { agentApi, serve, send } = programs();

// In a file of its own, to run beside the others: there are deadlines to wait for.
test.each([
  ['a call that is never answered is tried again', 'hang', 1],
  ['a server that falls silent, with its connection open, is found out', 'silent', 2],
])('%s', async (_, fault, connections) => {
  const server = await agentApi('-fault', fault, '-times', '1');
  const proxy = await serve(server.url);
  await send(proxy.socket, '-events', String(EVENTS));
  await expectTaken(server, EVENTS);
  expect(server.attempts).toHaveLength(connections);
  expect(await proxy.close()).toMatchObject({ forwarded: { logs: EVENTS } });
});
