import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../../helpers/code-blocks.js';
import { tableAfter } from '../../helpers/markdown.js';
import { redacted, redactedTwice, requestOf, requestRedactor, urlsOf } from '../../helpers/redaction.js';

const page = readFileSync(join(ROOT, 'docs/redaction.md'), 'utf8');
const shown = (url = '') => url.replaceAll('␠', ' ').replaceAll('␉', '\t');
const rows = tableAfter(page, '| URL').map(
  ([url, becomes]) => [shown(url), shown(becomes === 'the same' ? url : becomes)] as const,
);

describe('the table in docs/redaction.md', () => {
  test('has at least 40 URLs, each of them once', () => {
    expect(new Set(rows.map(([url]) => url)).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(40);
  });

  test.each(rows)('%j becomes %j', (url, becomes) => {
    expect(redacted(url)).toBe(becomes);
  });

  test.each(rows)('%j is not redacted twice', (url) => {
    expect(redacted(redacted(url))).toBe(redacted(url));
  });

  test('all of its URLs in one batch', () => {
    const raw = redactedTwice(requestOf(...rows.map(([url]) => url)));
    expect(urlsOf(raw)).toEqual(rows.map(([, becomes]) => becomes));
  });
});

describe('keep', () => {
  const redactor = requestRedactor({ keep: ['page', 'ü', 'next'] });
  test.each([
    ['/?page=1&token=s', '/?page=1&token=REDACTED'],
    ['/?Page=1&pages=2&pag=3', '/?Page=REDACTED&pages=REDACTED&pag=REDACTED'],
    ['/?p%61ge=1', '/?p%61ge=REDACTED'],
    ['/?ü=ö', '/?ü=ö'],
    ['/?page', '/?page'],
    ['/?page=', '/?page='],
    ['/a;page=1/b#page=2', '/a;page=1/b#page=2'],
    ['/?page=1;token=s', '/?page=1;token=REDACTED'],
    ['/?page=1?token=s', '/?page=1?token=REDACTED'],
    ['/?page=1%26token=s&a=b', '/?page=1%26REDACTED&a=REDACTED'],
    ['/?page=1%253Btoken=s', '/?page=1%253BREDACTED'],
    ['/?page=a%20b%zz%', '/?page=a%20b%zz%'],
    ['/?next=https://u:p@h/?t=s', '/?next=REDACTED@h/?t=REDACTED'],
    ['/?next=a@b.c', '/?next=a@b.c'],
    ['/?a=1;page=2', '/?a=REDACTED'],
  ])('%j becomes %j', (url, becomes) => {
    expect(redacted(url, redactor)).toBe(becomes);
  });
});

describe('pattern', () => {
  test.each([
    ['bot[0-9]+:\\w+', 'https://h/bot12:AbC/send?a=b', 'https://h/REDACTED/send?a=REDACTED'],
    [
      'secret',
      'https://secret.test/secret?secret=secret',
      'https://REDACTED.test/REDACTED?REDACTED=REDACTED',
    ],
    ['(?i)TOKEN', 'https://h/ü/token/ö', 'https://h/ü/REDACTED/ö'],
    ['ö.', 'https://h/😀ö😀/x', 'https://h/😀REDACTED/x'],
    ['\\bh', 'https://h/h', 'REDACTEDttps://REDACTED/REDACTED'],
    ['.+', 'https://h/a', 'REDACTED'],
    ['=b&', 'https://h/?a=b&c=d', 'https://h/?aREDACTEDc=REDACTED'],
    ['nothing', 'https://h/a', 'https://h/a'],
  ])('%j: %j becomes %j', (pattern, url, becomes) => {
    expect(redacted(url, requestRedactor({ pattern }))).toBe(becomes);
  });

  test('also removes values that are kept', () => {
    const redactor = requestRedactor({ keep: ['page'], pattern: '[0-9]{3}' });
    expect(redacted('/?page=12345', redactor)).toBe('/?page=REDACTED45');
  });

  test('after 8 matches in a URL, its rest is a match, so that many matches cannot take long', () => {
    const redactor = requestRedactor({ pattern: 'a' });
    expect(redacted(`/${'ab'.repeat(9)}c`, redactor)).toBe(`/${'REDACTEDb'.repeat(8)}REDACTED`);
  });

  test.each(['(', 'x*', '^', '(?=a)', '(a)\\1', '', 'a'.repeat(1001)])('%j is not accepted', (pattern) => {
    expect(() => requestRedactor({ pattern })).toThrow(
      /redact: pattern: got .*, expected a regular expression/s,
    );
  });
});

test.each([[['']], [['a=b']], [['a&b']], [['a b']], ['a'], [[1]], [['\ud800']]])(
  'the names %j are not accepted',
  (keep) => {
    expect(() => requestRedactor({ keep: keep as string[] })).toThrow(
      /redact: keep: got .*, expected an array/,
    );
  },
);
