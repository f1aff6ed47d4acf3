import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeMessage, encodeFrame, FrameDecoder, type LogBatch, Tag } from '../../../codec/index.js';
import { appendBatch, type Rest } from '../../../lib/text/batch-text.js';
import { FORMATS, type Format, formatBatch } from '../../../lib/text/format.js';
import { TerminalView } from '../../../lib/text/terminal-view.js';
import { TextBuffer } from '../../../lib/text/text-buffer.js';
import { field, filledUp, poisonFrame } from '../../helpers/hostile.js';
import { varint } from '../../helpers/naive-protobuf.js';
import { seed } from '../../helpers/seed.js';
import { vectors } from '../../helpers/vectors.js';

function batchOf(payload: Buffer): LogBatch {
  const outcome = decodeMessage({ tag: Tag.V1, payload });
  if (outcome.kind !== 'logs') throw new Error(`not a batch: ${outcome.kind}`);
  return outcome;
}

/** The whole text, as a reporter writes it. */
function written(batch: LogBatch, format: Format, color = false): string {
  const buffer = new TextBuffer();
  let rest: Rest | undefined = (to) => appendBatch(batch, format, { color }, to);
  while (rest !== undefined) rest = rest(buffer);
  return String(buffer.take());
}

/** The same as a terminal shows it. */
function viewed(batch: LogBatch): string {
  const view = new TerminalView({ width: () => undefined, color: true, localTime: false });
  // So that sessions are shown.
  view.line({ decision: 'deny', session_id: 'another' });
  return [...view.lines(batch)].join('');
}

const withSession = (session: string) => batchOf(Buffer.concat([field(2, session), field(1, '')]));
const sessionOf = (session: string) => JSON.parse(written(withSession(session), 'json')).session_id;

describe('a session in JSON', () => {
  test.each<[name: string, session: string, shown: string]>([
    ['of 64 bytes is complete', 'x'.repeat(64), 'x'.repeat(64)],
    ['of 65 bytes is cut', 'x'.repeat(65), `${'x'.repeat(64)}[cut]`],
    ['is cut after its escapes are counted', '\n'.repeat(33), `${'\n'.repeat(32)}[cut]`],
    ['with 32 escapes of two bytes is complete', '\n'.repeat(32), '\n'.repeat(32)],
    ['is not cut inside an escape', '\u0001'.repeat(11), `${'\u0001'.repeat(10)}[cut]`],
    ['is not cut inside a character', `${'x'.repeat(63)}ü`, `${'x'.repeat(63)}[cut]`],
    ['is not cut inside a character of four bytes', `${'x'.repeat(62)}😀`, `${'x'.repeat(62)}[cut]`],
    ['may end with a character that just fits', `${'x'.repeat(60)}😀`, `${'x'.repeat(60)}😀`],
    ['of 32 KiB is cut', 'x'.repeat(32_000), `${'x'.repeat(64)}[cut]`],
  ])('%s', (_name, session, shown) => {
    expect(sessionOf(session)).toBe(shown);
    expect(JSON.parse(formatBatch(withSession(session), 'json')).session_id).toBe(shown);
  });
});

test.each(FORMATS)('%s: the session and the process are cut, and no other field', (format) => {
  const long = 'Z'.repeat(500);
  const http = field(3, Buffer.concat([field(1, long), field(2, long), field(3, long)]));
  const text = written(batchOf(Buffer.concat([field(2, long), field(3, long), field(1, http)])), format);
  expect(
    text
      .match(/Z{2,}(\[cut\])?/g)
      ?.map((run) => run.length)
      .sort((a, b) => a - b),
  ).toEqual([69, 69, 500, 500, 500]);
});

test.each(FORMATS)('%s: the object of a batch, which is not text, is complete', () => {
  const batch = withSession('x'.repeat(1000));
  written(batch, 'logfmt');
  expect(batch.request.sessionId).toHaveLength(1000);
});

/*
 * The shortest log has two bytes, 0a 00, so its line may have 256. These are the longest lines of such a log: both
 * repeated texts have 64 bytes and the mark.
 */
describe('the longest line of the shortest log has at most 256 bytes', () => {
  const longest = 'x'.repeat(65);
  const batch = batchOf(Buffer.concat([field(2, longest), field(3, longest), field(1, '')]));

  test.each<[format: Format, color: boolean, length: number]>([
    ['json', false, 246],
    ['logfmt', false, 226],
    ['pretty', false, 209],
    ['pretty', true, 237],
  ])('%s, with colours: %p', (format, color, length) => {
    expect(Buffer.byteLength(written(batch, format, color))).toBe(length);
  });
});

const MOST = 128;

/** How many bytes of text a frame has for each of its own. */
function growth(tag: number, payload: Buffer, format: Format, color = true): number {
  const frame = encodeFrame(tag, payload);
  const outcome = decodeMessage({ tag, payload });
  if (outcome.kind !== 'logs') return 0;
  const texts =
    format === 'pretty' ? [written(outcome, format, color), viewed(outcome)] : [written(outcome, format)];
  return Math.max(...texts.map((text) => Buffer.byteLength(text))) / frame.length;
}

const X64 = 'x'.repeat(64);
const CONTROL = '\u0001'.repeat(11);
const both = (text: string) => Buffer.concat([field(2, text), field(3, text)]);
const http = (number: number, text: string) => field(1, field(3, field(number, text)));
const scalar = (number: number, value: bigint) =>
  Buffer.concat([varint(BigInt(number * 8)), varint(BigInt.asUintN(64, value))]);

describe.each(FORMATS)('%s: the text of a full frame has at most 128 times its bytes', (format) => {
  test.each<[name: string, payload: Buffer]>([
    ['empty logs', filledUp(Buffer.alloc(0))],
    ['empty logs with long repeated texts', filledUp(both(X64))],
    ['empty logs with repeated texts that are cut', filledUp(both('x'.repeat(65)))],
    ['empty logs with repeated control characters', filledUp(both(CONTROL))],
    ['empty logs with repeated spaces', filledUp(both(' '.repeat(64)))],
    ['empty logs with repeated backslashes', filledUp(both('\\'.repeat(64)))],
    ['logs with a decision', filledUp(both(X64), field(1, scalar(1, 1n)))],
    ['logs with an empty time', filledUp(both(X64), field(1, field(2, '')))],
    ['logs with a time of long text', filledUp(both(X64), field(1, field(2, scalar(2, -1n))))],
    ['logs with an empty HTTP request', filledUp(both(X64), field(1, field(3, '')))],
    ['logs with a method of a control character', filledUp(both(X64), http(1, '\u0001'))],
    ['logs with a URL of a control character', filledUp(both(X64), http(2, '\u0001'))],
    ['logs with a rule of a control character', filledUp(both(X64), http(3, '\u0001'))],
    ['a URL of control characters', Buffer.concat([both(X64), http(2, '\u0001'.repeat(32_000))])],
    ['the recorded poison', poisonFrame().subarray(4)],
  ])('%s', (_name, payload) => {
    const ratio = growth(Tag.V1, payload, format);
    expect(ratio).toBeGreaterThan(0);
    expect(ratio).toBeLessThanOrEqual(MOST);
  });

  test('of small frames, too: every sequence of few fields', () => {
    const texts = [
      '',
      'x',
      '\u0001',
      '-',
      ' '.repeat(64),
      '"'.repeat(64),
      '\u2028',
      '😀',
      'x'.repeat(65),
      CONTROL,
    ];
    const content = fc.oneof(
      fc.constantFrom(...texts.flatMap((text) => [1, 2, 3].map((number) => field(3, field(number, text))))),
      fc.constantFrom(scalar(1, 1n), scalar(4, -1n), scalar(4, 1n), field(2, ''), field(2, scalar(1, -1n))),
      fc.constantFrom(
        field(2, scalar(2, -1n)),
        field(2, scalar(1, -(2n ** 63n))),
        field(3, ''),
        field(9, ''),
      ),
    );
    const log = fc.array(content, { maxLength: 3 }).map((parts) => field(1, Buffer.concat(parts)));
    const part = fc.oneof(
      { arbitrary: log, weight: 3 },
      { arbitrary: fc.constant(field(1, '')), weight: 3 },
      { arbitrary: fc.constantFrom(...texts.flatMap((text) => [field(2, text), field(3, text)])), weight: 2 },
    );
    const tag = fc.constantFrom(Tag.V1, Tag.V2);
    fc.assert(
      fc.property(tag, fc.array(part, { maxLength: 12 }), (tag, parts) => {
        const request = Buffer.concat(parts);
        const payload = tag === Tag.V1 ? request : field(1, request);
        expect(growth(tag, payload, format)).toBeLessThanOrEqual(MOST);
      }),
      { seed, numRuns: 1500, interruptAfterTimeLimit: 1000 },
    );
  });
});

test('the recorded vectors are cut only beyond the limit', () => {
  let complete = 0;
  for (const item of vectors.flatMap(({ bytes }) => new FrameDecoder().decode(bytes))) {
    if (!('payload' in item)) continue;
    const batch = decodeMessage(item);
    if (batch.kind !== 'logs' || batch.count === 0) continue;
    for (const line of formatBatch(batch, 'json').trimEnd().split('\n')) {
      const { session_id = '' } = JSON.parse(line);
      if (session_id === batch.request.sessionId) complete += 1;
      else expect(Buffer.byteLength(JSON.stringify(batch.request.sessionId))).toBeGreaterThan(66);
    }
  }
  expect(complete).toBeGreaterThan(100);
});
