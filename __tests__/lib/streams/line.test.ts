import { once } from 'node:events';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  boundaryProtocol,
  decodeFrame,
  encodeFrame,
  FrameDecoder,
  type LogBatch,
} from '../../../codec/index.js';
import { Demux, FrameParser, LogBuffer, MessageDecoder, type Outcome } from '../../../lib/index.js';
import { Readable } from '../../../lib/streams/base.js';
import { random } from '../../helpers/cuts.js';
import { logsFrame } from '../../helpers/messages.js';
import { seed } from '../../helpers/seed.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

/** The outcome as plain data that distinguishes it from others. */
function shown(outcome: Outcome): unknown {
  switch (outcome.kind) {
    case 'logs':
      return ['logs', outcome.tag, outcome.count, outcome.raw.toString('hex')];
    case 'status':
      return ['status', outcome.droppedChannelFull, outcome.droppedBatchFull];
    case 'unknown-variant':
      return ['unknown-variant', outcome.tag];
    default:
      return [outcome.kind, outcome.error.code];
  }
}

/** The outcomes of the pure codec for the same chunks. */
function byCodec(chunks: readonly Buffer[]): unknown[] {
  const decoder = new FrameDecoder();
  const items = chunks.flatMap((chunk) => decoder.decode(chunk));
  const fault = decoder.end();
  if (fault !== undefined) items.push(fault);
  return items.map((item) => shown(decodeFrame(boundaryProtocol, item)));
}

/** A Writable that records outcomes. It calls back at once, after a turn, or a random mixture of both. */
class Recorder extends Writable {
  readonly seen: unknown[] = [];
  readonly #next: () => number;
  readonly #slowness: number;

  constructor(slowness: number, next: () => number) {
    super({ objectMode: true, highWaterMark: 1 });
    this.#slowness = slowness;
    this.#next = next;
  }

  override _write(outcome: Outcome, _encoding: BufferEncoding, callback: () => void): void {
    this.seen.push(shown(outcome));
    if (this.#next() < this.#slowness) setImmediate(callback);
    else callback();
  }
}

const otherKinds = ['status', 'unknown-variant', 'skip', 'close'] as const;

describe('FrameParser → MessageDecoder → Demux yields the same outcomes as the codec', () => {
  const empty = encodeFrame(1, Buffer.alloc(0));
  /** Among them one of more frames than the parser makes of a chunk at once. */
  const small = [
    ...vectors.map(({ bytes }) => bytes).filter(({ length }) => length < 2000),
    Buffer.concat(Array.from({ length: 300 }, () => empty)),
  ];
  test.each([
    ['one object per frame', false],
    ['one array per chunk', true],
  ])('with %s, however the bytes are cut and however slow the sinks are', async (_name, perChunk) => {
    const property = fc.asyncProperty(
      fc.array(fc.nat(small.length - 1), { maxLength: 10 }),
      fc.constantFrom(0, 0.3, 1),
      fc.boolean(),
      fc.nat(),
      async (picks, slowness, bySocket, n) => {
        const bytes = Buffer.concat(picks.map((i) => small[i] as Buffer));
        const next = random(n);
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; ) {
          const end = at + 1 + Math.floor(next() ** 3 * 1500);
          chunks.push(Buffer.from(bytes.subarray(at, end)));
          at = end;
        }
        const recorder = new Recorder(slowness, next);
        const routes = Object.fromEntries(otherKinds.map((kind) => [kind, recorder]));
        const parser = new FrameParser({ perChunk });
        const line = [
          new MessageDecoder<Outcome, boolean>(),
          new Demux({ ...routes, logs: recorder }),
        ] as const;
        if (bySocket) {
          // A connection of the proxy does this: it uses pipe() instead of pipeline().
          parser.pipe(line[0]).pipe(line[1]);
          const finished = once(line[1], 'finish');
          for (const chunk of chunks)
            if (!parser.write(chunk)) await Promise.race([once(parser, 'drain'), turn()]);
          parser.end();
          await finished;
        } else {
          await pipeline(Readable.from(chunks), parser, ...line);
        }
        expect(recorder.seen).toEqual(byCodec(chunks));
      },
    );
    await fc.assert(property, { seed, numRuns: 150, interruptAfterTimeLimit: 4000 });
  });
});

describe('a reader that pauses', () => {
  const frames = Array.from({ length: 4 }, (_, i) => logsFrame(1, i));

  test.each<[name: string, resume: (parser: FrameParser<true>, seen: unknown[]) => Promise<void>]>([
    [
      'resume()',
      async (parser, seen) => {
        parser.resume();
        await until('all are read', () => seen.length === 4);
      },
    ],
    [
      'an async iterator',
      async (parser, seen) => {
        parser.removeAllListeners('data');
        for await (const items of parser) seen.push(...items);
      },
    ],
  ])('makes the writer wait until it continues with %s', async (_name, resume) => {
    const parser = new FrameParser({ perChunk: true });
    const seen: unknown[] = [];
    parser.on('data', (items) => {
      seen.push(...items);
      parser.pause();
    });
    await turn();
    expect(parser.write(frames[0] as Buffer)).toBe(false);
    expect(seen).toHaveLength(1);
    const drained = once(parser, 'drain');
    parser.removeAllListeners('data');
    parser.on('data', (items) => seen.push(...items));
    parser.pause();
    const resumed = resume(parser, seen);
    await drained;
    for (const frame of frames.slice(1)) parser.write(frame);
    parser.end();
    await resumed;
    expect(seen).toHaveLength(4);
  });
});

describe('a route that writes to its own Demux', () => {
  test('its outcome is sent after the rest of the current array', () => {
    const seen: string[] = [];
    const note = (kind: string) => ({ kind });
    const demux: Demux<{ kind: string }> = new Demux<{ kind: string }>(
      {
        a: () => {
          seen.push('a');
          demux.write(note('c'));
        },
        b: () => void seen.push('b'),
        c: () => void seen.push('c'),
      },
      { protocol: { tags: {}, kinds: ['a', 'b', 'c'] } },
    );
    demux.write([note('a'), note('b')]);
    expect(seen.slice(0, 2)).toEqual(['a', 'b']);
    demux.end();
    return once(demux, 'finish').then(() => expect(seen).toEqual(['a', 'b', 'c']));
  });
});

test('frames and batches are equal if their content is', () => {
  const parse = (frame: Buffer) => new FrameDecoder().decode(frame);
  expect(parse(logsFrame(2))).toEqual(parse(logsFrame(2)));
  expect(parse(logsFrame(2))).not.toEqual(parse(logsFrame(2, 1)));
  const decode = (frame: Buffer) => parse(frame).map((item) => decodeFrame(boundaryProtocol, item));
  expect(decode(logsFrame(2))).toEqual(decode(logsFrame(2)));
  expect(decode(logsFrame(2))).not.toEqual(decode(logsFrame(2, 1)));
  expect(JSON.stringify(decode(logsFrame(2)))).toBe(JSON.stringify(decode(logsFrame(2))));
  expect(JSON.stringify(decode(logsFrame(2)))).not.toBe(JSON.stringify(decode(logsFrame(2, 1))));
});

test('a LogBuffer that is full and drops does not stop a pipe into it', async () => {
  const buffer = new LogBuffer({ maxBatches: 1 });
  const decoder = new MessageDecoder();
  const drops: unknown[] = [];
  buffer.on('drop', (batch) => drops.push(batch));
  buffer.write((await decoded(logsFrame(1)))[0] as LogBatch);
  const parser = new FrameParser();
  parser.pipe(decoder).pipe(buffer as NodeJS.WritableStream);
  parser.write(logsFrame(1, 1));
  parser.write(logsFrame(1, 2));
  await until('both were dropped', () => drops.length === 2);
});

async function decoded(bytes: Buffer): Promise<Outcome[]> {
  return Readable.from([bytes], { objectMode: false })
    .pipe(new FrameParser())
    .pipe(new MessageDecoder())
    .toArray();
}
