import { crc32 } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { CaptureDecoder, type CaptureFault, type CaptureRecord } from '../../../lib/index.js';
import { captureOf, randomRecords } from '../../helpers/captures.js';
import { seed } from '../../helpers/seed.js';

/** What a decoder makes of a whole file. */
function decoded(bytes: Buffer) {
  const decoder = new CaptureDecoder();
  const items = [...decoder.decode(bytes), decoder.end()].filter((item) => item !== undefined);
  const isFault = (item: CaptureRecord | CaptureFault): item is CaptureFault => item.kind === 'fault';
  return { records: items.filter((item) => !isFault(item)), fault: items.find(isFault), last: items.at(-1) };
}

const records = randomRecords(seed);
const bytes = captureOf(records);
/** Where each record ends. */
const ends = records.map((_, i) => captureOf(records.slice(0, i + 1)).length);
/** The offset at which a record begins that contains a byte, and how many records come before it. */
const startOf = (at: number) => ends.filter((end) => end <= at).at(-1) ?? 0;
const before = (at: number) => ends.filter((end) => end <= at).length;

/** What a decoder has to say about a file: the records before the fault, its code and offset, and nothing after it. */
function summary(file: Buffer) {
  const { records: found, fault, last } = decoded(file);
  const isNamed = fault?.error.message.includes(`at byte ${fault.offset}`);
  return [found.length, fault?.error.code, fault?.offset, isNamed, last === fault];
}

test(`cut after any byte, a capture can be read to its last complete record (seed ${seed})`, () => {
  const lengths = Array.from(bytes.keys());
  expect(lengths.map((length) => summary(bytes.subarray(0, length)))).toEqual(
    lengths.map((length) => [before(length), 'ERR_TRUNCATED_CAPTURE', startOf(length), true, true]),
  );
});

test(`a flipped bit in any byte is reported with the offset of its record (seed ${seed})`, () => {
  const offsets = Array.from(bytes.keys());
  const damagedAt = (at: number) => {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
    return damaged;
  };
  expect(offsets.map((at) => summary(damagedAt(at)))).toEqual(
    offsets.map((at) => [before(at), 'ERR_INVALID_CAPTURE', startOf(at), true, true]),
  );
});

const start: CaptureRecord = { kind: 'start', startedAt: 1 };
const open = (connection: number, time = 0): CaptureRecord => ({ kind: 'open', connection, time });
const data = (connection: number, time = 0): CaptureRecord => ({
  kind: 'data',
  connection,
  time,
  bytes: Buffer.from('x'),
});
const end = (connection: number): CaptureRecord => ({ kind: 'end', connection, time: 0 });
const finish: CaptureRecord = { kind: 'finish', time: 0 };
const gap = (connection: number): CaptureRecord => ({
  kind: 'gap',
  connection,
  time: 0,
  bytes: 1,
  connections: 0,
});

describe('records that cannot follow each other are damage', () => {
  test.each<[string, CaptureRecord[], RegExp]>([
    ['a record before the start', [open(1)], /does not begin as a capture does/],
    ['data of a connection that was not opened', [start, data(1)], /connection 1 is not open/],
    ['data after the end', [start, open(1), end(1), data(1)], /connection 1 is not open/],
    ['a second end', [start, open(1), end(1), end(1)], /connection 1 is not open/],
    ['a gap of a connection that was not opened', [start, gap(2)], /connection 2 is not open/],
    ['a number again', [start, open(1), end(1), open(1)], /connection 1 does not follow connection 1/],
    ['a lower number', [start, open(3), open(2)], /connection 2 does not follow connection 3/],
    ['a time that goes back', [start, open(1, 5), data(1, 4)], /its time is before that of the last record/],
    ['a record after the last one', [start, finish, open(1)], /it comes after the last record/],
  ])('%s', (_name, wrong, message) => {
    const good = wrong.slice(0, -1);
    const { records: found, fault } = decoded(captureOf(wrong));
    expect(found).toEqual(good);
    expect(fault?.offset).toBe(captureOf(good).length);
    expect(fault?.error).toMatchObject({
      code: 'ERR_INVALID_CAPTURE',
      message: expect.stringMatching(message),
    });
  });
});

test('bytes after the last record are damage', () => {
  const { fault } = decoded(Buffer.concat([bytes, Buffer.alloc(30)]));
  expect(fault).toMatchObject({ offset: bytes.length, error: { code: 'ERR_INVALID_CAPTURE' } });
});

test('a file of another version says so', () => {
  const newer = Buffer.from(bytes);
  newer[7] = 2;
  newer.writeUInt32BE(crc32(newer.subarray(0, 16)), 16);
  expect(decoded(newer).fault?.error.message).toContain('its version is 2, and only version 1 can be read');
});
