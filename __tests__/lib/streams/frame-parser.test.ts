import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { encodeFrame, type Frame, type FrameFault } from '../../../codec/index.js';
import { FrameParser, type Protocol } from '../../../lib/index.js';
import { cuts } from '../../helpers/cuts.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

/** Everything that a parser emits for these chunks. */
async function parsed(chunks: Buffer[], parser = new FrameParser()): Promise<(Frame | FrameFault)[]> {
  return Readable.from(chunks, { objectMode: false }).pipe(parser).toArray();
}

const shown = (items: (Frame | FrameFault)[]) =>
  items.map((item) => ('error' in item ? item.error.code : [item.tag, item.payload.toString()]));

const hello = encodeFrame(1, Buffer.from('hello'));
const fatal = Buffer.from([9, 0, 0, 1]);

describe.each(cuts)('%s', (_name, cut) => {
  test.each(vectors)(
    '$name: as many objects as outcomes, and the bytes consumed',
    async ({ bytes, outcomes, consumed }) => {
      const parser = new FrameParser();
      expect(await parsed(cut(bytes), parser)).toHaveLength(outcomes.length);
      expect(parser.bytesConsumed).toBe(consumed);
    },
  );
});

test('frames are views of the chunk that was written', async () => {
  const chunk = Buffer.allocUnsafeSlow(2 * hello.length);
  Buffer.concat([hello, hello]).copy(chunk);
  const items = (await parsed([chunk])) as Frame[];
  expect(items.map(({ payload }) => payload.buffer === chunk.buffer)).toEqual([true, true]);
});

test('a fatal header is the last object, not an error, so the frames before it are not lost', async () => {
  const parser = new FrameParser();
  const items = await parsed([hello, hello, Buffer.concat([hello, fatal, hello]), hello], parser);
  expect(shown(items)).toEqual([[1, 'hello'], [1, 'hello'], [1, 'hello'], 'ERR_UNSUPPORTED_TAG']);
  expect((items.at(-1) as FrameFault).fatal).toBe(true);
  expect(parser.errored).toBeNull();
});

test('after a fatal header the readable side ends without an end() of the writable side', async () => {
  const parser = new FrameParser();
  parser.write(Buffer.concat([hello, fatal]));
  expect(shown(await parser.toArray())).toEqual([[1, 'hello'], 'ERR_UNSUPPORTED_TAG']);
});

test('everything written after a fatal header is discarded unread', async () => {
  const parser = new FrameParser();
  parser.write(fatal);
  const ended = once(parser, 'end');
  parser.resume();
  await ended;
  for (let i = 0; i < 10; i++) parser.write(Buffer.alloc(100_000));
  parser.end();
  await once(parser, 'close');
  expect(parser.bytesConsumed).toBe(4);
  expect(parser.errored).toBeNull();
});

test('an end in the middle of a frame is the last object, not an error', async () => {
  const items = await parsed([hello, hello.subarray(0, 6)]);
  expect(shown(items)).toEqual([[1, 'hello'], 'ERR_TRUNCATED_PAYLOAD']);
  expect((items.at(-1) as FrameFault).fatal).toBe(false);
});

test('a custom protocol decides which tags exist, and how long their payloads may be', async () => {
  const decode = () => ({ kind: 'mine' });
  const protocol: Protocol = { tags: { 7: { maxLength: 3, decode } } };
  const good = encodeFrame(7, Buffer.from('abc'));
  const long = encodeFrame(7, Buffer.from('abcd'));
  expect(shown(await parsed([good, long], new FrameParser({ protocol })))).toEqual([
    [7, 'abc'],
    'ERR_MESSAGE_TOO_LARGE',
  ]);
  expect(shown(await parsed([hello], new FrameParser({ protocol })))).toEqual(['ERR_UNSUPPORTED_TAG']);
});

test('a custom protocol with a tag that no header can express is rejected', () => {
  const protocol: Protocol = { tags: { 300: { maxLength: 3, decode: () => ({ kind: 'mine' }) } } };
  expect(thrown(() => new FrameParser({ protocol }))?.code).toBe('ERR_INVALID_OPTION');
});

test.each([10, 100])('after %d frames and a fatal header, a writer does not have to wait', async (n) => {
  const frames = Array.from({ length: n }, () => encodeFrame(1, Buffer.alloc(0)));
  const parser = new FrameParser();
  const items: object[] = [];
  parser.write(Buffer.concat([...frames, encodeFrame(9, Buffer.alloc(0))]));
  parser.write(Buffer.alloc(100_000));
  parser.end(Buffer.alloc(100_000));
  parser.on('data', (item) => items.push(item));
  await once(parser, 'close');
  expect(items).toHaveLength(n + 1);
});

describe('perChunk', () => {
  test('emits the frames of a chunk as one array, and nothing for a chunk without a complete frame', async () => {
    const bytes = Buffer.concat([hello, hello, hello]);
    const cut = 2 * hello.length + 2;
    const arrays = await Readable.from(
      [bytes.subarray(0, cut), bytes.subarray(cut, cut + 1), bytes.subarray(cut + 1)],
      {
        objectMode: false,
      },
    )
      .pipe(new FrameParser({ perChunk: true }))
      .toArray();
    expect(arrays.map(shown)).toEqual([
      [
        [1, 'hello'],
        [1, 'hello'],
      ],
      [[1, 'hello']],
    ]);
  });

  test('emits a fault with the frames before it, and a truncated end alone', async () => {
    const parse = (...chunks: Buffer[]) =>
      Readable.from(chunks, { objectMode: false })
        .pipe(new FrameParser({ perChunk: true }))
        .toArray();
    expect((await parse(Buffer.concat([hello, fatal, hello]))).map(shown)).toEqual([
      [[1, 'hello'], 'ERR_UNSUPPORTED_TAG'],
    ]);
    expect((await parse(hello, hello.subarray(0, 6))).map(shown)).toEqual([
      [[1, 'hello']],
      ['ERR_TRUNCATED_PAYLOAD'],
    ]);
  });
});

describe.each([true, false])('a chunk of thousands of frames, perChunk: %p', (perChunk) => {
  const empty = encodeFrame(1, Buffer.alloc(0));
  const chunk = Buffer.concat(Array.from({ length: 5000 }, () => empty));

  test('is parsed only as far as the reader wants', async () => {
    const parser = new FrameParser({ perChunk });
    parser.write(chunk);
    await once(parser, 'readable');
    expect(parser.bytesConsumed).toBeLessThan(chunk.length / 10);
    parser.end();
    expect((await parser.toArray()).flat()).toHaveLength(5000);
  });

  test('waits in the middle while the reader pauses', async () => {
    const parser = new FrameParser({ perChunk });
    const seen: unknown[] = [];
    parser.on('data', (frames) => {
      seen.push(...[frames].flat());
      parser.pause();
    });
    await once(parser, 'resume');
    expect(parser.write(chunk)).toBe(false);
    const before = parser.bytesConsumed;
    expect(before).toBeLessThan(chunk.length / 10);
    expect(seen.length).toBeLessThan(500);
    const drained = once(parser, 'drain');
    parser.removeAllListeners('data');
    parser.on('data', (frames) => seen.push(...[frames].flat()));
    parser.resume();
    await drained;
    parser.end();
    await once(parser, 'end');
    expect(seen).toHaveLength(5000);
  });
});

// After 100 frames, the rest of a chunk may be the beginning of a frame. It completes nothing, and the stream did not ask
// for more after it.
test.each([true, false])(
  'a reader that takes one object at a time gets all, perChunk: %p',
  async (perChunk) => {
    const bytes = Buffer.concat(Array.from({ length: 450 }, () => hello));
    for (const cut of [100, 150, 200, 201, 300].map((frames) => frames * hello.length + 3)) {
      const parser = new FrameParser({ perChunk });
      let frames = 0;
      parser.on('readable', () => {
        for (let item = parser.read(); item !== null; item = parser.read()) frames += [item].flat().length;
      });
      // Without an end, because a stream that has ended is read to its end anyway.
      for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) parser.write(chunk);
      await until(`all are read, cut at ${cut}`, () => frames === 450);
    }
  },
);
