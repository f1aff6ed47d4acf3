/*
 * What the types of the streams promise, and what they reject. It is compiled in each way that the examples are, and
 * run: what compiles here works. `@ts-expect-error` fails to compile if the line below it compiles.
 */
import { strict as assert } from 'node:assert';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type BoundaryLogError,
  BoundaryLogProxy,
  BoundaryLogSender,
  type Close,
  Demux,
  Forwarder,
  type Frame,
  type FrameFault,
  FrameParser,
  LogBatch,
  LogBuffer,
  MessageDecoder,
  MessageEncoder,
  type Outcome,
  type Protocol,
  type Reporter,
  type Skip,
  type StatusReport,
  StatusSink,
} from 'boundary-log-proxy';
import { encodeFrame, encodeLogs, encodeStatus } from 'boundary-log-proxy/codec';
import { Registry } from 'prom-client';

/** Compiles only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_isSame: Same<A, B>): void => undefined;

/** For code that does not compile. It is not run. */
function rejected(_code: () => void): void {}

const logs = encodeLogs({ sessionId: 's', logs: [{ allowed: true }] });
const bytes = Buffer.concat([logs, encodeStatus({ droppedBatchFull: 1n })]);

/** A line that reads these bytes. */
const line = (chunk: Buffer = bytes) => {
  const parser = new FrameParser();
  parser.end(chunk);
  return parser.pipe(new MessageDecoder());
};

// What a FrameParser emits.
{
  const parser = new FrameParser();
  parser.on('data', (item) => same<typeof item, Frame | FrameFault>(true));
  parser.once('data', (item: Frame | FrameFault) => item);
  parser.on('end', () => undefined).on('a custom event', (...args: number[]) => args);
  // @ts-expect-error: it emits frames
  parser.on('data', (item: LogBatch) => item);
  // @ts-expect-error: `end` has no arguments
  parser.on('end', (item: Frame) => item);
  // @ts-expect-error: it accepts bytes
  rejected(() => parser.write({ tag: 1 }));
  const read: Frame | FrameFault | null = parser.read();
  assert.equal(read, null);
  parser.destroy();

  const iterated = new FrameParser();
  iterated.end(bytes);
  const items: (Frame | FrameFault)[] = [];
  for await (const item of iterated) {
    same<typeof item, Frame | FrameFault>(true);
    items.push(item);
  }
  assert.equal(items.length, 2);

  const perChunk = new FrameParser({ perChunk: true });
  perChunk.end(bytes);
  for await (const chunk of perChunk) {
    same<typeof chunk, (Frame | FrameFault)[]>(true);
    assert.equal(chunk.length, 2);
  }
}

// What a MessageDecoder emits, and how its iterators and methods pass it on.
{
  const outcomes: Outcome[] = await line().toArray();
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['logs', 'status'],
  );
  for await (const outcome of line()) {
    same<typeof outcome, Outcome>(true);
    switch (outcome.kind) {
      case 'logs':
        same<typeof outcome, LogBatch>(true);
        break;
      case 'status':
        assert.equal(outcome.droppedBatchFull, 1n);
        break;
      default:
        assert.fail(outcome.kind);
    }
  }
  const kinds: string[] = await line()
    .map(({ kind }) => kind)
    .toArray();
  assert.deepEqual(kinds, ['logs', 'status']);
  const isBatch = (outcome: Outcome): outcome is LogBatch => outcome.kind === 'logs';
  const batches: LogBatch[] = await line().filter(isBatch).toArray();
  const batch: LogBatch | undefined = await line().find(isBatch);
  assert.equal(batches[0]?.count, batch?.count);
  assert.equal(await line().reduce((sum, { kind }) => sum + kind.length, 0), 10);
  assert.equal(await line().some(({ kind }) => kind === 'status'), true);
  assert.equal((await line().take(1).toArray())[0]?.kind, 'logs');
  assert.deepEqual(
    await line()
      .flatMap(({ kind }) => [kind, kind])
      .drop(3)
      .toArray(),
    ['status'],
  );
  for await (const { kind } of line().iterator({ destroyOnReturn: false }))
    assert.equal(typeof kind, 'string');
  const { value } = await line()[Symbol.asyncIterator]().next();
  assert.equal((value as Outcome).kind, 'logs');
  // @ts-expect-error: the outcomes have no such property
  rejected(() => line().map(({ nothing }) => nothing));
  // @ts-expect-error: they are not strings
  const strings: string[] = await line().toArray();
  assert.equal(strings.length, 2);

  const parser = new FrameParser({ perChunk: true });
  parser.end(bytes);
  // @ts-expect-error: this decoder receives arrays, which its type has to say
  parser.pipe(new MessageDecoder());
  const again = new FrameParser({ perChunk: true });
  again.end(bytes);
  const [chunk] = await again.pipe(new MessageDecoder<Outcome, true>()).toArray();
  same<typeof chunk, Outcome[] | undefined>(true);
  assert.equal(chunk?.length, 2);
}

// A custom protocol: typed messages, routes and batches.
type Reading = { kind: 'reading'; celsius: number; count: number; raw: Uint8Array };
type Message = Reading | { kind: 'beat' };
const protocol: Protocol<Message> = {
  tags: {
    7: {
      maxLength: 8,
      decode: ({ payload }) => ({ kind: 'reading', celsius: payload.readDoubleBE(), count: 1, raw: payload }),
    },
    8: { maxLength: 0, decode: () => ({ kind: 'beat' }) },
  },
  kinds: ['reading', 'beat'],
};
{
  const payload = Buffer.alloc(8);
  payload.writeDoubleBE(21.5);
  const parser = new FrameParser({ protocol });
  parser.end(Buffer.concat([encodeFrame(7, payload), encodeFrame(8, Buffer.alloc(0))]));
  const buffer = new LogBuffer<Reading>();
  buffer.on('drop', (reading, reason) => {
    same<typeof reading, Reading>(true);
    same<typeof reason, 'buffer_full' | 'unfair_share' | 'shutdown'>(true);
  });
  const demux = new Demux<Message>(
    {
      reading: buffer,
      beat: (beat) => same<typeof beat, { kind: 'beat' }>(true),
      skip: ({ error }) => error satisfies BoundaryLogError,
    },
    { protocol },
  );
  const decoder = parser.pipe(new MessageDecoder({ protocol }));
  decoder.on('data', (message) => same<typeof message, Message | Skip | Close>(true));
  await pipeline(decoder, demux);
  assert.equal(buffer.read()?.celsius, 21.5);
  const reporter: Reporter<Reading> = { report: ({ celsius }) => celsius };
  const forwarder = new Forwarder(reporter);
  forwarder.on('forward', ({ celsius }, seconds) => {
    same<typeof celsius, number>(true);
    same<typeof seconds, number>(true);
  });
  buffer.pipe(forwarder);
  rejected(() => {
    // @ts-expect-error: the protocol has no such kind
    new Demux<Message>({ nothing: () => undefined });
    // @ts-expect-error: a route receives its kind
    new Demux<Message>({ beat: ({ celsius }) => celsius });
    // @ts-expect-error: a stream of readings accepts no batches
    new Demux({ logs: buffer });
    // @ts-expect-error: nor does a sink of statuses
    new Demux({ logs: new StatusSink() });
    // @ts-expect-error: boundary's decoder emits more than batches
    new MessageDecoder().pipe(new LogBuffer());
    // @ts-expect-error: a reporter of readings
    new LogBuffer().pipe(new Forwarder(reporter));
  });
}

// Events and writes of the other streams.
{
  const buffer = new LogBuffer({ maxBatches: 1 });
  buffer.on('drop', (batch, reason) => {
    same<typeof batch, LogBatch>(true);
    assert.equal(reason, 'buffer_full');
  });
  // @ts-expect-error: it is not one of the reasons
  buffer.on('drop', (_batch, reason) => reason === 'full');
  const batch = new LogBatch(2, 0, Buffer.alloc(0));
  assert.equal(buffer.write(batch), true);
  buffer.write(batch, () => undefined);
  // @ts-expect-error: it is not a batch
  rejected(() => buffer.write('text'));
  // @ts-expect-error: it is not a batch
  rejected(() => new Forwarder({ report: () => undefined }).end(5));
  const read: LogBatch | null = buffer.read();
  assert.equal(read, batch);

  const status = new StatusSink({ maxStatusCount: 1 });
  status.on('reject', (report) => same<typeof report, StatusReport>(true));
  const report = new Promise<StatusReport>((resolve) => status.once('reject', resolve));
  status.write({ kind: 'status', droppedChannelFull: 2n, droppedBatchFull: 0n });
  assert.equal((await report).droppedChannelFull, 2n);
  // @ts-expect-error: the counts are of the type bigint
  rejected(() => status.write({ kind: 'status', droppedChannelFull: 2, droppedBatchFull: 0 }));

  const encoder = new MessageEncoder();
  encoder.on('drop', (message, error) => {
    assert.equal(message.kind, 'status');
    same<typeof error, BoundaryLogError>(true);
  });
  encoder.write({ kind: 'status', droppedBatchFull: 2n ** 64n });
  encoder.end({ kind: 'logs', request: { logs: [] } });
  for await (const frame of encoder) same<typeof frame, Buffer>(true);

  const sender = new BoundaryLogSender({ socketPath: '/nowhere' });
  sender.on('drop', (_event, error) => same<typeof error, BoundaryLogError>(true));
  // @ts-expect-error: an event has a decision
  rejected(() => sender.write({ http_url: 'https://example.com/' }));
  sender.destroy();
}

// They fit where Node's types expect a stream, and what is typed exists.
{
  const parser = new FrameParser();
  const readable: Readable = parser;
  const writable: Writable = parser;
  assert.equal(readable, writable);
  await pipeline(new PassThrough().end(bytes), parser, new MessageDecoder(), new Demux({}));
  await pipeline(
    line(),
    async function* (outcomes: AsyncIterable<Outcome>) {
      for await (const outcome of outcomes) yield `${outcome.kind}\n`;
    },
    new PassThrough().resume(),
  );
  const sink = new StatusSink();
  await sink[Symbol.asyncDispose]();
  await new FrameParser()[Symbol.asyncDispose]();
  assert.equal(sink.destroyed, true);
  // @ts-expect-error: only what is read can be composed
  rejected(() => sink.compose(parser));
  // @ts-expect-error: readable-stream's does not work
  assert.throws(() => FrameParser.toWeb(parser), TypeError);
  // @ts-expect-error: nor does this one
  assert.throws(() => StatusSink.fromWeb(new WritableStream()), TypeError);
}

// What a reporter returns, and registries of both formats.
{
  const reporters: Reporter[] = [
    { report: () => undefined },
    { report: async () => new Response('accepted') },
    {
      report: (batch, { signal }) =>
        fetch('data:,', { method: 'GET', signal, headers: { tag: String(batch.tag) } }),
    },
    { report: ({ count }) => count, close: () => true },
  ];
  for (const reporter of reporters) {
    const forwarder = new Forwarder(reporter);
    forwarder.write(new LogBatch(2, 0, Buffer.alloc(0)));
    await new Promise<void>((resolve) => forwarder.end(resolve));
    assert.notEqual(forwarder.lastSuccessAt, undefined);
  }
  // @ts-expect-error: a reporter has a method `report`
  assert.throws(() => new Forwarder({ send: () => undefined }));
  // With the types of DOM, a body must not be in shared memory.
  assert.equal((await new Response(new LogBatch(2, 0, Buffer.alloc(0)).raw).arrayBuffer()).byteLength, 0);

  const openMetrics = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const registry of [openMetrics, new Registry()]) {
    const proxy = new BoundaryLogProxy({ socketPath: '/tmp/never.sock', registry });
    assert.match(await proxy.registry.metrics(), /^agent_boundary_log_proxy_logs_received_total 0$/m);
    await proxy.close();
  }
  // @ts-expect-error: it is not a registry
  assert.throws(() => new BoundaryLogProxy({ registry: {} }));
}
