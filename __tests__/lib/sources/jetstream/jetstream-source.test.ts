import { pipeline } from 'node:stream/promises';
import { afterAll, afterEach, describe, expect } from '@jest/globals';
import { type LogBatch, Tag } from '../../../../codec/index.js';
import { type BoundaryLogError, Forwarder, type Reporter } from '../../../../lib/index.js';
import { Header } from '../../../../lib/nats/message.js';
import { JetStreamSource, type JetStreamSourceOptions } from '../../../../lib/sources/jetstream/index.js';
import { logLines } from '../../../helpers/log-lines.js';
import { firstNumber, logBatch, SESSION } from '../../../helpers/messages.js';
import { natsServers, testNats } from '../../../helpers/nats-server.js';
import { natsStreams, type TestStream } from '../../../helpers/nats-stream.js';
import { collector } from '../../../helpers/reporters.js';
import { until } from '../../../helpers/until.js';

const natsServer = natsServers();
const natsStream = natsStreams();
const sources: JetStreamSource[] = [];
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
});

async function server() {
  const server = await natsServer();
  return { server, stream: await natsStream(server) };
}

function sourceOf({ url }: { url: string }, options: Partial<JetStreamSourceOptions> = {}): JetStreamSource {
  const source = new JetStreamSource({
    servers: url,
    reconnectInitialDelayMs: 5,
    reconnectMaxDelayMs: 50,
    ...options,
  });
  sources.push(source);
  return source;
}

/** Reads a source, and settles nothing. */
function read(source: JetStreamSource): LogBatch[] {
  const batches: LogBatch[] = [];
  source.on('data', (batch) => batches.push(batch));
  return batches;
}

const settled = (stream: TestStream) =>
  until('all messages are settled', async () => (await stream.unsettled()) === 0);

testNats('a Forwarder receives every batch, as it was published, and the server learns it', async () => {
  const { server: nats, stream } = await server();
  const published = Array.from({ length: 50 }, (_, i) => logBatch(1 + (i % 3), 10 * i));
  await stream.publish(...published);
  const source = sourceOf(nats);
  const { batches, report } = collector();
  const forwarder = new Forwarder({ report });
  const piped = pipeline(source.settleWith(forwarder), forwarder);
  await settled(stream);
  expect(batches).toEqual(published);
  expect(batches.map(({ count, sessionId }) => [count, sessionId])).toEqual(
    published.map(({ count }) => [count, SESSION]),
  );
  await source.stop();
  await piped;
  await source.close();
  expect(await stream.info()).toMatchObject({ num_redelivered: 0, ack_floor: { stream_seq: 50 } });
});
