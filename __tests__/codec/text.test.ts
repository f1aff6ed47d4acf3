import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isAscii, isText } from '../../codec/text.js';
import { seed } from '../helpers/seed.js';

/** `bytes` in the middle of others, at each place that it may have in a word. */
function placed(bytes: Uint8Array, around: number): { buf: Buffer; start: number; end: number }[] {
  return [0, 1, 2, 3, 4].flatMap((offset) =>
    [0, 1, 2, 3].map((before) => {
      const whole = Buffer.from(new ArrayBuffer(offset + before + bytes.length + 5)).subarray(offset);
      whole.fill(around);
      whole.set(bytes, before);
      return { buf: whole, start: before, end: before + bytes.length };
    }),
  );
}

test.each(Array.from({ length: 18 }, (_, length) => length))(
  'ASCII of %d bytes, and each of its bytes',
  (length) => {
    const bytes = Buffer.alloc(length, 'x');
    for (const { buf, start, end } of placed(bytes, 0x7f)) {
      expect(isAscii(buf, start, end)).toBe(true);
      for (let i = start; i < end; i++) {
        buf[i] = 0x80;
        expect(isAscii(buf, start, end)).toBe(false);
        buf[i] = 0x78;
      }
    }
  },
);

test('what follows is not looked at, nor are others taken for it', () => {
  const buf = Buffer.from('abcdé');
  expect(isAscii(buf, 0, 4)).toBe(true);
  expect(isAscii(Buffer.from('abcdef'), 0, 6)).toBe(true);
  expect(isAscii(buf, 0, 6)).toBe(false);
});

test('text is what the runtime says is UTF-8, whatever is around it', () => {
  const bytes = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 20 }),
  );
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const isUtf8 = (text: Uint8Array) => {
    try {
      decoder.decode(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(bytes, fc.constantFrom(0, 0x41, 0x80, 0xff), (text, around) => {
      for (const { buf, start, end } of placed(text, around)) {
        expect(isText(buf, start, end)).toBe(isUtf8(text));
      }
    }),
    { seed, numRuns: 300 },
  );
});
