import { describe, expect, test } from '@jest/globals';
import {
  escapeUnprintable,
  isPrintable,
  messageOf,
  quoted,
  shownCharacters,
  token,
  visible,
} from '../../lib/printable.js';
import { INVISIBLE } from '../helpers/displayed.js';
import { HOSTILE } from '../helpers/hostile-strings.js';

describe('every code point', () => {
  test('that is invisible by its general category is escaped, and no letter of Latin, Greek, Cyrillic or Han is', () => {
    const wrong: string[] = [];
    for (let point = 0; point < 0x11_0000; point++) {
      const character = String.fromCodePoint(point);
      const mustEscape = INVISIBLE.test(character);
      const mustShow =
        !mustEscape && /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}]/u.test(character);
      if (mustEscape === isPrintable(character) && (mustEscape || mustShow)) wrong.push(point.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  test('has the same answer in the table of the fast path', () => {
    const bits = new Uint8Array(0x11_0000 >> 3);
    shownCharacters(bits);
    const wrong: string[] = [];
    for (let point = 0; point < 0x11_0000; point++) {
      const isShown = (((bits[point >> 3] as number) >> (point & 7)) & 1) === 1;
      if (isShown !== isPrintable(String.fromCodePoint(point))) wrong.push(point.toString(16));
    }
    expect(wrong).toEqual([]);
  });
});

test.each(HOSTILE)('%s can be read back from its quoted form', (_name, text) => {
  expect(JSON.parse(quoted(text))).toBe(text);
  expect(quoted(text)).not.toMatch(INVISIBLE);
  expect(token(text)).toBe(token(text).startsWith('"') ? quoted(text) : text);
  expect(visible(text)).not.toMatch(INVISIBLE);
});

test('a lone surrogate is escaped, and a pair is not', () => {
  expect(escapeUnprintable('a\ud800b😀\u{f0000}')).toBe('a\\ud800b😀\\udb80\\udc00');
});

test.each<[thrown: unknown, message: string]>([
  [new Error('a\u001bb'), 'a\\u001bb'],
  [Object.assign(new Error("ENOENT: open 'a\u001bb'"), { path: 'a\u001bb' }), 'ENOENT: open "a\\u001bb"'],
  [Object.assign(new Error("ENOENT: open 'a\\u001bb'"), { path: 'a\\u001bb' }), 'ENOENT: open "a\\\\u001bb"'],
  [
    Object.assign(new Error("EXDEV: rename 'a' -> 'b c'"), { path: 'a', dest: 'b c' }),
    'EXDEV: rename a -> "b c"',
  ],
  ['text', 'text'],
  [null, 'null'],
  [undefined, 'undefined'],
  [Object.create(null), 'an error that cannot be shown'],
])('the message of %p is %s', (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});
