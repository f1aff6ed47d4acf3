import { isUtf8 } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkFast, UNDECIDED, withLoaded } from '../../codec/fast-path.js';
import {
  boundaryProtocol,
  decodeFrame,
  decodeFrames,
  decodeMessage,
  encodeLogs,
  type Frame,
  FrameDecoder,
  type Outcome,
  type Protocol,
  Tag,
} from '../../codec/index.js';
import { checkRequest, INVALID_UTF8, walkRequest } from '../../codec/walk.js';
import { MALFORMED } from '../../codec/wire.js';
import { random } from '../helpers/cuts.js';
import { request } from '../helpers/messages.js';
import { seed } from '../helpers/seed.js';
import { vectors } from '../helpers/vectors.js';

const [frame] = new FrameDecoder().decode(encodeLogs(request(3, 5), Tag.V1));
const WHOLE = frame !== undefined && 'payload' in frame ? frame.payload : Buffer.alloc(0);
const hex = (bytes: string) => Buffer.from(bytes.replaceAll(' ', ''), 'hex');

describe('the fast path', () => {
  test.each<[name: string, bytes: Buffer, logs: number]>([
    ['nothing', Buffer.alloc(0), 0],
    ['logs as boundary sends them', WHOLE, 3],
    ['text beyond ASCII', hex('0a08 1a06 1204 c3bc2f2f 1203 e282ac'), 1],
    ['a log of 127 bytes, and one of 128', Buffer.concat([log(127), log(128)]), 2],
    ['a log of 16383 bytes', log(16_383), 1],
    ['unknown fields of each type', hex('2801 2a01ff 2d00000000 290000000000000000 0a02 2a00'), 1],
    ['known fields of another type', hex('0801 0d00000000'), 0],
    ['a varint of eight bytes', hex('0a09 20 8080808080808000'), 1],
  ])('accepts %s', (_name, bytes, logs) => {
    expect(checkFast(bytes, 0, bytes.length)).toBe(logs);
    expect(checkRequest(bytes, 0, bytes.length)).toBe(logs);
  });

  test.each<[name: string, bytes: Buffer, result: number]>([
    ['a varint of nine bytes', hex('0a0a 20 808080808080808000'), 1],
    ['a length of three bytes', hex('0a 808000'), 1],
    ['a key of two bytes', hex('8a00 00'), 1],
    ['field 16', hex('800100'), 0],
    ['a group', hex('0b0c'), 0],
    ['a group that does not end', hex('0b'), MALFORMED],
    ['a log that is cut short', hex('0a0208'), MALFORMED],
    ['a key alone', hex('0a'), MALFORMED],
    ['text that is not UTF-8', hex('1201ff'), INVALID_UTF8],
    ['text that is not UTF-8, in a log', hex('0a05 1a03 0a01ff'), INVALID_UTF8],
    [
      'a payload that is too long for its memory',
      Buffer.concat([log(16_383), log(16_383), log(16_383)]),
      UNDECIDED,
    ],
  ])('says the same as the walk of %s', (_name, bytes, result) => {
    expect(checkFast(bytes, 0, bytes.length)).toBe(result);
    if (result === UNDECIDED) expect(checkRequest(bytes, 0, bytes.length)).toBe(3);
    else expect(walkRequest(bytes, 0, bytes.length)).toBe(result);
  });

  test('reads nothing after the end of a payload, whatever follows', () => {
    for (let length = 0; length < WHOLE.length; length++) {
      const alone = Buffer.from(WHOLE.subarray(0, length));
      expect(checkFast(WHOLE, 0, length)).toBe(checkFast(alone, 0, length));
      const [first, second] = framesIn(alone, WHOLE) as [Frame, Frame];
      withLoaded([first, second], () => {
        expect(checkFast(first.payload, 0, length)).toBe(checkFast(alone, 0, length));
        expect(checkFast(second.payload, 0, length)).toBe(checkFast(alone, 0, length));
      });
    }
  });

  test('accepts the same bytes as text that Node accepts as UTF-8', () => {
    const edges = Buffer.from('007f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5ff', 'hex');
    const wrong: string[] = [];
    for (const a of edges) {
      for (const b of edges) {
        for (const c of edges) {
          for (const d of edges) {
            const bytes = Buffer.of(0x12, 4, a, b, c, d);
            if (checkFast(bytes, 0, 6) >= 0 !== isUtf8(bytes.subarray(2))) wrong.push(bytes.toString('hex'));
          }
        }
      }
    }
    // The same at the borders of what the check looks at together.
    const next = random(seed);
    for (let i = 0; i < 300_000; i++) {
      const length = 4 + Math.floor(next() * 40);
      const text = Buffer.alloc(length, i % 2 === 0 ? 'a' : 'ü');
      const at = Math.floor(next() * (length - 3));
      for (let j = 0; j < 4; j++) text[at + j] = edges[Math.floor(next() * edges.length)] as number;
      const bytes = Buffer.concat([Buffer.of(0x12, length), text]);
      if (checkFast(bytes, 0, bytes.length) >= 0 !== isUtf8(text)) wrong.push(bytes.toString('hex'));
    }
    expect(wrong).toEqual([]);
    // Texts of any length, because the check looks at 16 bytes at once.
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, (text) => {
        const bytes = Buffer.concat([Buffer.of(0x12, text.length), text]);
        expect(checkFast(bytes, 0, bytes.length)).toBe(isUtf8(text) ? 0 : INVALID_UTF8);
        expect(walkRequest(bytes, 0, bytes.length)).toBe(isUtf8(text) ? 0 : INVALID_UTF8);
      }),
      { seed },
    );
  });
});

/** Frames that are consecutive in one chunk. */
function framesIn(...payloads: Buffer[]): Frame[] {
  const chunk = Buffer.concat(payloads);
  let end = 0;
  return payloads.map(({ length }) => {
    end += length;
    return { tag: Tag.V1, payload: chunk.subarray(end - length, end) };
  });
}

describe('while the frames of a chunk are loaded', () => {
  test('they are decoded as if one by one', () => {
    for (const { bytes } of vectors) {
      const frames = new FrameDecoder().decode(bytes);
      const single = frames.map((frame) => decodeFrame(boundaryProtocol, frame));
      expect(kinds(decodeFrames(boundaryProtocol, frames))).toEqual(kinds(single));
    }
  });

  test.each<[name: string, make: () => Frame[]]>([
    ['one frame', () => framesIn(WHOLE)],
    ['two frames', () => framesIn(WHOLE, WHOLE)],
    [
      'a first frame outside of the chunk',
      () => [...framesIn(Buffer.from(WHOLE)), ...framesIn(WHOLE, WHOLE)],
    ],
    ['frames of several chunks', () => [...framesIn(WHOLE, WHOLE), ...framesIn(WHOLE, WHOLE)]],
    ['frames in reverse order', () => framesIn(WHOLE, WHOLE, WHOLE).reverse()],
    ['a chunk that does not fit into the memory', () => framesIn(WHOLE, Buffer.alloc(0x1_0000), WHOLE)],
    ['an empty frame at the end', () => framesIn(WHOLE, WHOLE, Buffer.alloc(0))],
  ])('%s: each is counted correctly', (_name, make) => {
    const frames = make();
    const single = frames.map((frame) => decodeFrame(boundaryProtocol, frame));
    expect(kinds(decodeFrames(boundaryProtocol, frames))).toEqual(kinds(single));
  });

  test('nothing stays loaded: the owner may write to the bytes afterwards', () => {
    const frames = framesIn(WHOLE, WHOLE);
    const { payload } = frames[0] as Frame;
    const check = () => checkFast(payload, 0, payload.length);
    expect(withLoaded(frames, check)).toBe(3);
    payload.fill(0xff);
    expect(check()).toBe(-1);
    expect(() => withLoaded(frames, () => raise())).toThrow('raised');
    payload.set(WHOLE);
    expect(check()).toBe(3);
  });

  test('a custom protocol may change the bytes of a frame before it decodes them', () => {
    const frames = framesIn(hex('0a00'), hex('0a00'), hex('0a00'));
    const protocol: Protocol<Outcome> = {
      tags: {
        [Tag.V1]: {
          maxLength: 2,
          decode: (frame) => {
            // The length of the log is then beyond the payload.
            frame.payload[1] = 1;
            return decodeMessage(frame);
          },
        },
      },
    };
    expect(decodeFrames(protocol, frames).map(({ kind }) => kind)).toEqual(['skip', 'skip', 'skip']);
  });

  test('other bytes may be checked in between', () => {
    const other = Buffer.alloc(0x8000, 0xff);
    const frames = framesIn(WHOLE, WHOLE);
    const { payload } = frames[1] as Frame;
    withLoaded(frames, () => {
      expect(checkFast(other, 0, other.length)).toBe(-1);
      expect(checkFast(payload, 0, payload.length)).toBe(3);
      expect(checkFast(Buffer.from(WHOLE), 0, WHOLE.length)).toBe(3);
    });
  });
});

function raise(): never {
  throw new Error('raised');
}

/** A log with an unknown field. The log has `length` bytes, without its own key and length. */
function log(length: number): Buffer {
  const field = Buffer.alloc(length);
  const content = length - 3;
  field.set([0x2a, (content & 0x7f) | 0x80, content >> 7]);
  return Buffer.concat([
    hex('0a'),
    length < 0x80 ? Buffer.of(length) : Buffer.of((length & 0x7f) | 0x80, length >> 7),
    field,
  ]);
}

function kinds(items: readonly object[]): unknown[] {
  return items.map((item) => {
    const { kind, count, raw, error } = item as {
      kind?: string;
      count?: number;
      raw?: Buffer;
      error?: { code: string };
    };
    return { kind, count, raw: raw?.toString('hex'), code: error?.code };
  });
}
