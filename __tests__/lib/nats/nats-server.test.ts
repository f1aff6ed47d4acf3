import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { natsServers, testNats } from '../../helpers/nats-server.js';

const start = natsServers();

testNats('a server that was killed has its port and its streams again when it is started again', async () => {
  const server = await start();
  const { url } = server;
  const before = await connect({ servers: url, reconnect: false });
  const manager = await jetstreamManager(before);
  await manager.streams.add({ name: 'kept', subjects: ['kept.>'] });
  await jetstream(before).publish('kept.1', 'text');
  await server.kill();
  await before.closed();

  await server.start();
  expect(server.url).toBe(url);
  const after = await connect({ servers: url, reconnect: false });
  const { state } = await (await jetstreamManager(after)).streams.info('kept');
  expect(state.messages).toBe(1);
  await after.close();
  await server.stop();
});

test('.ci/run installs the server, and says so if it cannot', () => {
  expect(readFileSync('.ci/run', 'utf8')).toContain('\nneed nats-server nats-server\n');
});
