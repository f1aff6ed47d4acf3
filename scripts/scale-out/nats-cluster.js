// Several nats-servers that store the same streams.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { until } from './until.js';

/**
 * Starts a cluster, and waits until it can create streams.
 *
 * @param {number} count How many servers it has.
 * @param {(name: string, config: string) => Promise<import('./nats-server.js').NatsServer>} start Starts one of them.
 */
export async function startCluster(count, start) {
  const ports = await freePorts(count);
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  const servers = await Promise.all(
    ports.map((port, i) =>
      start(
        `nats-${i + 1}`,
        `server_name: n${i + 1}\ncluster { name: center, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      ),
    ),
  );
  const connection = await connect({ servers: servers.map(({ url }) => url) });
  await until('the servers have elected a leader', async () => {
    const manager = await jetstreamManager(connection, { timeout: 1000 }).catch(() => undefined);
    return manager?.getAccountInfo().catch(() => undefined);
  });
  await connection.close();
  // The leader may not know all servers yet.
  await sleep(1000);
  return servers;
}

/** @param {number} count */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return servers.map((server) => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    server.close();
    return port;
  });
}
