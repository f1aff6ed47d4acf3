import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseUrl } from '../../lib/rules/go-url.js';
import { random } from '../helpers/cuts.js';
import { URLS } from '../helpers/go-urls.js';
import { seed } from '../helpers/seed.js';
import { BIN } from './programs.js';

/** What Go makes of each URL, with its bytes as they are compared with ASCII: those that are not ASCII are `?`. */
function goParses(urls: readonly string[]): (object | null)[] {
  const input = urls.map((url) => JSON.stringify(url)).join('\n');
  const output = execFileSync(`${BIN}urls`, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  const text = (base64: string) => ascii(Buffer.from(base64, 'base64').toString('latin1'));
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((answer) => answer && { hostname: text(answer.hostname), path: text(answer.path) });
}

const ascii = (text: string) => text.replaceAll(/[^\0-\x7f]+/g, '?');

function ourParse(url: string): object | null {
  const { hostname, path } = parseUrl(url) ?? {};
  return hostname === undefined ? null : { hostname: ascii(hostname), path: ascii(path as string) };
}

function expectTheSame(urls: readonly string[]) {
  const go = goParses(urls);
  expect(go).toHaveLength(urls.length);
  const differences = urls.flatMap((url, i) => {
    const ours = ourParse(url);
    return JSON.stringify(ours) === JSON.stringify(go[i]) ? [] : [{ url, ours, go: go[i] }];
  });
  expect(differences.slice(0, 10)).toEqual([]);
}

test('the URLs of the recorded answers, and every case of the table, are parsed as Go parses them', () => {
  const vectors = readFileSync(new URL('../fixtures/rules/vectors.ndjson', import.meta.url), 'utf8');
  const recorded = vectors
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).url ?? '');
  expectTheSame([...new Set(recorded), ...URLS.map(([url]) => url)]);
});

test(`so are 100,000 random texts (TEST_SEED=${seed})`, () => {
  const next = random(seed);
  const one = <T>(values: readonly T[]) => values[Math.floor(next() * values.length)] as T;
  const PIECES = [
    ...[
      'http',
      'https',
      'HTTP',
      'ftp',
      'a+b',
      '1a',
      '_',
      ':',
      ':',
      '://',
      '//',
      '/',
      '/',
      '?',
      '#',
      '@',
      '@',
    ],
    ...[
      '[',
      ']',
      '::1',
      '2001:db8',
      '1.2.3.4',
      'fe80::1',
      '%25eth0',
      '%25',
      '%20',
      '%2F',
      '%41',
      '%zz',
      '%',
      '%8',
    ],
    ...[
      '%C3%A9',
      '%80',
      'é',
      '日',
      ' ',
      '"',
      '<',
      '>',
      '\\',
      '^',
      '`',
      '{',
      '|',
      '}',
      '*',
      '+',
      ',',
      ';',
      '=',
    ],
    ...[
      'a',
      'b.c',
      'example.com',
      '.',
      '..',
      ':80',
      ':',
      ':8a',
      '-',
      '~',
      '!',
      '$',
      '&',
      "'",
      '(',
      ')',
      '\x7f',
      '\n',
    ],
  ];
  const urls = Array.from({ length: 100_000 }, () => {
    const start =
      next() < 0.6
        ? `${one(['http', 'https', 'x', ''])}://${next() < 0.4 ? one(['[', 'a@', 'a:b@']) : ''}`
        : '';
    return start + Array.from({ length: Math.floor(next() * 7) }, () => one(PIECES)).join('');
  });
  expectTheSame(urls);
});

test('so is each character of ASCII in each part of a URL, as it is and escaped', () => {
  const characters = Array.from({ length: 128 }, (_, point) => String.fromCharCode(point));
  const escapes = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).padStart(2, '0')}`);
  const all = [...characters, ...escapes];
  const places = [
    'X',
    'Xa://b/c',
    'http://X',
    'http://aXb',
    'http://X@b',
    'http://a:X@b',
    'http://a:X',
    'http://a/X',
  ];
  places.push(
    'http://[X]',
    'http://[::1%25X]',
    'http://[::1]X',
    'http://[::1]:X',
    'http://a?X',
    'http://a#X',
    'a:X',
  );
  expectTheSame(places.flatMap((place) => all.map((character) => place.replace('X', () => character))));
});
