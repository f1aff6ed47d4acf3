import { afterEach, describe, expect } from '@jest/globals';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Forwarder, LogBatch } from '../../../../lib/index.js';
import { batchOf, messageIdOf } from '../../../../lib/nats/message.js';
import {
  JetStreamReporter,
  type JetStreamReporterOptions,
} from '../../../../lib/reporters/jetstream/index.js';
import { eventBatch } from '../../../helpers/event-batch.js';
import { logLines } from '../../../helpers/log-lines.js';
import { type NatsServer, natsServers, testNats } from '../../../helpers/nats-server.js';
import { until } from '../../../helpers/until.js';

const start = natsServers();
const closing: { close(): Promise<unknown> }[] = [];
afterEach(() => Promise.all(closing.splice(0).map((one) => one.close())));

const signal = new AbortController().signal;
const UUID = '0b8ff8a8-6f0c-4b8e-9d3c-1d2f3a4b5c6d';

function reporterFor(servers: string, options: Partial<JetStreamReporterOptions> = {}) {
  const logger = logLines();
  const quick = { reconnectInitialDelayMs: 10, reconnectMaxDelayMs: 50 };
  const reporter = new JetStreamReporter({ servers, logger, ...quick, ...options });
  closing.push(reporter);
  return { reporter, logger };
}

async function managerOf({ url }: NatsServer): Promise<JetStreamManager> {
  const connection = await connect({ servers: url, reconnect: false });
  closing.push(connection);
  return jetstreamManager(connection);
}

const batchOfSession = (session_id: string, sequence_number = 0) =>
  eventBatch({ session_id, sequence_number, http_url: `https://a.example/${sequence_number}` });

/** Everything in the stream, in its order. */
async function storedIn(server: NatsServer, stream = 'boundary-logs') {
  const manager = await managerOf(server);
  const { state } = await manager.streams.info(stream);
  const messages = [];
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
    messages.push(await manager.streams.getMessage(stream, { seq }));
  }
  return messages.map((message) => {
    if (message === null) throw new Error('a message is missing');
    const { subject, header: headers, data } = message;
    return { subject, headers, data, batch: batchOf({ data, headers }) };
  });
}

describe('a batch', () => {
  testNats('becomes one message with its bytes, in a stream that is created for it', async () => {
    const server = await start();
    const { reporter, logger } = reporterFor(server.url, { proxy: 'edge-1' });
    const tag1 = new LogBatch(1, 1, batchOfSession(UUID, 3).raw);
    const chunk = Buffer.concat([Buffer.alloc(50, 1), tag1.raw, Buffer.alloc(50, 1)]);
    const view = new LogBatch(1, 1, chunk.subarray(50, 50 + tag1.raw.length));
    const other = eventBatch({ session_id: 'a.b' }, { session_id: 'a.b', sequence_number: 1 });
    await Promise.all([reporter.report(view, { signal }), reporter.report(other, { signal })]);
    const stored = await storedIn(server);
    expect(stored.map(({ subject }) => subject).sort()).toEqual([
      `boundary.logs.${UUID}`,
      'boundary.logs.~YS5i',
    ]);
    const [first, second] = stored.sort((a, b) => a.subject.localeCompare(b.subject)) as [
      (typeof stored)[0],
      (typeof stored)[0],
    ];
    const fields = ({ headers }: typeof first) =>
      Object.fromEntries([...headers].map(([name, [value]]) => [name, value]));
    const plain = first.subject.endsWith(UUID) ? first : second;
    const encoded = plain === first ? second : first;
    expect(fields(plain)).toEqual({
      'Boundary-Tag': '1',
      'Boundary-Count': '1',
      'Boundary-Proxy': 'edge-1',
      'Nats-Msg-Id': messageIdOf(tag1),
      'Nats-Expected-Stream': 'boundary-logs',
    });
    expect(fields(encoded)).toMatchObject({ 'Boundary-Tag': '2', 'Boundary-Count': '2' });
    expect(plain.batch).toEqual(tag1);
    expect(encoded.batch).toEqual(other);
    expect(logger.lines.filter(({ level }) => level !== 'debug')).toMatchObject([
      { level: 'info', message: 'created the stream', fields: { stream: 'boundary-logs' } },
      { level: 'info', message: 'connected to NATS', fields: { servers: [server.address] } },
    ]);
  });

  testNats(
    'that is reported again is stored once; two equal ones without a session are stored twice',
    async () => {
      const server = await start();
      const { reporter } = reporterFor(server.url);
      const without = eventBatch({});
      for (const batch of [batchOfSession('a'), batchOfSession('a'), without, without, eventBatch({})]) {
        await reporter.report(batch, { signal });
      }
      const subjects = (await storedIn(server)).map(({ subject }) => subject);
      expect(subjects).toEqual(['boundary.logs.a', 'boundary.logs.~', 'boundary.logs.~']);
    },
  );

  testNats(
    'larger than the server or the stream accepts is rejected alone, and the others are stored',
    async () => {
      const server = await start({ config: 'max_payload: 3000' });
      const manager = await managerOf(server);
      await manager.streams.add({ name: 'boundary-logs', subjects: ['boundary.logs.>'], max_msg_size: 2000 });
      const { reporter, logger } = reporterFor(server.url);
      const sized = (n: number, bytes: number) =>
        eventBatch({ session_id: 'a', sequence_number: n, http_url: 'x'.repeat(bytes) });
      const results = await Promise.allSettled(
        [sized(0, 100), sized(1, 2500), sized(2, 5000), sized(3, 100)].map((batch) =>
          reporter.report(batch, { signal }),
        ),
      );
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(reasons).toMatchObject([
        {
          code: 'ERR_CALL_REJECTED',
          permanent: true,
          message: expect.stringContaining('max_msg_size of the stream'),
        },
        {
          code: 'ERR_CALL_REJECTED',
          permanent: true,
          message: expect.stringContaining('max_payload of the server'),
        },
      ]);
      expect((await storedIn(server)).map(({ batch }) => batch.firstNumber)).toEqual([0, 3]);
      expect(logger.lines.filter(({ message }) => message.includes('not available'))).toEqual([]);
      expect(logger.lines.find(({ level }) => level === 'warn')?.fields.warnings).toContainEqual(
        expect.stringContaining('at most 2000 bytes'),
      );
    },
  );
});

describe('with a forwarder', () => {
  /** Forwards batches of several sessions, and resolves when the stream has acknowledged all of them. */
  function forward(reporter: JetStreamReporter, sessions: number, each: number) {
    const forwarder = new Forwarder(reporter, {
      concurrency: 16,
      retry: { initialDelayMs: 5, maxDelayMs: 50, timeoutMs: 2000 },
    });
    const dropped: unknown[] = [];
    const outages: unknown[] = [];
    let forwarded = 0;
    forwarder.on('drop', (_batch, reason, error) => dropped.push([reason, error]));
    forwarder.on('outage', (error) => outages.push(error));
    forwarder.on('forward', () => forwarded++);
    const done = (async () => {
      for (let n = 0; n < each; n++) {
        for (let session = 0; session < sessions; session++) {
          const batch = batchOfSession(nameOf(session), n);
          if (!forwarder.write(batch))
            await new Promise<void>((resolve) => forwarder.once('drain', () => resolve()));
        }
      }
      await until('everything is stored', () => forwarded + dropped.length === sessions * each, 60_000);
    })();
    return { forwarder, done, dropped, outages, forwarded: () => forwarded };
  }

  /** One of them is none, whose batches have an arrival id. */
  const nameOf = (session: number) => (session === 0 ? '' : `s${session}`);
  const numbersOf = (stored: Awaited<ReturnType<typeof storedIn>>, session: number) =>
    stored.filter(({ batch }) => batch.sessionId === nameOf(session)).map(({ batch }) => batch.firstNumber);
  const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

  testNats(
    'the order within each session is kept, and each batch is stored once, while the server is killed',
    async () => {
      const server = await start();
      const { reporter, logger } = reporterFor(server.url, { callTimeoutMs: 1000 });
      const { done, dropped, forwarded, outages } = forward(reporter, 5, 300);
      for (const some of [200, 700]) {
        await until('some are stored', () => forwarded() > some, 30_000);
        await server.kill();
        await server.start();
      }
      await done;
      expect(dropped).toEqual([]);
      expect(outages.length).toBeGreaterThan(0);
      const stored = await storedIn(server);
      for (const session of upTo(5)) expect(numbersOf(stored, session)).toEqual(upTo(300));
      const said = logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
      expect(said[0]).toBe('NATS is not available; retrying');
    },
    120_000,
  );

  testNats(
    'a paused server costs nothing but time: what it acknowledges late is stored once',
    async () => {
      const server = await start();
      const { reporter } = reporterFor(server.url, { callTimeoutMs: 200, keepAliveMs: 200 });
      const { done, dropped, forwarded, outages } = forward(reporter, 3, 300);
      await until('some are stored', () => forwarded() > 100, 30_000);
      server.pause();
      await until('it is noticed', () => outages.length > 0, 30_000);
      server.resume();
      await done;
      expect(dropped).toEqual([]);
      const stored = await storedIn(server);
      for (const session of upTo(3)) expect(numbersOf(stored, session)).toEqual(upTo(300));
    },
    120_000,
  );
});
