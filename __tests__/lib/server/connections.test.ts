import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { encodeFrame, encodeStatus } from '../../../codec/index.js';
import { FrameParser, LogBuffer, StatusSink } from '../../../lib/index.js';
import { Connections } from '../../../lib/server/connections.js';
import { PassThrough, Readable } from '../../../lib/streams/base.js';
import { Warnings } from '../../../lib/telemetry/warnings.js';
import { logLines } from '../../helpers/log-lines.js';
import { firstNumber, logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { collector } from '../../helpers/reporters.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const path = tempPaths();
afterEach(() => {
  jest.restoreAllMocks();
});

/** Records which stream is piped into which, by the names of their classes, while a test runs. */
function recordPipes(): string[] {
  const pipes: string[] = [];
  for (const prototype of [Socket.prototype, Readable.prototype]) {
    const { pipe } = prototype;
    jest.spyOn(prototype, 'pipe').mockImplementation(function (this: InstanceType<typeof Readable>, ...args) {
      const [destination] = args;
      pipes.push(`${this.constructor.name} → ${(destination as object).constructor.name}`);
      return pipe.apply(this, args) as typeof destination;
    });
  }
  return pipes;
}

test('a connection consists of exactly the streams that the README shows', async () => {
  const pipes = recordPipes();
  const writes = {
    bytes: jest.spyOn(FrameParser.prototype, 'write'),
    logs: jest.spyOn(LogBuffer.prototype, 'write'),
    status: jest.spyOn(StatusSink.prototype, '_write'),
  };
  const proxy = makeProxy();
  const reporter = collector();
  await proxy.start();
  proxy.runForwarder(reporter);
  await sendAll(proxy.socketPath, [Buffer.concat([logsFrame(1), encodeStatus({ droppedBatchFull: 1n })])]);
  await until('it is reported', () => reporter.batches.length === 1);
  expect(pipes.sort()).toEqual([
    'FrameParser → MessageDecoder',
    'LogBuffer → Forwarder',
    'MessageDecoder → Demux',
  ]);
  // The socket is read in turns with the others, so it is not piped.
  expect(writes.bytes.mock.calls.length).toBe(1);
  expect([writes.logs.mock.calls.length, writes.status.mock.calls.length]).toEqual([1, 1]);
  expect(writes.logs.mock.contexts[0]).toBeInstanceOf(PassThrough);
  expect(writes.logs.mock.contexts[0]).toMatchObject({ writableHighWaterMark: 100 });
});

describe('one connection', () => {
  test('waits for room in the middle of a chunk, and nothing overtakes a batch', async () => {
    const proxy = makeProxy({ bufferSize: 1, overflow: 'block' });
    await proxy.start();
    const status = encodeStatus({ droppedChannelFull: 7n });
    const client = await connectTo(proxy.socketPath);
    client.write(Buffer.concat([logsFrame(1, 1), logsFrame(1, 2), status, logsFrame(1, 3)]));
    await until('the buffer is full', () => proxy.accounts().buffered.batches === 1);
    const counted = async () => (await proxy.registry.metrics()).includes('boundary_channel_full"} 7');
    expect(await counted()).toBe(false);
    const reporter = collector();
    proxy.runForwarder(reporter);
    await until('all are reported', () => reporter.batches.length === 3);
    expect(reporter.batches.map(firstNumber)).toEqual([1, 2, 3]);
    expect(await counted()).toBe(true);
    client.destroy();
  });

  test('whose outcome cannot be processed is closed, with few lines in the log, and the others stay open', async () => {
    const logger = logLines();
    const logs = new PassThrough({ objectMode: true });
    const batches: unknown[] = [];
    logs.on('data', (batch) => batches.push(batch));
    const reject = () => {
      throw new Error('disk full');
    };
    const connections = new Connections(
      { logs, status: new StatusSink(), reject, drop: reject },
      { maxConnections: 10, frameTimeout: 30_000, idleTimeout: Number.POSITIVE_INFINITY },
      new Warnings(logger),
      logger,
    );
    const server = createServer((socket) => connections.add(socket));
    const socketPath = path();
    await once(server.listen(socketPath), 'listening');
    const other = await connectTo(socketPath);
    for (let i = 0; i < 3; i++) await sendAll(socketPath, [encodeFrame(2, Buffer.from([0xff]))]);
    other.end(logsFrame(1, 3));
    await until('the other batch is processed', () => batches.length === 1);
    await connections.closeAll();
    server.close();
    expect(logger.lines.filter(({ level }) => level !== 'debug')).toMatchObject([
      { level: 'warn', message: expect.stringMatching(/^closing a connection/), fields: { connections: 1 } },
      { level: 'warn', message: expect.stringMatching(/^no longer/), fields: { connections: 3 } },
    ]);
  });

  test('a logger that fails costs no connection and no batch', async () => {
    const logger = logLines();
    logger.warn = () => {
      throw new Error('disk full');
    };
    const proxy = makeProxy({ logger });
    const reporter = collector();
    await proxy.start();
    proxy.runForwarder(reporter);
    await sendAll(proxy.socketPath, [encodeFrame(2, Buffer.from([0xff])), logsFrame(1, 3)]);
    await until('the batch is reported', () => reporter.batches.length === 1);
  });
});
