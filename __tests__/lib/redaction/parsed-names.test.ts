import { expect, test } from '@jest/globals';
import { ParsedNames } from '../../../lib/redaction/parsed-names.js';
import { redacted, requestRedactor } from '../../helpers/redaction.js';

const isValid = (names: ParsedNames, name: string) => {
  const bytes = Buffer.from(`//${name}/`);
  return names.isValid(bytes, 2, bytes.length - 1);
};

test.each([
  ['bücher.example', true],
  ['BÜCHER.example', true],
  ['例え.jp', true],
  ['xn--bcher-kva.example', true],
  ['xn--a', false],
  ['h＠b', false],
  ['h／b', false],
  ['１.2.3.４', true],
  ['１.2.3.400', false],
  ['\u200d', false],
  [`${'ü'.repeat(512)}`, true],
  [`${'ü'.repeat(513)}`, false],
])('%j: %j', (name, expected) => {
  const names = new ParsedNames();
  expect(isValid(names, name)).toBe(expected);
  expect(isValid(names, name)).toBe(expected);
});

test('after 1000 names, new ones count as not valid, and each KiB allows one more', () => {
  const names = new ParsedNames();
  const valid = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => isValid(names, `ü${from + i}`)).filter(Boolean).length;
  expect(valid(0, 2000)).toBeGreaterThan(900);
  expect(valid(2000, 2010)).toBe(0);
  names.count(5 * 2048);
  expect(valid(2010, 2020)).toBeGreaterThanOrEqual(5);
  expect(valid(2020, 2030)).toBe(0);
  names.count(2 ** 30);
  expect(valid(3000, 6000)).toBeLessThanOrEqual(1000);
});

test('a long name costs more, and a known one nothing', () => {
  const names = new ParsedNames();
  expect(isValid(names, 'bücher.example')).toBe(true);
  const long = Array.from({ length: 100 }, (_, i) => isValid(names, `${'ü'.repeat(500)}${i}`));
  expect(long.filter(Boolean).length).toBeLessThan(70);
  expect([isValid(names, 'ü'.repeat(511)), isValid(names, 'bücher.example')]).toEqual([false, true]);
});

test('names with the same place do not take each other for the same', () => {
  const names = new ParsedNames();
  for (let i = 0; i < 900; i++) expect(isValid(names, i % 2 === 0 ? `ü${i}` : `xn--${i}`)).toBe(i % 2 === 0);
});

test('a URL whose host cannot be looked up any more passes without its query', () => {
  const redactor = requestRedactor();
  const results = Array.from({ length: 5000 }, (_, i) => redacted(`http://ü${i}/?a=b`, redactor));
  expect(results[0]).toBe('http://ü0/?a=REDACTED');
  expect(new Set(results.slice(1500).map((url) => url.replace(/ü\d+/, 'ü')))).toContain('http://REDACTED');
  expect(results.filter((url) => /\?(?!a=REDACTED)/.test(url))).toEqual([]);
});
