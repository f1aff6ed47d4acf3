import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect } from '@jest/globals';
import type { LogBatch } from '../../../../codec/index.js';
import { type BoundaryLogError, Forwarder } from '../../../../lib/index.js';
import { Header } from '../../../../lib/nats/message.js';
import { JetStreamSource, type JetStreamSourceOptions } from '../../../../lib/sources/jetstream/index.js';
import { logLines } from '../../../helpers/log-lines.js';
import { firstNumber, logBatch, SESSION } from '../../../helpers/messages.js';
import { type NatsServer, natsServers, testNats } from '../../../helpers/nats-server.js';
import { CONSUMER, natsStreams, STREAM, type TestStream } from '../../../helpers/nats-stream.js';
import { collector } from '../../../helpers/reporters.js';
import { until } from '../../../helpers/until.js';

// Before the servers end, so that each source can tell them what it has.
const sources: JetStreamSource[] = [];
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
});
const natsServer = natsServers();
const natsStream = natsStreams();

async function served() {
  const server = await natsServer();
  return { server, stream: await natsStream(server) };
}

function sourceOf({ url }: NatsServer, options: Partial<JetStreamSourceOptions> = {}): JetStreamSource {
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

const batches = (n: number, first = 1) => Array.from({ length: n }, (_, i) => logBatch(1, first + i));

/** What a promise rejects with, if it does. */
const failure = (promise: Promise<unknown>): Promise<BoundaryLogError | undefined> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

const settled = (stream: TestStream) =>
  until('all messages are settled', async () => (await stream.unsettled()) === 0);

const arrived = (list: readonly unknown[], n: number) =>
  until(`${n} batches have arrived`, () => list.length >= n, 30_000);

testNats('a Forwarder receives every batch, as it was published, and the server learns it', async () => {
  const { server, stream } = await served();
  const published = Array.from({ length: 50 }, (_, i) => logBatch(1 + (i % 3), 10 * i));
  await stream.publish(...published);
  const source = sourceOf(server);
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

testNats('each batch is answered once, as its reporter decides', async () => {
  const { server, stream } = await served();
  const answers = await stream.answers();
  await stream.publish(...batches(4));
  const source = sourceOf(server);
  const read: LogBatch[] = [];
  source.on('data', (batch) => {
    read.push(batch);
    const n = firstNumber(batch);
    if (n === 1) source.accepted(batch);
    if (n === 2) source.returned(batch, 60_000);
    if (n === 3) source.rejected(batch, 'no\r\n+ACK');
    if (n === 4 && source.deliveries(batch) > 1) source.accepted(batch);
    else if (n === 4) source.returned(batch);
    // Only the first answer counts.
    source.rejected(batch);
  });
  await arrived(read, 5);
  await until('only the batch that was delayed is left', async () => (await stream.unsettled()) === 1);
  expect(answers).toEqual(['1 +ACK', '2 -NAK {"delay":60000000000}', '3 +TERM', '4 -NAK', '4 +ACK']);
});

testNats('it receives no more than it has room for, and the rest goes to others', async () => {
  const { server, stream } = await served();
  await stream.publish(...batches(20));
  const full = sourceOf(server, { maxBatches: 3 });
  const held = read(full);
  await arrived(held, 3);
  const other = sourceOf(server);
  const rest = read(other);
  await arrived(rest, 17);
  expect([held.length, full.unsettled]).toEqual([3, 3]);
  for (const batch of rest) other.accepted(batch);
  await other.close();
  await stream.publish(...batches(2, 21));
  expect(held.map(firstNumber)).toEqual([1, 2, 3]);
  // As soon as there is room again, it asks for more.
  for (const batch of [...held]) full.accepted(batch);
  await arrived(held, 5);
  expect(held.slice(3).map(firstNumber).sort()).toEqual([21, 22]);
});

testNats(
  'sources that start at the same time share one consumer, and each message goes to one of them',
  async () => {
    const { server, stream } = await served();
    const all = Array.from({ length: 8 }, () => sourceOf(server, { maxBatches: 5 }));
    const seen = all.map(() => [] as number[]);
    for (const [i, source] of all.entries()) {
      source.on('data', (batch) => {
        seen[i]?.push(firstNumber(batch));
        setTimeout(() => source.accepted(batch), 1);
      });
    }
    await Promise.all(all.map((source) => source.open()));
    await stream.publish(...batches(200));
    await settled(stream);
    expect(seen.flat().sort((a, b) => a - b)).toEqual(batches(200).map(firstNumber));
    expect(seen.filter((list) => list.length > 0).length).toBeGreaterThan(1);
    expect(await stream.manager.consumers.list(STREAM).next()).toHaveLength(1);
  },
);

testNats('it does not flow without a reader, and holds what nobody reads', async () => {
  const { server, stream } = await served();
  await stream.publish(...batches(10));
  const source = sourceOf(server, { maxBatches: 4 });
  await source.open();
  await until('as much has arrived as there is room for', () => source.unsettled === 4);
  expect(source.readableLength).toBe(4);
  const seen: number[] = [];
  for await (const batch of source) {
    seen.push(firstNumber(batch));
    source.accepted(batch);
    if (seen.length === 10) break;
  }
  expect(seen).toEqual(batches(10).map(firstNumber));
});

testNats('a large message does not keep those behind it from being delivered', async () => {
  const { server, stream } = await served();
  await stream.publishRaw(Buffer.alloc(900_000), {});
  await stream.publish(...batches(2));
  const source = sourceOf(server, { maxBatches: 2, maxBytes: 1000 });
  const rejected: BoundaryLogError[] = [];
  source.on('reject', (error) => rejected.push(error));
  const read: LogBatch[] = [];
  source.on('data', (batch) => {
    read.push(batch);
    source.accepted(batch);
  });
  await settled(stream);
  expect([read.length, rejected.map(({ code }) => code)]).toEqual([2, ['ERR_MESSAGE_TOO_LARGE']]);
});

testNats('the time of slow batches is extended, so that nobody else receives them', async () => {
  const { server, stream } = await served();
  await stream.addConsumer({ ack_wait: 300e6, filter_subject: 'boundary.logs.>' });
  const answers = await stream.answers();
  await stream.publish(...batches(2));
  const source = sourceOf(server);
  const held = read(source);
  const other = read(sourceOf(server));
  await until('both were extended ten times', () => answers.filter((one) => one === '2 +WPI').length >= 10);
  expect([held.length + other.length, (await stream.info()).num_redelivered]).toEqual([2, 0]);
});

describe('a message that is not a valid batch concerns nobody else', () => {
  testNats('it is not delivered again, unless a newer version may understand it', async () => {
    const { server, stream } = await served();
    const answers = await stream.answers();
    const valid = logBatch(1);
    const cases: [Uint8Array, Record<string, string>][] = [
      [valid.raw, { [Header.TAG]: '2' }],
      [Buffer.from([0xff]), { [Header.TAG]: '2' }],
      [Buffer.from('not protobuf'), {}],
      // A session that is not UTF-8.
      [Buffer.from([0x12, 1, 0xff]), { [Header.TAG]: '1' }],
      [valid.raw, { [Header.TAG]: '3' }],
      [valid.raw, { [Header.TAG]: 'x' }],
      [Buffer.alloc(32_769), { [Header.TAG]: '2' }],
      // The tag and the count are what the bytes say.
      [valid.raw, { [Header.TAG]: '1', [Header.COUNT]: '999' }],
      [valid.raw, {}],
    ];
    for (const [data, fields] of cases) await stream.publishRaw(data, fields);
    const source = sourceOf(server);
    const rejected: string[] = [];
    source.on('reject', ({ code }) => rejected.push(code));
    const { batches, report } = collector();
    const forwarder = new Forwarder({ report });
    pipeline(source.settleWith(forwarder), forwarder).catch(() => undefined);
    await until('all are answered', () => answers.length === cases.length);
    expect(answers.sort()).toEqual([
      '1 +ACK',
      '2 +TERM',
      '3 +TERM',
      '4 +TERM',
      '5 -NAK {"delay":60000000000}',
      '6 -NAK {"delay":60000000000}',
      '7 +TERM',
      '8 +ACK',
      '9 +ACK',
    ]);
    expect(rejected).toEqual([
      'ERR_INVALID_PROTOBUF',
      'ERR_INVALID_PROTOBUF',
      'ERR_INVALID_UTF8',
      'ERR_UNSUPPORTED_TAG',
      'ERR_UNSUPPORTED_TAG',
      'ERR_MESSAGE_TOO_LARGE',
    ]);
    expect(batches.map(({ tag, count }) => [tag, count])).toEqual([
      [2, 1],
      [1, 1],
      [1, 1],
    ]);
  });
});

describe('an end', () => {
  testNats('stop() receives nothing more; what has arrived can be read and settled', async () => {
    const { server, stream } = await served();
    await stream.publish(...batches(5));
    const source = sourceOf(server, { maxBatches: 3 });
    await source.open();
    await until('three are here', () => source.unsettled === 3);
    await source.stop();
    await stream.publish(...batches(5, 6));
    const seen: number[] = [];
    for await (const batch of source.iterator({ destroyOnReturn: false })) {
      seen.push(firstNumber(batch));
      source.accepted(batch);
    }
    expect([seen, source.isUp]).toEqual([[1, 2, 3], true]);
    await until('the server has the answers', async () => (await stream.unsettled()) === 7);
    await source.close();
    expect((await stream.info()).num_waiting).toBe(0);
  });

  testNats('close() returns what is not settled, and another source receives it at once', async () => {
    const { server, stream } = await served();
    await stream.publish(...batches(6));
    const first = sourceOf(server);
    const held = read(first);
    await arrived(held, 6);
    for (const batch of held.slice(0, 2)) first.accepted(batch);
    // It waits for messages by then: a server 2.9.10 keeps one until its time is over if nobody does.
    const second = sourceOf(server);
    const again = read(second);
    await second.open();
    await first.close();
    await arrived(again, 4);
    expect(again.map((batch) => [firstNumber(batch), second.deliveries(batch)]).sort()).toEqual([
      [3, 2],
      [4, 2],
      [5, 2],
      [6, 2],
    ]);
    expect(await stream.unsettled()).toBe(4);
  });

  testNats('a Forwarder that is destroyed returns what it has', async () => {
    const { server, stream } = await served();
    const answers = await stream.answers();
    await stream.publish(...batches(2));
    const source = sourceOf(server);
    const forwarder = new Forwarder({ report: () => new Promise(() => undefined) });
    const piped = pipeline(source.settleWith(forwarder), forwarder).catch(() => undefined);
    await until('both are here', () => source.unsettled === 2);
    forwarder.destroy();
    await piped;
    await source.close();
    // The server may have delivered them again before the source was closed.
    await until('both are returned', () => new Set(answers).size === 2);
    expect([...new Set(answers)].sort()).toEqual(['1 -NAK', '2 -NAK']);
  });

  testNats('a permanent failure of the reporter rejects the batch, another one returns it', async () => {
    const { server, stream } = await served();
    const answers = await stream.answers();
    await stream.publish(...batches(3));
    const report = (batch: LogBatch) => {
      const n = firstNumber(batch);
      if (n < 3) throw Object.assign(new Error('no'), { permanent: n === 1 });
    };
    const source = sourceOf(server);
    const forwarder = new Forwarder({ report }, { retry: { maxAttempts: 1 } });
    pipeline(source.settleWith(forwarder), forwarder).catch(() => undefined);
    await until('all are answered', () => answers.length === 3);
    expect(answers.sort()).toEqual(['1 +TERM', '2 -NAK {"delay":30000000000}', '3 +ACK']);
  });

  testNats('close() before and during an attempt to connect does not wait for it', async () => {
    const server = await natsServer();
    server.pause();
    const source = sourceOf(server);
    const opened = failure(source.open());
    await source.close();
    expect((await opened)?.code).toBe('ERR_CLOSED');
    expect((await failure(source.open()))?.code).toBe('ERR_CLOSED');
    await sourceOf(server).close();
  });
});

describe('an outage', () => {
  testNats('of a killed server: what is here is not delivered twice, and is answered after it', async () => {
    const { server, stream } = await served();
    await stream.publish(...batches(6));
    const logger = logLines();
    const source = sourceOf(server, { logger });
    const held = read(source);
    await arrived(held, 6);
    source.accepted(held[0] as LogBatch);
    await server.kill();
    await until('it is noticed', () => !source.isUp);
    for (const batch of held.slice(1, 4)) source.accepted(batch);
    await server.start();
    await until('it is over', () => source.isUp, 30_000);
    for (const batch of held.slice(4)) source.accepted(batch);
    const after = await natsStream(server);
    await until('all are settled', async () => (await after.unsettled()) === 0, 30_000);
    expect(held.map(firstNumber)).toEqual([1, 2, 3, 4, 5, 6]);
    await after.publish(logBatch(1, 7));
    await arrived(held, 7);
    await source.close();
    const lines = logger.lines.filter(({ level }) => level === 'warn' || level === 'info');
    expect(lines.map(({ message }) => message)).toEqual([
      'the consumer is created',
      'connected to the NATS stream',
      'the NATS stream is not available; retrying',
      'the NATS stream is available again',
    ]);
  });

  testNats('that is longer than the server waits: a batch that is here does not arrive again', async () => {
    const { server, stream } = await served();
    await stream.addConsumer({ ack_wait: 200e6, filter_subject: 'boundary.logs.>' });
    await stream.publish(...batches(3));
    const source = sourceOf(server, { reconnectInitialDelayMs: 1, reconnectMaxDelayMs: 1 });
    const held = read(source);
    await arrived(held, 3);
    for (let i = 1; i <= 3; i++) {
      await server.kill();
      await until('it is noticed', () => !source.isUp);
      await server.start();
      await until('it is over', () => source.isUp, 30_000);
    }
    const after = await natsStream(server);
    for (const batch of held) source.accepted(batch);
    await until('all are settled', async () => (await after.unsettled()) === 0, 30_000);
    expect(held).toHaveLength(3);
  });

  testNats('of a server that is stopped is noticed, and ends when the server continues', async () => {
    const { server, stream } = await served();
    // It may deliver to the connection that has ended, before it learns of that.
    await stream.addConsumer({ ack_wait: 500e6, filter_subject: 'boundary.logs.>' });
    const source = sourceOf(server, { keepAliveMs: 50, connectTimeoutMs: 200 });
    const held = read(source);
    await source.open();
    server.pause();
    await until('it is noticed', () => !source.isUp);
    server.resume();
    await stream.publish(...batches(2));
    await arrived(held, 2);
  });

  testNats('a server that is not there yet: it resolves, and delivers later', async () => {
    const server = await natsServer();
    await server.kill();
    const logger = logLines();
    const source = sourceOf(server, { logger });
    const held = read(source);
    await source.open();
    expect(source.isUp).toBe(false);
    await server.start();
    // The stream does not exist yet either.
    await until(
      'the stream is missed',
      () =>
        logger.lines.some(({ fields }) => String(fields.err).includes('does not exist yet')) ||
        source.isUp === false,
    );
    const stream = await natsStream(server);
    await stream.publish(logBatch(1, 5));
    await arrived(held, 1);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  testNats(
    'that does not end before close(): a warning says how many batches are delivered again',
    async () => {
      const { server, stream } = await served();
      await stream.publish(...batches(5));
      const logger = logLines();
      const source = sourceOf(server, { logger });
      const held = read(source);
      await arrived(held, 5);
      await server.kill();
      await until('it is noticed', () => !source.isUp);
      for (const batch of held.slice(0, 2)) source.accepted(batch);
      await source.close();
      const { fields } = logger.lines.find(({ message }) => message.startsWith('the server may not')) ?? {};
      expect(fields).toEqual({ batches: 5 });
    },
  );

  testNats('a consumer that is deleted is created again, and everything is delivered again', async () => {
    const { server, stream } = await served();
    await stream.publish(...batches(3));
    const logger = logLines();
    const source = sourceOf(server, { logger });
    const seen: number[] = [];
    source.on('data', (batch) => {
      seen.push(firstNumber(batch));
      source.accepted(batch);
    });
    await settled(stream);
    await stream.manager.consumers.delete(STREAM, CONSUMER);
    await arrived(seen, 6);
    expect(seen).toEqual([1, 2, 3, 1, 2, 3]);
    expect(logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'the consumer was deleted, and is created again: everything that the stream contains is delivered again',
    ]);
  });

  testNats(
    'a stream that is deleted and made again: its messages are not taken for the old ones',
    async () => {
      const { server, stream } = await served();
      await stream.publish(...batches(2));
      const source = sourceOf(server);
      const held = read(source);
      await arrived(held, 2);
      await stream.manager.streams.delete(STREAM);
      await until('it is noticed', () => !source.isUp, 30_000);
      const again = await natsStream(server);
      await again.publish(...batches(2, 11));
      await arrived(held, 4);
      expect(held.map(firstNumber)).toEqual([1, 2, 11, 12]);
      for (const batch of held.slice(2)) source.accepted(batch);
      await until('the new ones are settled', async () => (await again.unsettled()) === 0);
    },
  );
});

describe('what somebody has to correct', () => {
  const USERS = `accounts {
    A { jetstream: enabled, users: [
      { user: "all", password: "secret" }
      { user: "mute", password: "secret", permissions: { publish: { deny: "$JS.ACK.>" } } }
      { user: "deaf", password: "secret", permissions: { publish: { deny: "$JS.API.CONSUMER.MSG.NEXT.>" } } }
      { user: "powerless", password: "secret", permissions: { publish: { deny: "$JS.API.CONSUMER.CREATE.>" } } }
    ] }
  }`;

  testNats('wrong credentials, or a permission that is missing, end the start, with advice', async () => {
    const server = await natsServer({ config: USERS });
    const admin = await natsStream(server, {}, { user: 'all', pass: 'secret' });
    await admin.publish(logBatch(1));
    for (const [user, password, advice] of [
      ['all', 'wrong', 'does not accept these credentials'],
      ['powerless', 'secret', 'may not publish to "$JS.API.CONSUMER.CREATE.'],
    ]) {
      const logger = logLines();
      const error = await failure(sourceOf(server, { user, password, logger }).open());
      expect([error?.code, error?.message]).toEqual([
        'ERR_NATS_REFUSED',
        expect.stringContaining(advice as string),
      ]);
      expect([error?.message, logger.lines]).toEqual([expect.not.stringContaining('\n'), []]);
    }
  });

  for (const [user, subject] of [
    ['mute', '$JS.ACK.'],
    ['deaf', '$JS.API.CONSUMER.MSG.NEXT.'],
  ] as const) {
    testNats(`a user who is ${user}: one warning names what to allow`, async () => {
      const server = await natsServer({ config: USERS });
      const admin = await natsStream(server, {}, { user: 'all', pass: 'secret' });
      await admin.publish(...batches(2));
      const logger = logLines();
      const source = sourceOf(server, { user, password: 'secret', logger });
      source.on('data', (batch) => source.accepted(batch));
      const connected = () => logger.lines.filter(({ message }) => message.startsWith('connected to'));
      await until('it has tried again', () => connected().length >= 4, 15_000);
      const warnings = logger.lines.filter(({ level }) => level === 'warn');
      expect(warnings.map(({ fields }) => String(fields.err))).toEqual([
        expect.stringContaining(`may not publish to "${subject}`),
      ]);
      expect(logger.lines.map(({ message }) => message)).not.toContain('the NATS stream is available again');
    });
  }

  testNats(
    'a consumer that cannot be used ends the start; a dangerous one is a warning, and is not changed',
    async () => {
      const { server, stream } = await served();
      await stream.addConsumer({ headers_only: true });
      const error = await failure(sourceOf(server).open());
      expect([error?.code, error?.message]).toEqual([
        'ERR_NATS_REFUSED',
        expect.stringContaining('headers_only'),
      ]);
      await stream.manager.consumers.delete(STREAM, CONSUMER);
      const { config } = await stream.addConsumer({ max_deliver: 3 });
      const logger = logLines();
      await sourceOf(server, { logger }).open();
      const [warning] = logger.lines.filter(({ level }) => level === 'warn');
      expect(warning?.fields.warnings).toEqual([
        expect.stringContaining('max_deliver'),
        expect.stringContaining('max_ack_pending'),
      ]);
      expect((await stream.info()).config).toEqual(config);
    },
  );
});
