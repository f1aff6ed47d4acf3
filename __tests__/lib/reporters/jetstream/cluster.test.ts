import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, jest } from '@jest/globals';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Forwarder } from '../../../../lib/index.js';
import { batchOf } from '../../../../lib/nats/message.js';
import { JetStreamReporter } from '../../../../lib/reporters/jetstream/index.js';
import { eventBatch } from '../../../helpers/event-batch.js';
import { logLines } from '../../../helpers/log-lines.js';
import { type NatsServer, natsServers, testNats } from '../../../helpers/nats-server.js';
import { until } from '../../../helpers/until.js';

// Servers elect a leader before they accept anything.
jest.setTimeout(120_000);
const start = natsServers();
const closing: { close(): Promise<unknown> }[] = [];
afterEach(() => Promise.all(closing.splice(0).map((one) => one.close())));

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

async function freePorts(n: number): Promise<number[]> {
  const servers = upTo(n).map(() => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => server.listening || once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

async function cluster(): Promise<NatsServer[]> {
  const ports = await freePorts(3);
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  return Promise.all(
    ports.map((port, i) =>
      start({
        config: `server_name: n${i}\ncluster { name: c, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      }),
    ),
  );
}

async function managerOf(server: NatsServer): Promise<JetStreamManager> {
  const connection = await connect({ servers: server.url, reconnect: false });
  closing.push(connection);
  return jetstreamManager(connection, { checkAPI: false });
}

/** The answer of a cluster, which may elect a leader again at any time, and has no answer meanwhile. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + 30_000; ; await sleep(50)) {
    try {
      return await ask();
    } catch (error) {
      if (!/temporarily unavailable|timeout/i.test(String(error)) || performance.now() > deadline)
        throw error;
    }
  }
}

testNats(
  'a cluster that loses the leader of the stream keeps the order and stores each batch once',
  async () => {
    const servers = await cluster();
    const logger = logLines();
    const reporter = new JetStreamReporter({
      servers: servers.map(({ url }) => url),
      replicas: 3,
      logger,
      callTimeoutMs: 1000,
      reconnectInitialDelayMs: 10,
      reconnectMaxDelayMs: 200,
    });
    closing.push(reporter);
    const forwarder = new Forwarder(reporter, {
      concurrency: 16,
      retry: {
        initialDelayMs: 10,
        maxDelayMs: 200,
        timeoutMs: 2000,
        maxTimeoutMs: 4000,
        maxElapsedMs: 100_000,
      },
    });
    let forwarded = 0;
    forwarder.on('forward', () => forwarded++);
    forwarder.on('drop', (_batch, _reason, error) => {
      throw error;
    });
    const [sessions, each] = [4, 200];
    const sent = (async () => {
      for (const n of upTo(each)) {
        for (const session of upTo(sessions)) {
          const batch = eventBatch({ session_id: `s${session}`, sequence_number: n });
          if (!forwarder.write(batch))
            await new Promise<void>((resolve) => forwarder.once('drain', () => resolve()));
        }
      }
    })();
    await until('some are stored', () => forwarded > 200, 60_000);
    const [one] = servers as [NatsServer];
    const first = await managerOf(one);
    const { cluster: info } = await answered(() => first.streams.info('boundary-logs'));
    const leader = servers[Number(info?.leader?.slice(1))] as NatsServer;
    await leader.kill();
    await sent;
    await until('everything is stored', () => forwarded === sessions * each, 90_000);
    const left = servers.find((server) => server !== leader) as NatsServer;
    const manager = await managerOf(left);
    const { state, config } = await answered(() => manager.streams.info('boundary-logs'));
    expect(config.num_replicas).toBe(3);
    const numbers = new Map<string, number[]>();
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await answered(() => manager.streams.getMessage('boundary-logs', { seq }));
      if (message === null) continue;
      const { sessionId, firstNumber } = batchOf({ data: message.data, headers: message.header });
      numbers.set(sessionId, [...(numbers.get(sessionId) ?? []), firstNumber]);
    }
    for (const session of upTo(sessions)) expect(numbers.get(`s${session}`)).toEqual(upTo(each));
    expect(logger.lines.filter(({ message }) => message.includes('lose or repeat'))).toEqual([]);
  },
);
