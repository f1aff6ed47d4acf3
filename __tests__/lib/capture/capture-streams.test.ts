import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import {
  CaptureDecoder,
  type CaptureFault,
  CaptureReader,
  type CaptureRecord,
  CaptureWriter,
  encodeCaptureRecord,
} from '../../../lib/index.js';
import { captureOf, randomRecords } from '../../helpers/captures.js';
import { cuts } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';

async function readAll(chunks: Buffer[]): Promise<(CaptureRecord | CaptureFault)[]> {
  const reader = new CaptureReader();
  const [found] = await Promise.all([reader.toArray(), pipeline(Readable.from(chunks), reader)]);
  return found;
}

async function writeAll(records: readonly CaptureRecord[]): Promise<Buffer> {
  const writer = new CaptureWriter();
  const [bytes] = await Promise.all([writer.toArray(), pipeline(Readable.from(records), writer)]);
  return Buffer.concat(bytes);
}

test.each(cuts)(
  `what CaptureReader reads, CaptureWriter writes back to the byte, %s (seed ${seed})`,
  async (_name, cut) => {
    for (let i = 0; i < 10; i++) {
      const records = randomRecords(seed + i);
      const bytes = captureOf(records);
      const found = await readAll(cut(bytes));
      expect(found).toEqual(records);
      expect(await writeAll(found as CaptureRecord[])).toEqual(bytes);
    }
  },
);

test('a damaged capture is not an error of the stream, and loses no record', async () => {
  const bytes = captureOf(randomRecords(seed));
  const found = await readAll([bytes.subarray(0, -1)]);
  expect(found.slice(0, -1)).toEqual(randomRecords(seed).slice(0, -1));
  expect(found.at(-1)).toMatchObject({ kind: 'fault', error: { code: 'ERR_TRUNCATED_CAPTURE' } });
});

/** Values that are not records, as somebody may pass by mistake. */
const WRONG: [name: string, value: unknown, message: RegExp][] = [
  ['a number', 5, /^got 5, expected a record$/],
  ['a text', 'x', /expected a record$/],
  ['an array', [], /^kind: got undefined, expected one of start, open, data, /],
  ['an unknown kind', { kind: 'toString' }, /^kind: got "toString"/],
  ['a fault', { kind: 'fault' }, /^kind: got "fault"/],
  [
    'no connection',
    { kind: 'open', time: 0 },
    /^connection: got undefined, expected a whole number from 1 to/,
  ],
  [
    'a time as a text',
    { kind: 'finish', time: '5' },
    /^time: got "5", expected a whole number of at least 0$/,
  ],
  ['no bytes', { kind: 'data', connection: 1, time: 0, bytes: 'x' }, /^bytes: got "x", expected bytes$/],
  ['a bigint', { kind: 'start', startedAt: 5n }, /^startedAt: got 5/],
];

describe.each(WRONG)('%s', (_name, value, message) => {
  const error = expect.objectContaining({
    code: 'ERR_INVALID_CAPTURE',
    message: expect.stringMatching(message),
  });

  test('is not encoded', () => {
    expect(() => encodeCaptureRecord(value as CaptureRecord)).toThrow(error);
  });

  test('is not written', async () => {
    await expect(writeAll([value as CaptureRecord])).rejects.toEqual(error);
  });
});

test.each([undefined, null, 5, 'x', []])('CaptureDecoder rejects %p as a chunk', (chunk) => {
  expect(() => new CaptureDecoder().decode(chunk as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
  );
});

describe('CaptureWriter', () => {
  const start: CaptureRecord = { kind: 'start', startedAt: 0 };

  test('fails for a record that cannot be there', async () => {
    const wrong: CaptureRecord = { kind: 'data', connection: 1, time: 0, bytes: Buffer.from('x') };
    await expect(writeAll([start, wrong])).rejects.toMatchObject({
      code: 'ERR_INVALID_CAPTURE',
      message: 'a data record cannot be written here: connection 1 is not open',
    });
  });

  test.each([
    ['a time that is not a whole number', { kind: 'finish', time: 0.5 } as const],
    ['a negative time', { kind: 'finish', time: -1 } as const],
    [
      'an amount that is not a number',
      { kind: 'gap', connection: 0, time: 0, bytes: Number.NaN, connections: 0 } as const,
    ],
    ['a second start', start],
    ['a number beyond 32 bits', { kind: 'open', connection: 2 ** 32, time: 0 } as const],
  ])('fails for %s', async (_name, record) => {
    await expect(writeAll([start, record])).rejects.toMatchObject({ code: 'ERR_INVALID_CAPTURE' });
  });

  test('leaves out data without bytes', async () => {
    const open: CaptureRecord = { kind: 'open', connection: 1, time: 0 };
    const empty: CaptureRecord = { kind: 'data', connection: 1, time: 0, bytes: Buffer.alloc(0) };
    expect(await writeAll([start, open, empty])).toEqual(captureOf([start, open]));
  });
});
