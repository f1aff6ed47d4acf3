import { describe, expect, test } from '@jest/globals';
import {
  BoundaryLogError,
  boundaryProtocol,
  decodeFrame,
  type Frame,
  LogBatch,
  type Protocol,
} from '../../codec/index.js';
import { payloadLimits } from '../../codec/protocol.js';
import { thrown } from '../helpers/thrown.js';

interface Note {
  kind: 'note';
  text: string;
}
const notes: Protocol<Note> = {
  tags: {
    9: {
      maxLength: 100,
      decode({ payload }) {
        if (payload.length === 0) throw new RangeError('nothing in it');
        return { kind: 'note', text: payload.toString() };
      },
    },
  },
};
const frame = (tag: number, text = ''): Frame => ({ tag, payload: Buffer.from(text) });

describe("boundary's protocol", () => {
  test('accepts tags 1 and 2, up to 32768 bytes', () => {
    const limits = payloadLimits(boundaryProtocol);
    expect(limits).toHaveLength(256);
    expect([...limits.entries()].filter(([, limit]) => limit !== -1)).toEqual([
      [1, 32_768],
      [2, 32_768],
    ]);
  });

  test('decodes logs', () => {
    expect(decodeFrame(boundaryProtocol, frame(1))).toBeInstanceOf(LogBatch);
  });
});

describe('a custom protocol', () => {
  test('decodes its frames', () => {
    expect(decodeFrame(notes, frame(9, 'hi'))).toEqual({ kind: 'note', text: 'hi' });
  });

  test.each([1, 0, 255])('a frame under tag %i, which it does not define, is a close', (tag) => {
    const outcome = decodeFrame(notes, frame(tag));
    expect(outcome).toMatchObject({ kind: 'close', error: { code: 'ERR_UNSUPPORTED_TAG' } });
  });

  test.each([new RangeError('nothing in it'), 'a text', undefined, null])(
    'if its decode throws %p, the frame is a skip with that cause',
    (cause) => {
      const throwing: Protocol = {
        tags: {
          9: {
            maxLength: 0,
            decode() {
              throw cause;
            },
          },
        },
      };
      const outcome = decodeFrame(throwing, frame(9));
      expect(outcome).toMatchObject({ kind: 'skip', error: { code: 'ERR_INVALID_PAYLOAD' } });
      expect((outcome as { error?: Error }).error?.cause).toBe(cause);
    },
  );

  test.each([undefined, null, 5, 'note', {}, { kind: 5 }])(
    'if its decode returns %p, the frame is a skip, and does not disappear',
    (message) => {
      const protocol = { tags: { 9: { maxLength: 0, decode: () => message } } };
      expect(decodeFrame(protocol as unknown as Protocol, frame(9))).toMatchObject({
        kind: 'skip',
        error: {
          code: 'ERR_INVALID_PAYLOAD',
          message: expect.stringMatching(/could not be decoded: got .+, expected an object with a kind$/),
        },
      });
    },
  );

  test('says what its decode threw', () => {
    const outcome = decodeFrame(notes, frame(9));
    expect(outcome).toHaveProperty(
      'error.message',
      'the payload under tag 9 could not be decoded: nothing in it',
    );
  });

  test.each([
    [true, 'close'],
    [false, 'skip'],
  ])('a fault (fatal: %p) leads to a %s with its error', (fatal, kind) => {
    const error = new BoundaryLogError('ERR_TRUNCATED_HEADER', 'cut');
    const outcome = decodeFrame(notes, { error, fatal });
    expect(outcome.kind).toBe(kind);
    expect((outcome as { error?: Error }).error).toBe(error);
  });
});

describe('a tag or a length that no header can express', () => {
  const { decode } = notes.tags[9] as Protocol['tags'][number];
  test.each(['-1', '256', '1.5', 'x', 'Infinity'])('the tag %s: ERR_INVALID_OPTION', (tag) => {
    const error = thrown(() => payloadLimits({ tags: { [tag]: { maxLength: 1, decode } } }));
    expect(error).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: `protocol: got the tag "${tag}", expected a whole number from 0 to 255`,
    });
  });

  test.each([-1, 0x100_0000, 1.5, Number.NaN, '5' as unknown as number])(
    'the maxLength %p: ERR_INVALID_OPTION',
    (maxLength) => {
      const error = thrown(() => payloadLimits({ tags: { 1: { maxLength, decode } } }));
      expect(error).toMatchObject({
        code: 'ERR_INVALID_OPTION',
        message: `protocol.tags[1].maxLength: got ${typeof maxLength === 'string' ? `"${maxLength}"` : maxLength}, expected a whole number from 0 to 16777215`,
      });
    },
  );

  test('the limits are accepted', () => {
    const limits = payloadLimits({
      tags: { 0: { maxLength: 0, decode }, 255: { maxLength: 0xff_ffff, decode } },
    });
    expect([limits[0], limits[1], limits[254], limits[255]]).toEqual([0, -1, -1, 0xff_ffff]);
  });
});
