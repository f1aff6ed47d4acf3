import { once } from 'node:events';
import * as node from 'node:stream';
import * as consumers from 'node:stream/consumers';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import { encodeLogs, encodeStatus, type Frame } from '../../../codec/index.js';
import {
  BoundaryLogSender,
  Demux,
  Forwarder,
  FrameParser,
  LogBuffer,
  MessageDecoder,
  MessageEncoder,
  type Outcome,
  StatusSink,
} from '../../../lib/index.js';

/* Each row of the table "These streams and Node's" in docs/streams.md, in its order. */

const bytes = Buffer.concat([encodeLogs({ logs: [{}] }), encodeStatus({ droppedBatchFull: 1 })]);
const kinds = ['logs', 'status'];

/** A line that has received the bytes. */
function line(): MessageDecoder {
  const parser = new FrameParser();
  parser.end(bytes);
  return parser.pipe(new MessageDecoder());
}

const all: [name: string, make: () => node.Stream][] = [
  ['FrameParser', () => new FrameParser()],
  ['MessageDecoder', () => new MessageDecoder()],
  ['MessageEncoder', () => new MessageEncoder()],
  ['Demux', () => new Demux({})],
  ['LogBuffer', () => new LogBuffer()],
  ['StatusSink', () => new StatusSink()],
  ['Forwarder', () => new Forwarder({ report: () => undefined })],
  ['BoundaryLogSender', () => new BoundaryLogSender({ socketPath: '/nowhere' })],
];

describe.each(all)('%s', (_name, make) => {
  test('is not an instance of the classes of node:stream', () => {
    for (const type of [node.Stream, node.Readable, node.Writable, node.Duplex, node.Transform]) {
      expect(make() instanceof type).toBe(false);
    }
    expect(typeof make().pipe).toBe('function');
  });

  test('is destroyed and closed by [Symbol.asyncDispose]', async () => {
    const stream = make() as node.Writable & AsyncDisposable;
    let isClosed = false;
    stream.on('close', () => (isClosed = true));
    await stream[Symbol.asyncDispose]();
    expect([stream.destroyed, isClosed, stream.errored?.name]).toEqual([true, true, 'AbortError']);
  });

  test('its static toWeb() and fromWeb() throw', () => {
    const type = make().constructor as unknown as Record<string, (value: unknown) => unknown>;
    for (const method of ['toWeb', 'fromWeb']) expect(() => type[method]?.(make())).toThrow(TypeError);
  });
});

test('[Symbol.asyncDispose] of a Writable that has finished is not an abort, and one of a failed one rejects', async () => {
  const sink = new StatusSink();
  sink.end();
  await finished(sink);
  await sink[Symbol.asyncDispose]();
  expect(sink.errored).toBeNull();
  const aborted = new StatusSink();
  await aborted[Symbol.asyncDispose]();
  await aborted[Symbol.asyncDispose]();
  const broken = new StatusSink();
  broken.on('error', () => undefined);
  broken.destroy(new Error('broken'));
  await expect(broken[Symbol.asyncDispose]()).rejects.toThrow('broken');
});

test('pipeline() and finished() of node:stream and of its promises work, with streams of both kinds', async () => {
  const read: Outcome[] = [];
  const through = new node.PassThrough({ objectMode: true });
  await pipeline(
    node.Readable.from([bytes]),
    new FrameParser(),
    through,
    new MessageDecoder(),
    async (outcomes) => {
      for await (const outcome of outcomes as AsyncIterable<Outcome>) read.push(outcome);
    },
  );
  expect(read.map(({ kind }) => kind)).toEqual(kinds);

  const demux = new Demux({});
  await new Promise<void>((resolve, reject) => {
    node.pipeline(line(), demux, (error) => (error ? reject(error) : resolve()));
  });
  await finished(demux);
  const errored = new FrameParser();
  const failure = finished(errored);
  errored.destroy(new Error('broken'));
  await expect(failure).rejects.toThrow('broken');
});

test('pipe() and for await work in both directions', async () => {
  const parser = new node.PassThrough().end(bytes).pipe(new FrameParser());
  const tags: number[] = [];
  for await (const item of parser.pipe(new node.PassThrough({ objectMode: true })))
    tags.push((item as Frame).tag);
  expect(tags).toEqual([2, 2]);
});

test('compose(), addAbortSignal() and Readable.from() of node:stream work', async () => {
  const composed = node.Readable.from([bytes]).compose(new FrameParser()).compose(new MessageDecoder());
  expect((await composed.toArray()).map(({ kind }) => kind)).toEqual(kinds);
  expect((await node.Readable.from(line()).toArray()).map(({ kind }) => kind)).toEqual(kinds);
  const parser = new FrameParser();
  const aborted = once(parser, 'error');
  const abort = new AbortController();
  node.addAbortSignal(abort.signal, parser);
  abort.abort();
  expect(await aborted).toMatchObject([{ name: 'AbortError' }]);
});

test('the functions of node:stream/consumers work', async () => {
  const encoder = new MessageEncoder();
  encoder.end({ kind: 'status', droppedBatchFull: 1 });
  expect(await consumers.buffer(encoder)).toEqual(encodeStatus({ droppedBatchFull: 1 }));
  const other = new MessageEncoder();
  other.end({ kind: 'status' });
  expect((await consumers.text(other)).length).toBe(encodeStatus({}).length);
});

test('Readable.toWeb() and Writable.toWeb() of node:stream work', async () => {
  const web = node.Readable.toWeb(line()) as unknown as AsyncIterable<Outcome>;
  const read: string[] = [];
  for await (const { kind } of web) read.push(kind);
  expect(read).toEqual(kinds);
  const parser = new FrameParser();
  const writer = node.Writable.toWeb(parser).getWriter();
  const items = parser.toArray();
  await writer.write(bytes);
  await writer.close();
  expect(await items).toHaveLength(2);
});

test("errors have the codes of Node's streams", async () => {
  const [ours, theirs] = await Promise.all(
    [new FrameParser(), new node.PassThrough()].map((stream) => {
      const failed = finished(stream).catch((error) => error.code);
      stream.destroy();
      return failed;
    }),
  );
  expect([ours, theirs]).toEqual(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_PREMATURE_CLOSE']);
});

test('a Writable has no compose(), and a Transform no writableAborted', () => {
  expect('compose' in new StatusSink()).toBe(false);
  expect('writableAborted' in new FrameParser()).toBe(false);
});
