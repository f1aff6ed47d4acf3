import { expect, test } from '@jest/globals';
import { pairsIn } from '../../../lib/records/pairs.js';

test.each<[string, string, Record<string, string> | undefined]>([
  ['nothing', '', {}],
  ['spaces', '   ', {}],
  ['words', 'a=b c=d', { a: 'b', c: 'd' }],
  ['several spaces, as the log of coderd has them', ' a=b   c=d  ', { a: 'b', c: 'd' }],
  ['an equals sign in a value', 'a=b=c', { a: 'b=c' }],
  ['an empty value', 'a= b=""', { a: '', b: '' }],
  ['a quoted value', 'a="b c" d=e', { a: 'b c', d: 'e' }],
  ['a pair inside of a value', 'a="b c=d" e=f', { a: 'b c=d', e: 'f' }],
  ['escapes that Go and JSON share', String.raw`a="\b\f\n\r\t\"\\\u001b"`, { a: '\b\f\n\r\t"\\\u001b' }],
  ['escapes that only Go has', String.raw`a="\a\v\x1b\U0001F600"`, { a: '\x07\v\u001b😀' }],
  ['a pair of escapes that only JSON has', String.raw`a="\ud83d\ude00"`, { a: '😀' }],
  ['an escape that neither has', String.raw`a="\q"`, undefined],
  ['an escape without its digits', String.raw`a="\x1"`, undefined],
  ['a code point that does not exist', String.raw`a="\U00110000"`, undefined],
  ['no end of a quoted value', 'a="b', undefined],
  ['an escaped quote at the end', 'a="b\\"', undefined],
  ['something behind a quoted value', 'a="b"c', undefined],
  ['a quote inside of a word', 'a=b"c', undefined],
  ['no key', '=b', undefined],
  ['no value', 'a', undefined],
  ['a key that is there twice', 'a=b a=c', undefined],
])('%s', (_what, text, expected) => {
  const pairs = pairsIn(text);
  expect(pairs && Object.fromEntries(pairs)).toEqual(expected);
});

test('a value of a million characters, half of them escapes', () => {
  expect(pairsIn(`a="${'\\n'.repeat(500_000)}"`)?.get('a')).toBe('\n'.repeat(500_000));
});
