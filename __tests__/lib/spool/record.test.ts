import { describe, expect, test } from '@jest/globals';
import {
  decodeHeader,
  type Expected,
  encodeRecord,
  grow,
  HEADER,
  less,
  parse,
  type Size,
} from '../../../lib/spool/record.js';
import { numbered } from '../../helpers/spools.js';

const KEY = 0xabcdef;
const START: Readonly<Size> = { batches: 3, logs: 40, bytes: 500 };
const RECORD = HEADER + 20;

/** Records of 20 bytes with the ids from `first` on. */
function records(n: number, first = 3, key = KEY): Buffer {
  const bytes = Buffer.alloc(n * RECORD);
  let before = { ...START };
  for (let i = 0; i < n; i++) {
    const batch = numbered(i);
    encodeRecord(bytes, i * RECORD, batch, { id: first + i, time: 1_700_000_000_000 + i, before, key });
    before = { batches: before.batches + 1, logs: before.logs + batch.count, bytes: before.bytes + 20 };
  }
  return bytes;
}

const expected = (rest: Partial<Expected> = {}): Expected => ({
  id: 3,
  before: START,
  end: Number.POSITIVE_INFINITY,
  key: KEY,
  ...rest,
});

/** The bytes with one bit flipped. */
function flipped(bytes: Buffer, at: number, bit = 0): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << bit);
  return copy;
}

test('a header is the one of docs/spool-format.md, byte by byte', () => {
  const bytes = Buffer.alloc(HEADER + 4);
  const batch = { tag: 2, count: 7, raw: Buffer.from([1, 2, 3, 4]) };
  const before = { batches: 2 ** 33, logs: 5, bytes: 2 ** 40 + 6 };
  encodeRecord(bytes, 0, batch, { id: 2 ** 35 + 1, time: 1_700_000_000_000, before, key: KEY });
  expect(
    bytes
      .toString('hex')
      .replace(/(.{8})/g, '$1 ')
      .trim()
      .split(' '),
  ).toEqual([
    '424c5201',
    expect.any(String),
    'b63cfbcd',
    '00000004',
    '00000007',
    '02abcdef',
    ...['00000008', '00000001'],
    ...['0000018b', 'cfe56800'],
    ...['00000002', '00000000', '00000000', '00000005', '00000100', '00000006'],
    '01020304',
  ]);
  expect(decodeHeader(bytes, 0)).toEqual({
    id: 2 ** 35 + 1,
    tag: 2,
    count: 7,
    length: 4,
    time: 1_700_000_000_000,
    before,
    key: KEY,
  });
});

test('no flipped bit of a header is overlooked', () => {
  const bytes = records(1);
  for (let bit = 0; bit < HEADER * 8; bit++) {
    const at = bit >> 3;
    const found = decodeHeader(flipped(bytes, at, bit & 7), 0);
    expect([bit, found]).toEqual([bit, undefined]);
  }
});

test('a cut at any byte of the last record is an unfinished write, and what is before it is read', () => {
  const bytes = records(3);
  for (let length = 2 * RECORD; length < 3 * RECORD; length++) {
    const parsed = parse(bytes.subarray(0, length), expected(), true);
    const stop = length === 2 * RECORD ? 'end' : 'torn';
    expect([length, parsed.stop, parsed.at, parsed.id, parsed.damage]).toEqual([
      length,
      stop,
      2 * RECORD,
      5,
      [],
    ]);
    expect(parsed.entries.map(({ id }) => id)).toEqual([3, 4]);
  }
});

test('any flipped bit is exactly one missing batch, and all others are read', () => {
  const bytes = records(4);
  const known = { end: 7, after: { batches: 7, logs: START.logs + 0 + 1 + 2 + 3, bytes: START.bytes + 80 } };
  for (let at = 0; at < bytes.length; at++) {
    const { entries, damage, id } = parse(flipped(bytes, at, at % 8), expected(known), true);
    const n = Math.floor(at / RECORD);
    const lost = { batches: 1, logs: n, bytes: 20 };
    expect(entries.map((entry) => entry.id)).toEqual([3, 4, 5, 6].filter((one) => one !== 3 + n));
    expect(damage).toMatchObject([{ first: 3 + n, until: 4 + n, lost }]);
    expect(id).toBe(7);
  }
});

describe('a record is not accepted', () => {
  test.each<[string, Buffer, Partial<Expected>]>([
    ['with an id below the expected one', records(1, 2), {}],
    ['with the id of the next segment', records(1, 5), { end: 5 }],
    ['with the key of another segment', records(1, 3, KEY + 1), {}],
  ])('%s', (_what, bytes, rest) => {
    expect(parse(bytes, expected(rest), true).entries).toEqual([]);
  });

  test('if it is in the bytes of a damaged batch', () => {
    const forged = records(1, 4);
    const bytes = Buffer.alloc(HEADER + forged.length + 8);
    const raw = Buffer.concat([forged, Buffer.alloc(8)]);
    encodeRecord(bytes, 0, { tag: 1, count: 1, raw }, { id: 3, time: 0, before: START, key: KEY });
    const { entries, damage } = parse(flipped(bytes, bytes.length - 1), expected(), true);
    expect(entries).toEqual([]);
    expect(damage).toMatchObject([{ first: 3, until: 4, lost: { batches: 1, logs: 1, bytes: 92 } }]);
  });
});

test('a part of a segment ends with "more" inside a record, and with "damaged" at what is not one', () => {
  const bytes = records(3);
  expect(parse(bytes.subarray(0, RECORD + 70), expected(), false)).toMatchObject({
    stop: 'more',
    at: RECORD,
  });
  expect(parse(flipped(bytes, RECORD), expected(), false)).toMatchObject({ stop: 'damaged', at: RECORD });
});

test('amounts are added and subtracted', () => {
  const size = { batches: 1, logs: 2, bytes: 3 };
  grow(size, { batches: 2, logs: 5, bytes: 7 }, 1);
  expect(size).toEqual({ batches: 3, logs: 7, bytes: 10 });
  grow(size, { batches: 3, logs: 6, bytes: 11 }, -1);
  expect(size).toEqual({ batches: 0, logs: 1, bytes: -1 });
  expect(less({ batches: 3, logs: 1, bytes: 9 }, { batches: 1, logs: 4, bytes: 2 })).toEqual({
    batches: 2,
    logs: 0,
    bytes: 7,
  });
});
