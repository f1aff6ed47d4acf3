import { once } from 'node:events';
import { type Duplex as Line, PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, type Frame, type LogBatch } from '../../../codec/index.js';
import { Demux, Forwarder, FrameParser, LogBuffer, MessageDecoder } from '../../../lib/index.js';
import { Duplex } from '../../../lib/streams/base.js';
import { logBatch } from '../../helpers/messages.js';
import { seed } from '../../helpers/seed.js';

/** A payload that contains a number of up to three digits, and the number in such a payload. */
const payloadOf = (n: number) => Buffer.from(`\u0012\u0003${String(n).padStart(3, '0')}`);
const numberIn = (payload: Buffer) => Number(payload.toString('latin1', 2));

const frames = (numbers: number[]) => Buffer.concat(numbers.map((n) => encodeFrame(1, payloadOf(n))));
const framesRead = (object: Frame | Frame[]) => [object].flat().map(({ payload }) => numberIn(payload));
const batchesRead = (object: LogBatch | LogBatch[]) => [object].flat().map(({ raw }) => numberIn(raw));

interface Kind {
  make(): Line;
  /** What is written for these numbers. */
  input(numbers: number[]): unknown;
  /** The numbers in what is read. */
  output(object: never): number[];
}

/** The streams that skip their queues when nothing is in them. */
const kinds: Record<string, Kind> = {
  'a FrameParser': { make: () => new FrameParser(), input: frames, output: framesRead },
  'a FrameParser, per chunk': {
    make: () => new FrameParser({ perChunk: true }),
    input: frames,
    output: framesRead,
  },
  'a MessageDecoder': {
    make: () => new MessageDecoder(),
    input: (numbers) => numbers.map((n) => ({ tag: 1, payload: payloadOf(n) })),
    output: batchesRead,
  },
  'a LogBuffer': {
    make: () => new LogBuffer({ maxBatches: 3, overflow: 'block' }),
    input: ([n = 0]) => ({ count: 1, raw: payloadOf(n) }),
    output: batchesRead,
  },
};

describe.each(Object.entries(kinds))('%s', (name, { make, input, output }) => {
  /** Numbers in the next write: a LogBuffer accepts one batch. */
  const most = name === 'a LogBuffer' ? 1 : 150;

  test('shows all of its readers the same order, if one of them writes to it', async () => {
    const stream = make();
    const seen: number[][] = [[], []];
    stream.once('data', () => stream.write(input([9])));
    for (const list of seen) stream.on('data', (object) => list.push(...output(object as never)));
    await turn();
    stream.write(input([1]));
    await turn();
    expect(seen).toEqual([
      [1, 9],
      [1, 9],
    ]);
  });

  test('delivers the rest if its reader pauses and ends it', async () => {
    const stream = make();
    const numbers = Array.from({ length: most }, (_, n) => n);
    const seen: number[] = [];
    stream.once('data', () => {
      stream.pause();
      stream.end();
      setImmediate(() => stream.resume());
    });
    stream.on('data', (object) => seen.push(...output(object as never)));
    await turn();
    stream.write(input(numbers));
    await once(stream, 'end');
    expect(seen).toEqual(numbers);
  });

  test('delivers nothing after its reader has destroyed it', async () => {
    const stream = make();
    let objects = 0;
    stream.on('data', () => {
      objects += 1;
      stream.destroy();
    });
    await turn();
    stream.write(input(Array.from({ length: most }, (_, n) => n)));
    await turn();
    expect(objects).toBe(1);
  });

  test('lets its source go on when the two are separated', async () => {
    const stream = make();
    const source = new PassThrough({ objectMode: true });
    let seen = 0;
    const other = new Writable({ objectMode: true, write: (_object, _encoding, done) => done() });
    stream.on('data', () => stream.pause());
    await turn();
    source.pipe(stream);
    source.pipe(other);
    source.on('data', () => {
      seen += 1;
    });
    await turn();
    source.write(input([1]));
    await turn();
    source.unpipe(stream);
    source.write(input([2]));
    await turn();
    expect(seen).toBe(2);
  });

  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(1, 2, most) },
    {
      weight: 5,
      arbitrary: fc.constantFrom('pause', 'resume', 'turn', 'tick', 'microtask', 'cork', 'uncork', 'read(0)'),
    },
    { weight: 3, arbitrary: fc.constantFrom('pipe', 'unpipe', 'listen', 'write from the reader') },
  );
  test(`keeps the order and loses nothing, whatever is done to it (seed ${seed})`, async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.constantFrom(...Object.keys(DELAYS)),
      fc.constantFrom(1, 3),
      async (steps, delay, highWaterMark) => {
        const stream = make();
        const seen: number[] = [];
        let written = 0;
        let calledBack = 0;
        let writes = 0;
        let nested = 0;
        const write = (count: number) => {
          const numbers = Array.from({ length: Math.min(count, most) }, () => written++);
          writes += 1;
          // Each second write passes a callback.
          if (writes % 2 === 0) stream.write(input(numbers));
          else stream.write(input(numbers), undefined as never, () => (calledBack += 2));
        };
        const onData = (object: unknown) => {
          seen.push(...output(object as never));
          if (nested > 0) {
            nested -= 1;
            write(2);
          }
        };
        const sink = new Writable({
          objectMode: true,
          highWaterMark,
          write: (_object, _encoding, done) => DELAYS[delay]?.(done),
        });
        const sinkWrite = sink.write.bind(sink) as (object: unknown) => boolean;
        sink.write = (object: unknown) => {
          onData(object);
          return sinkWrite(object);
        };
        const release = () => {
          stream.pause();
          stream.unpipe(sink).off('data', onData);
        };
        const actions: Record<string, () => unknown> = {
          pause: () => stream.pause(),
          resume: () => stream.listenerCount('data') > 0 && stream.resume(),
          turn,
          tick: () => new Promise((resolve) => process.nextTick(resolve)),
          microtask: () => Promise.resolve(),
          cork: () => stream.writableCorked < 2 && stream.cork(),
          uncork: () => stream.uncork(),
          'read(0)': () => stream.read(0),
          pipe: () => {
            release();
            stream.pipe(sink, { end: false });
          },
          unpipe: release,
          listen: () => {
            release();
            stream.on('data', onData);
          },
          'write from the reader': () => {
            nested += 1;
          },
        };
        for (const action of steps) {
          if (typeof action === 'number') write(action);
          else await actions[action]?.();
        }
        nested = 0;
        release();
        stream.on('data', onData).resume();
        const ended = Promise.all([once(stream, 'end'), once(stream, 'finish')]);
        stream.end();
        await ended;
        expect(seen).toEqual(Array.from({ length: written }, (_, n) => n));
        expect(calledBack).toBe(writes + (writes % 2));
      },
    );
    await fc.assert(property, { seed, numRuns: 100 });
  });
});

/** When a sink says that it has written something. */
const DELAYS: Record<string, (done: () => void) => void> = {
  'at once': (done) => done(),
  'in a tick': (done) => process.nextTick(done),
  'in a microtask': (done) => queueMicrotask(done),
  'in a turn': (done) => void setImmediate(done),
};

test.each<[name: string, make: () => Writable, input: unknown]>([
  ...Object.entries(kinds).map(([name, { make, input }]): [string, () => Writable, unknown] => [
    name,
    make,
    input([1]),
  ]),
  ['a Demux', () => new Demux({ logs: () => undefined }), logBatch(1)],
  ['a Forwarder', () => new Forwarder({ report: () => undefined }), logBatch(1)],
])('%s calls back, also if the encoding is undefined', async (_name, make, input) => {
  const stream = make();
  if (stream instanceof Duplex) stream.resume().on('data', () => undefined);
  await turn();
  await new Promise<void>((resolve) => stream.write(input, undefined as never, () => resolve()));
});
