// What nats-server itself needs for what grows with the number of machines: subjects, ids of messages, connections and
// replicas.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startCluster } from '../scripts/scale-out/nats-cluster.js';
import { NatsServer } from '../scripts/scale-out/nats-server.js';
import { cpuOf, rssOf } from './processes.js';

const STREAM = 'boundary-logs';
/** As long as a batch of two logs. */
const SMALL = Buffer.alloc(200, 'x');
/** As long as a batch of ten logs. */
const TYPICAL = randomBytes(1100);

const token = (/** @type {number} */ n) => `5f3c1c52-7b2a-4f0e-9d55-${String(n).padStart(12, '0')}`;
const idOf = (/** @type {number} */ n) => `2.${n}-${n + 9}.${token(n).slice(-22)}`;

/**
 * @typedef {object} Publishing
 * @property {number} messages
 * @property {Buffer} data
 * @property {number} inFlight
 * @property {(n: number) => string} subject The last token of the subject of each message.
 * @property {boolean} hasIds
 */

/**
 * Creates the stream, and publishes to it.
 *
 * @param {string} url
 * @param {Publishing} publishing
 * @param {number} [replicas]
 * @returns {Promise<number>} Seconds.
 */
async function publish(url, { messages, data, inFlight, subject, hasIds }, replicas = 1) {
  const connection = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(connection, { timeout: 20_000 });
    await manager.streams.add({
      name: STREAM,
      subjects: ['boundary.logs.>'],
      storage: 'file',
      num_replicas: replicas,
      duplicate_window: 600e9,
    });
    const stream = jetstream(connection, { timeout: 20_000 });
    let next = 0;
    const begun = performance.now();
    const lane = async () => {
      while (next < messages) {
        const n = next++;
        await stream.publish(`boundary.logs.${subject(n)}`, data, hasIds ? { msgID: idOf(n) } : {});
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return (performance.now() - begun) / 1000;
  } finally {
    await connection.close();
  }
}

/** @typedef {(name: string, config?: string, jetStream?: string) => Promise<NatsServer>} Start */

/**
 * Runs servers in new folders, and ends them.
 *
 * @template T
 * @param {(start: Start) => Promise<T>} use
 * @returns {Promise<T>}
 */
async function withServers(use) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  /** @type {NatsServer[]} */
  const servers = [];
  try {
    return await use((name, config, jetStream) => {
      const server = new NatsServer(join(folder, name), config, jetStream);
      servers.push(server);
      return server.start();
    });
  } finally {
    await Promise.all(servers.map((server) => server.end('SIGKILL')));
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The memory that a server needs for each of many subjects, or for each id in the duplicate window, and how long it takes
 * to start again with them.
 *
 * @param {'subject' | 'id'} what
 * @returns {import('./measure.js').Measure}
 */
export function memoryFor(what) {
  return {
    name: what,
    run: ({ smoke }) =>
      withServers(async (start) => {
        const messages = smoke ? 2000 : 100_000;
        const server = await start('nats');
        const subject = what === 'subject' ? token : () => 'one';
        const before = rssOf(server.pid);
        await publish(server.url, { messages, data: SMALL, inFlight: 500, subject, hasIds: what === 'id' });
        const bytes = ((rssOf(server.pid) - before) / messages) * 1e6;
        const begun = performance.now();
        await server.restart('SIGKILL');
        const connection = await connect({ servers: server.url });
        // The server may read the ids of the window only when it needs the first one.
        await jetstream(connection, { timeout: 60_000 }).publish('boundary.logs.one', SMALL, {
          msgID: idOf(0),
        });
        const seconds = (performance.now() - begun) / 1000;
        await connection.close();
        return { bytes, seconds };
      }),
  };
}

/**
 * The memory that a server needs for each connection without TLS that has one subscription.
 *
 * @returns {import('./measure.js').Measure}
 */
export function memoryOfConnections() {
  return {
    name: 'connections',
    run: ({ smoke }) =>
      withServers(async (start) => {
        const count = smoke ? 100 : 8000;
        const server = await start('nats');
        const before = rssOf(server.pid);
        const sockets = [];
        for (let n = 0; n < count; n++) {
          const socket = connectTcp(server.port, '127.0.0.1');
          await once(socket, 'data');
          socket.write(`CONNECT {"verbose":false}\r\nSUB _INBOX.${token(n)}.* 1\r\nPING\r\n`);
          await once(socket, 'data');
          sockets.push(socket.resume());
        }
        const kib = ((rssOf(server.pid) - before) * 1e6) / 1024 / count;
        for (const socket of sockets) socket.destroy();
        return { kib };
      }),
  };
}

/** What stores batches of ten logs. */
const CENTERS = {
  'one replica': async (/** @type {Start} */ start) => [await start('nats')],
  'three replicas': (/** @type {Start} */ start) => startCluster(3, start),
  'every message synced': async (/** @type {Start} */ start) => [
    await start('nats', '', 'sync_interval: always'),
  ],
};

/**
 * The CPU that all servers together need for batches of ten logs, and how many they store.
 *
 * @param {keyof typeof CENTERS} name
 * @returns {import('./measure.js').Measure}
 */
export function storing(name) {
  return {
    name,
    run: ({ smoke }) =>
      withServers(async (start) => {
        const messages = (smoke ? 3000 : 50_000) / (name === 'every message synced' ? 10 : 1);
        const servers = await CENTERS[name](start);
        const subject = (/** @type {number} */ n) => token(n % 100);
        const publishing = { messages, data: TYPICAL, inFlight: 64, subject, hasIds: true };
        const cpu = () => servers.reduce((sum, { pid }) => sum + cpuOf(pid), 0);
        const before = cpu();
        const seconds = await publish(servers[0]?.url ?? '', publishing, servers.length);
        return { cpu: ((cpu() - before) / messages) * 1e6, throughput: messages / seconds };
      }),
  };
}
