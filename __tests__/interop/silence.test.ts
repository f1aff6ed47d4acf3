import { expect, test } from '@jest/globals';
import { expectAccepted } from './events.js';
import { programs } from './programs.js';

const EVENTS = 20;
const { agentApi, serve, send } = programs();

// These tests wait for long deadlines, so they have their own file, which runs in parallel with the others.
test.each([
  ['the proxy retries a call that is never answered', 'hang', 1],
  ['the proxy detects a server that falls silent while its connection stays open', 'silent', 2],
])('%s', async (_, fault, connections) => {
  const server = await agentApi('-fault', fault, '-times', '1');
  const proxy = await serve(server.url);
  await send(proxy.socket, '-events', String(EVENTS));
  await expectAccepted(server, EVENTS);
  expect(server.attempts).toHaveLength(connections);
  expect(await proxy.close()).toMatchObject({ forwarded: { logs: EVENTS } });
});
