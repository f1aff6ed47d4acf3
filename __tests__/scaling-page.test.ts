import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { encodeLogs } from '../codec/index.js';
import { blocksOf } from './helpers/code-blocks.js';
import { command, commandsHere } from './helpers/command.js';
import { natsServers, testNats } from './helpers/nats-server.js';
import { listening } from './helpers/processes.js';
import { linesOf, stopped, upTo } from './helpers/served.js';
import { sendAll } from './helpers/socket-client.js';
import { tempPaths } from './helpers/temp.js';
import { until } from './helpers/until.js';

const start = commandsHere();
const startServer = natsServers();
const path = tempPaths();

const PAGE = 'docs/scaling.md';
/** The configurations of servers, by the name in their first line. */
const configs = new Map(
  blocksOf(PAGE)
    .filter(({ language }) => language === 'conf')
    .map(({ code }) => [/^# (\S+\.conf)/.exec(code)?.[1], code]),
);

/** What the page leaves to the environment of the servers. */
const SECRETS = {
  P0_EDGES: 'edges-0-secret',
  P0_FORWARDERS: 'forwarders-0-secret',
  P1_EDGES: 'edges-1-secret',
  P1_FORWARDERS: 'forwarders-1-secret',
  SITE_EDGES: 'site-secret',
};

/** A configuration of the page, with addresses and a folder of this machine. */
function configOf(name: string, leafPort = 0): string {
  const config = configs.get(name);
  if (config === undefined) throw new Error(`${PAGE} has no ${name}`);
  return (
    config
      // The test's server has a port of its own.
      .replace(/^listen: .*$/m, '')
      .replace(/store_dir: "[^"]*"/, `store_dir: "${path()}"`)
      .replaceAll(/(?:0\.0\.0\.0|nats\.example\.com):7422/g, `127.0.0.1:${leafPort}`)
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const SESSIONS = upTo(12).map((i) => `session-${i}`);
const BATCHES = 5;
const IN_BATCH = 4;
const EVENTS = SESSIONS.length * BATCHES * IN_BATCH;

/** Sends some sessions, whose batches take turns. */
async function send(socket: string): Promise<void> {
  const frames = upTo(BATCHES).flatMap((n) =>
    SESSIONS.map((sessionId) =>
      encodeLogs({
        sessionId,
        logs: upTo(IN_BATCH).map((i) => ({ sequenceNumber: n * IN_BATCH + i })),
      }),
    ),
  );
  await sendAll(socket, frames);
}

const OPTIONS = ['--metrics', 'off'];

/** Starts an edge, sends to it, and ends it when it has published everything. */
async function publish(url: string, env: Record<string, string> = {}): Promise<void> {
  const [socket, spool] = [path(), path()];
  const edge = start(['serve', '--socket', socket, '--reporter', url, '--spool', spool, ...OPTIONS], { env });
  await listening(edge, socket);
  await send(socket);
  expect(await stopped(edge)).toMatchObject({ forwarded: { logs: EVENTS }, kept: { logs: 0 } });
}

/** Starts a forwarder. */
function forward(url: string, env: Record<string, string> = {}, args: string[] = []) {
  const file = path();
  const options = ['--source', url, '--events-file', file, '--format', 'json'];
  const served = start(['serve', ...options, ...args, ...OPTIONS], { env });
  return { served, lines: () => linesOf(readFileSync(file, { encoding: 'utf8', flag: 'a+' })), file };
}

testNats(
  'one server, one edge and one forwarder',
  async () => {
    const server = await startServer({ jetStream: false, config: configOf('nats.conf') });
    await publish(server.url);
    const { served, lines, file } = forward(server.url);
    await until('all has arrived', () => lines().length === EVENTS, 60_000);
    await stopped(served);
    const { code, bytes } = await command(['audit', file]);
    expect({ code, text: bytes.toString() }).toEqual({
      code: 0,
      text: expect.stringContaining(
        `${EVENTS} events in ${SESSIONS.length} sessions; 0 missing; 0 duplicated.`,
      ),
    });
  },
  180_000,
);

testNats(
  'partitions with an account each, a site with a leaf node, and forwarders that keep the order',
  async () => {
    const leafPort = await freePort();
    const config = configOf('center.conf', leafPort);
    const center = await startServer({ jetStream: false, config, env: SECRETS });
    const CENTER = `nats-leaf://edges-0:${SECRETS.P0_EDGES}@127.0.0.1:${leafPort}`;
    const site = await startServer({
      ...{ jetStream: false, config: configOf('site.conf', leafPort) },
      env: { ...SECRETS, CENTER },
    });

    // Machines of the site publish to the first partition, and another one directly to the second.
    await publish(site.url, { NATS_USER: 'edge', NATS_PASSWORD: SECRETS.SITE_EDGES });
    await publish(center.url, { NATS_USER: 'edges-1', NATS_PASSWORD: SECRETS.P1_EDGES });

    for (const [partition, password] of [SECRETS.P0_FORWARDERS, SECRETS.P1_FORWARDERS].entries()) {
      const user = `forwarders-${partition}`;
      const env = { NATS_USER: user, NATS_PASSWORD: password };
      const connection = await connect({ servers: center.url, user, pass: password });
      const manager = await jetstreamManager(connection);
      // Each account has a stream of its own, with all of what its edges have published.
      expect((await manager.streams.info('boundary-logs')).state.messages).toBe(SESSIONS.length * BATCHES);
      // As the command in the page does.
      for (const part of [0, 1]) {
        await manager.consumers.add('boundary-logs', {
          durable_name: `part-${part}`,
          ack_policy: 'explicit',
          filter_subject: `boundary.logs.${part}.*`,
          ack_wait: 30e9,
          max_ack_pending: 65_536,
        });
      }
      await connection.close();
      const forwarders = [0, 1].map((part) => forward(center.url, env, ['--nats-consumer', `part-${part}`]));
      const count = () => forwarders.reduce((sum, { lines }) => sum + lines().length, 0);
      await until('all has arrived', () => count() === EVENTS, 60_000);
      for (const { served } of forwarders) await stopped(served);

      // Each session is in one file alone, and there in its order.
      const seen: string[] = [];
      for (const { lines } of forwarders) {
        const numbers = new Map<string, number[]>();
        for (const { session_id: id, sequence_number: number } of lines().map((line) => JSON.parse(line)))
          numbers.set(id, [...(numbers.get(id) ?? []), number]);
        for (const its of numbers.values()) expect(its).toEqual(upTo(BATCHES * IN_BATCH));
        expect(numbers.size).toBeGreaterThan(0);
        seen.push(...numbers.keys());
      }
      expect(seen.sort()).toEqual([...SESSIONS].sort());
    }
  },
  300_000,
);

test.each(
  blocksOf(PAGE)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => linesOf(code.replaceAll('\\\n', '')))
    .filter((line) => line.startsWith('boundary-log-proxy serve ')),
)('%s', async (line) => {
  const args = line.split(' ').slice(1);
  expect(await command([...args, '--check'])).toMatchObject({ code: 0 });
});

test('the page has these configurations, and no other one', () => {
  expect([...configs.keys()]).toEqual(['nats.conf', 'center.conf', 'site.conf']);
});
