import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  copyPlain,
  isPlainTime,
  MAX_TIME_LENGTH,
  ShortText,
  SPARE,
  writeNumber,
  writeTime,
} from '../../../lib/text/ascii.js';
import { rfc3339 } from '../../../lib/text/timestamp.js';
import { seed } from '../../helpers/seed.js';

const AT = 3;

/** What a function has written, up to the position that it returned. */
function written(write: (out: DataView, at: number) => number): string {
  const bytes = Buffer.alloc(AT + MAX_TIME_LENGTH + SPARE, '.');
  const end = write(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), AT);
  return bytes.toString('latin1', AT, end);
}

test.each(['', 'a', '"', ',"http_url":"', 'x'.repeat(SPARE)])('the short text %j', (text) => {
  const short = new ShortText(text);
  expect(short.length).toBe(text.length);
  expect(written((out, at) => short.write(out, at))).toBe(text);
});

test('any short text', () => {
  const text = fc.string({ unit: 'grapheme-ascii', maxLength: SPARE });
  fc.assert(
    fc.property(text, (text) => {
      expect(written((out, at) => new ShortText(text).write(out, at))).toBe(text);
    }),
    { seed },
  );
});

describe('a copy of text', () => {
  function copied(bytes: Buffer): { text: string; isPlain: boolean } {
    let odd = 0;
    const text = written((out, at) => {
      odd = copyPlain(out, at, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
      return at + bytes.length;
    });
    return { text, isPlain: odd === 0 };
  }

  // Four bytes are a word; what is left of five, six or seven is not.
  test.each([1, 4, 5, 6, 7, 8])('of %d bytes finds each byte that is odd, wherever it is', (length) => {
    const wrong: string[] = [];
    for (let byte = 0; byte < 0x100; byte++) {
      const char = String.fromCharCode(byte);
      const standsForItself = /^[ -~]$/.test(char) && JSON.stringify(char) === `"${char}"`;
      for (const other of [' ', '~']) {
        for (let i = 0; i < length; i++) {
          const text = other.repeat(i) + char + other.repeat(length - i - 1);
          const copy = copied(Buffer.from(text, 'latin1'));
          if (copy.text !== text || copy.isPlain !== standsForItself) wrong.push(text);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('of any bytes finds whether one is odd', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: MAX_TIME_LENGTH }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        expect(copied(Buffer.from(bytes))).toEqual({ text, isPlain: /^[ !#-[\]-~]*$/.test(text) });
      }),
      { seed, numRuns: 1000 },
    );
  });
});

test.each([0, 9, 10, 99, 100, 1_000_000_000, 2 ** 31 - 1])('the number %d', (value) => {
  expect(written((out, at) => writeNumber(out, at, value))).toBe(String(value));
});

describe('a time', () => {
  const time = (seconds: number, nanos: number) => written((out, at) => writeTime(out, at, seconds, nanos));

  test.each([
    [0, 0],
    [1_772_566_954, 120_000_000],
    [1_772_566_954, 1],
    [1_772_582_399, 999_999_999],
    [1_772_582_400, 0],
    [253_402_300_799, 999_999_999],
  ])('%d s and %d ns, as rfc3339 has it', (seconds, nanos) => {
    expect(isPlainTime(seconds, nanos)).toBe(true);
    expect(time(seconds, nanos)).toBe(rfc3339(seconds, nanos));
  });

  test('any from 1970 to 9999, and the next one of about the same day', () => {
    const seconds = fc.integer({ min: 0, max: 253_402_300_799 - 200_000 });
    const nanos = fc.oneof(
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.integer({ min: 0, max: 999 }).map((millis) => millis * 1_000_000),
    );
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 200_000 }), nanos, (seconds, later, nanos) => {
        expect(time(seconds, nanos)).toBe(rfc3339(seconds, nanos));
        expect(time(seconds + later, nanos)).toBe(rfc3339(seconds + later, nanos));
      }),
      { seed },
    );
  });

  test.each([
    [253_402_300_800, 0],
    [0, 1_000_000_000],
  ])('%d s and %d ns are not plain', (seconds, nanos) => {
    expect(isPlainTime(seconds, nanos)).toBe(false);
  });
});
