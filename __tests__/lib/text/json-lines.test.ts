import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeMessage, FrameDecoder, LogBatch, type LogsInput, Tag } from '../../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../../codec/messages.js';
import { formatBatch } from '../../../lib/text/format.js';
import { appendJsonLines, type Progress } from '../../../lib/text/json-lines.js';
import { TextBuffer } from '../../../lib/text/text-buffer.js';
import { request, SESSION } from '../../helpers/messages.js';
import { varint } from '../../helpers/naive-protobuf.js';
import { seed } from '../../helpers/seed.js';
import { vectors } from '../../helpers/vectors.js';

/** The decoded batch; undefined if the codec rejects it. */
function batchOf(raw: Buffer): LogBatch | undefined {
  const outcome = decodeMessage({ tag: Tag.V1, payload: raw });
  return outcome.kind === 'logs' ? outcome : undefined;
}

const encoded = (input: LogsInput) => Buffer.from(ReportBoundaryLogsRequest.encode(input).finish());
const key = (number: number, wireType: number) => varint(BigInt(number * 8 + wireType));
const field = (number: number, content: Buffer | string) =>
  Buffer.concat([key(number, 2), varint(BigInt(Buffer.byteLength(content))), Buffer.from(content)]);
const scalar = (number: number, value: bigint | number) =>
  Buffer.concat([key(number, 0), varint(BigInt.asUintN(64, BigInt(value)))]);
/** A varint with `by` more bytes than it needs. */
const padded = (value: Buffer, by: number) =>
  Buffer.concat([
    ...[...value].map((byte) => Buffer.from([byte | 0x80])),
    Buffer.alloc(by - 1, 0x80),
    Buffer.of(0),
  ]);

/** Text that is already in the buffer, as if several batches were one write. */
const BEFORE = 'before\n';

/** The lines of a batch; undefined if the fast path cannot write all of them. */
function linesOf(batch: LogBatch): string | undefined {
  const buffer = new TextBuffer();
  buffer.append(BEFORE);
  let progress = appendJsonLines(batch, buffer);
  while (progress !== undefined && !progress.isStuck) progress = appendJsonLines(batch, buffer, progress);
  const text = buffer.take().toString();
  expect(text.slice(0, BEFORE.length)).toBe(BEFORE);
  if (progress === undefined) return text.slice(BEFORE.length);
  // What was written before is complete: the rest begins with the next line.
  expect(text.split('\n').length - 2).toBe(progress.lines);
  return undefined;
}

const http = (...fields: Buffer[]) => field(3, Buffer.concat(fields));
const log = (...fields: Buffer[]) => field(1, Buffer.concat(fields));
const text = (value: string) => log(http(field(2, value)));

test.each<[name: string, raw: Buffer]>([
  ['a batch as boundary sends it', encoded(request(3, 5))],
  ['a hundred logs', encoded(request(100, 1))],
  ['no logs', encoded({ sessionId: SESSION })],
  ['an empty request', Buffer.alloc(0)],
  ['an empty log', log()],
  ['a session without a sequence number', Buffer.concat([log(), field(2, SESSION)])],
  ['a sequence number without a session', log(scalar(4, 7))],
  ['the sequence number 0 without a session', log(scalar(4, 0))],
  ['the session before the logs', Buffer.concat([field(2, SESSION), log(), log()])],
  [
    'a second session, which overrides the first',
    Buffer.concat([field(2, 'x'), log(), field(2, SESSION), log()]),
  ],
  [
    'an empty session and process, which override others',
    Buffer.concat([field(2, 'x'), log(), field(2, ''), field(3, 'p'), field(3, '')]),
  ],
  ['a string twice', log(http(field(1, 'GET'), field(1, 'PUT'), field(3, 'x'), field(3, '')))],
  ['an HTTP request in two parts', log(http(field(1, 'GET')), scalar(1, 1), http(field(2, 'https://a/')))],
  ['a time in two parts', log(field(2, scalar(1, 86_399)), field(2, scalar(2, 5_000)))],
  ['an empty time', log(field(2, ''))],
  ['a number twice', log(scalar(4, 7), scalar(1, 1), scalar(4, 8), scalar(1, 0))],
  ['the largest number', log(scalar(4, 2 ** 31 - 1))],
  [
    'the last second of 9999',
    log(field(2, Buffer.concat([scalar(1, 253_402_300_799), scalar(2, 999_999_999)]))),
  ],
  ['a true that is encoded as 300', log(scalar(1, 300))],
  ['a varint with more bytes than it needs', log(Buffer.concat([key(4, 0), padded(varint(7n), 3)]))],
  ['a length with more bytes than it needs', Buffer.concat([key(1, 2), padded(varint(0n), 1)])],
  ['an unknown field at each level', Buffer.concat([scalar(9, 1), log(scalar(9, 1), http(field(9, 'ü"')))])],
  [
    'unknown fields of four and eight bytes',
    log(key(9, 5), Buffer.alloc(4), field(2, Buffer.concat([key(9, 1), Buffer.alloc(8)]))),
  ],
  [
    'known fields with other wire types',
    Buffer.concat([scalar(1, 1), scalar(2, 1), log(scalar(2, 1), field(1, 'x'), scalar(3, 1))]),
  ],
  ['a quote', text('a"b')],
  ['many backslashes', text('\\'.repeat(40))],
  ['text beyond ASCII', text('https://ü.example/')],
  ['a method and a rule that need escapes', log(http(field(1, '"'), field(3, 'a\nb')))],
  ['a session and a process that need escapes', Buffer.concat([log(), field(2, 'a"b'), field(3, 'ü\x7f')])],
  ['a long URL', text(`https://a/${'x'.repeat(5000)}`)],
])('the fast path writes %s as formatBatch does', (_name, raw) => {
  const batch = batchOf(raw) as LogBatch;
  expect(linesOf(batch)).toBe(formatBatch(batch, 'json'));
});

test('the fast path writes each character of up to three bytes, and some of four, at each offset in 16 bytes', () => {
  const points = [...Array(0x1_0000).keys(), 0x1_0000, 0x1_f600, 0x1_feff, 0x10_ffff].filter(
    (point) => point < 0xd800 || point > 0xdfff,
  );
  const wrong: string[] = [];
  for (let i = 0; i < points.length; i += 64) {
    const texts = points
      .slice(i, i + 64)
      .map((point) => `${'x'.repeat(point % 17)}${String.fromCodePoint(point)}x`);
    const batch = batchOf(Buffer.concat(texts.map(text))) as LogBatch;
    if (linesOf(batch) !== formatBatch(batch, 'json')) wrong.push(String(points[i]));
  }
  expect(wrong).toEqual([]);
});

test('the fast path writes the first and last second of every seventh month until 9999, and each number of digits', () => {
  const logs: Buffer[] = [];
  const add = (seconds: number, nanos: number, number: number) =>
    logs.push(log(field(2, Buffer.concat([scalar(1, seconds), scalar(2, nanos)])), scalar(4, number)));
  for (let month = 0; month < 12 * (10_000 - 1970); month += 7) {
    const first = Date.UTC(1970, month) / 1000;
    add(first, 10 ** (month % 9), 10 ** (month % 10));
    add(Date.UTC(1970, month + 1) / 1000 - 1, 10 ** (month % 9) - 1, 10 ** (month % 10) - 1);
  }
  const wrong: number[] = [];
  for (let i = 0; i < logs.length; i += 300) {
    const batch = batchOf(Buffer.concat(logs.slice(i, i + 300))) as LogBatch;
    if (linesOf(batch) !== formatBatch(batch, 'json')) wrong.push(i);
  }
  expect(wrong).toEqual([]);
});

describe('the fast path writes what senders do not write', () => {
  test.each<[name: string, raw: Buffer]>([
    ['a negative number', log(scalar(4, -1))],
    ['the smallest number', log(scalar(4, -(2 ** 31)))],
    ['a number that is cut to 32 bits', log(scalar(4, 2 ** 31))],
    ['a number that is cut to 0', log(scalar(4, 2 ** 32))],
    [
      'more text than its memory can hold',
      encoded({ sessionId: 'x'.repeat(10_000), logs: Array(9000).fill({}) }),
    ],
    ['an unknown group', log(Buffer.concat([key(9, 3), scalar(2 ** 27, 1), key(9, 4)]))],
    ['a length of three bytes', Buffer.concat([key(1, 2), padded(varint(0n), 2)])],
    ['a varint of nine bytes', log(Buffer.concat([key(4, 0), padded(varint(7n), 8)]))],
    ['field 16, in the request', scalar(16, 1)],
    ['field 16, in a log', log(scalar(16, 1))],
    ['field 16, in a time', log(field(2, scalar(16, 1)))],
    ['field 16, in an HTTP request', log(http(scalar(16, 1), field(2, 'u')))],
    ['a key with more bytes than it needs', Buffer.concat([padded(key(1, 2), 1), varint(0n)])],
    ['a text that overrides another', log(http(scalar(16, 1), field(2, 'u'), field(2, '')))],
  ])('%s, also after other logs', (_name, raw) => {
    for (const all of [raw, Buffer.concat([encoded(request(3)), raw])]) {
      const batch = batchOf(all) as LogBatch;
      expect(linesOf(batch) === formatBatch(batch, 'json')).toBe(true);
    }
  });

  test('times of any value', () => {
    const edges = [
      ...[0n, 1n, 86_399n, 86_400n, 253_402_300_799n, 253_402_300_800n, -62_167_219_200n, -62_167_219_201n],
      ...[
        -62_162_035_200n,
        -62_135_596_800n,
        -1n,
        2n ** 63n - 1n,
        -(2n ** 63n),
        951_782_400n,
        -2_203_891_200n,
      ],
    ];
    const nanos = [
      0,
      1,
      999_999_999,
      1_000_000_000,
      2 ** 31 - 1,
      -1,
      -999_999_999,
      -1_000_000_000,
      -(2 ** 31),
    ];
    const logs = edges.flatMap((edge) =>
      [-3n, -2n, -1n, 0n, 1n, 2n, 3n].flatMap((by) =>
        nanos.map((nanos) => log(field(2, Buffer.concat([scalar(1, edge + by), scalar(2, nanos)])))),
      ),
    );
    const batch = batchOf(Buffer.concat(logs)) as LogBatch;
    expect(linesOf(batch)?.split('\n')).toEqual(formatBatch(batch, 'json').split('\n'));
  });
});

describe('the fast path leaves to formatBatch', () => {
  test('a request that is longer than the payload of a frame', () => {
    const batch = batchOf(encoded({ sessionId: 'x'.repeat(0x8000), logs: [{}] })) as LogBatch;
    expect(formatBatch(batch, 'json').split('\n')).toHaveLength(2);
    expect(linesOf(batch)).toBeUndefined();
  });

  test.each([
    ['an invalid log', Buffer.from('0a0108', 'hex')],
    ['text that is not UTF-8', log(http(Buffer.from('1201ff', 'hex')))],
  ])('%s of a batch that was not checked, after other logs', (_name, raw) => {
    expect(linesOf(new LogBatch(Tag.V1, 4, Buffer.concat([encoded(request(3)), raw])))).toBeUndefined();
  });
});

/** Compares both paths. The fast path must support every valid batch: JavaScript takes twenty times as long. */
function expectSame(batch: LogBatch): void {
  expect(linesOf(batch)).toBe(formatBatch(batch, 'json'));
}

test('the fast path writes all vectors that contain logs as formatBatch does', () => {
  const outcomes = vectors
    .flatMap(({ bytes }) => [...new FrameDecoder().decode(bytes)])
    .flatMap((frame) => ('payload' in frame ? [decodeMessage(frame)] : []));
  const batches = outcomes.filter((outcome) => outcome.kind === 'logs');
  expect(batches.length).toBeGreaterThan(100);
  for (const batch of batches) expectSame(batch);
});

const chars = fc.oneof(
  {
    arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).map((s) => s.replaceAll(/["\\]/g, '_')),
    weight: 40,
  },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 20 }), weight: 4 },
  { arbitrary: fc.string({ unit: 'binary', minLength: 10, maxLength: 70 }), weight: 2 },
);
const value = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 2 ** 31 - 1 }).map(BigInt), weight: 4 },
  { arbitrary: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), weight: 1 },
);
type Bytes = fc.Arbitrary<Buffer>;
const several = (...fields: Bytes[]): Bytes =>
  fc.array(fc.oneof(...fields), { maxLength: 6 }).map(Buffer.concat);
const texts = (number: number): Bytes => chars.map((text) => field(number, text));
const scalars = (number: number): Bytes => value.map((value) => scalar(number, value));
const nested = (number: number, ...fields: Bytes[]): Bytes =>
  several(...fields).map((bytes) => field(number, bytes));
/** A field of any number and type. */
const other = fc
  .oneof(
    { arbitrary: fc.integer({ min: 1, max: 15 }), weight: 20 },
    { arbitrary: fc.constant(16), weight: 1 },
  )
  .chain((number) =>
    fc.oneof(texts(number), scalars(number), fc.constant(Buffer.concat([key(number, 5), Buffer.alloc(4)]))),
  )
  // Random bytes are mostly not a valid message, so a known field that contains them would be rejected.
  .filter((bytes) => batchOf(bytes) !== undefined);
const time = nested(2, scalars(1), scalars(2));
const httpRequest = nested(3, texts(1), texts(2), texts(3));
const anyLog = nested(1, scalars(1), time, httpRequest, httpRequest, scalars(4));
const anyRequest = several(anyLog, anyLog, texts(2), texts(3), other);

test('the fast path writes random batches, some with changed bytes, as formatBatch does', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(0xff)), { maxLength: 2 });
  let valid = 0;
  fc.assert(
    fc.property(anyRequest, changes, (original, changes) => {
      const bytes = Buffer.from(original);
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      const batch = batchOf(bytes);
      if (batch === undefined) return;
      expectSame(batch);
      valid += 1;
    }),
    { seed, numRuns: 3000, interruptAfterTimeLimit: 1500 },
  );
  expect(valid).toBeGreaterThan(0);
});

test('several batches may be written in turns', () => {
  const many = [300, 9000, 7000].map(
    (count, i) => batchOf(encoded({ sessionId: `session ${i}`, logs: Array(count).fill({}) })) as LogBatch,
  );
  const texts = many.map(() => new TextBuffer());
  const progress: (Progress | undefined)[] = many.map((batch, i) =>
    appendJsonLines(batch, texts[i] as TextBuffer),
  );
  let turns = 0;
  for (; progress.some((left) => left !== undefined); turns++) {
    for (const [i, batch] of many.entries()) {
      const from = progress[i];
      if (from !== undefined) progress[i] = appendJsonLines(batch, texts[i] as TextBuffer, from);
    }
  }
  expect(turns).toBe(3);
  for (const [i, batch] of many.entries()) {
    expect(texts[i]?.take().toString() === formatBatch(batch, 'json')).toBe(true);
  }
});

test('bytes that are not a valid request, which the codec would reject, do no harm', () => {
  const whole = encoded(request(2));
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.subarray(0, length);
    const expected = batchOf(cut) && formatBatch(batchOf(cut) as LogBatch, 'json');
    const batch = new LogBatch(Tag.V1, 2, cut);
    expect(linesOf(batch)).toBe(expected);
  }
});
