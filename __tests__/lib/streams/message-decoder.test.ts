import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { BoundaryLogError, type Frame, type FrameFault } from '../../../codec/index.js';
import { FrameParser, MessageDecoder, type Outcome, type Protocol } from '../../../lib/index.js';
import { cuts } from '../../helpers/cuts.js';
import { described, expected, vectors } from '../../helpers/vectors.js';

const decoded = <T>(items: (Frame | FrameFault)[], decoder: Readable & NodeJS.WritableStream): Promise<T[]> =>
  Readable.from(items).pipe(decoder).toArray();

const hello: Frame = { tag: 9, payload: Buffer.from('hello') };

describe.each(cuts)('a byte stream, %s', (_name, cut) => {
  test.each(vectors)('$name', async ({ bytes, outcomes }) => {
    const source = Readable.from(cut(bytes), { objectMode: false });
    const result: Outcome[] = await source.pipe(new FrameParser()).pipe(new MessageDecoder()).toArray();
    expect(result.map(described)).toEqual(outcomes.map(expected));
  });
});

test('each object yields one outcome, in order, even if it cannot be decoded', async () => {
  const truncated = new BoundaryLogError('ERR_TRUNCATED_HEADER', 'cut');
  const items = [
    { tag: 1, payload: Buffer.alloc(0) },
    { tag: 2, payload: Buffer.alloc(0) },
    { tag: 2, payload: Buffer.from('12020801', 'hex') },
    { tag: 1, payload: Buffer.from('ff', 'hex') },
    { error: truncated, fatal: false },
    { error: truncated, fatal: true },
    hello,
  ];
  const decoder = new MessageDecoder();
  const outcomes = await decoded<Outcome>(items, decoder);
  expect(outcomes.map((outcome) => [outcome.kind, 'error' in outcome && outcome.error.code])).toEqual([
    ['logs', false],
    ['unknown-variant', false],
    ['status', false],
    ['skip', 'ERR_INVALID_PROTOBUF'],
    ['skip', 'ERR_TRUNCATED_HEADER'],
    ['close', 'ERR_TRUNCATED_HEADER'],
    ['close', 'ERR_UNSUPPORTED_TAG'],
  ]);
  expect(decoder.errored).toBeNull();
});

test('a custom protocol decodes its payloads; if it throws, that frame is a skip, and the next one follows', async () => {
  const protocol: Protocol<{ kind: 'note'; text: string }> = {
    tags: {
      9: {
        maxLength: 100,
        decode({ payload }) {
          if (payload.length === 0) throw new Error('empty');
          return { kind: 'note', text: payload.toString() };
        },
      },
    },
  };
  const outcomes = await decoded(
    [hello, { tag: 9, payload: Buffer.alloc(0) }, hello],
    new MessageDecoder({ protocol }),
  );
  const note = { kind: 'note', text: 'hello' };
  expect(outcomes).toEqual([
    note,
    { kind: 'skip', error: expect.objectContaining({ code: 'ERR_INVALID_PAYLOAD' }) },
    note,
  ]);
});
