import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Copies } from '../../../lib/redaction/copies.js';
import { FastRedactor } from '../../../lib/redaction/fast-redactor.js';
import { Ranges } from '../../../lib/redaction/ranges.js';
import type { UrlScanner } from '../../../lib/redaction/url-scanner.js';
import { ROOT } from '../../helpers/code-blocks.js';
import { field, unknown } from '../../helpers/odd-fields.js';
import { redactedTwice, requestOf, requestRedactor, urlsOf } from '../../helpers/redaction.js';
import { seed } from '../../helpers/seed.js';
import { urls } from '../../helpers/urls.js';

/** With a scanner that knows no secrets, and counts the URLs that reach it. */
function fastRedactor(hasKept = false) {
  const scanned: string[] = [];
  const scan = (bytes: Buffer, start: number, end: number) =>
    scanned.push(bytes.toString('utf8', start, end));
  const redactor = new FastRedactor({ scan } as unknown as UrlScanner, new Ranges(), hasKept, new Copies());
  return { redactor, scanned };
}

test('ordinary URLs do not reach JavaScript', () => {
  const { redactor, scanned } = fastRedactor();
  const raw = requestOf(
    ...['', 'http://h', 'https://h.example/', 'https://h.example/a/b.c:d/ü', 'http://r--sn.example/?a=b'],
    ...['https://h.example/?a=b&c;d?e&&=f#g=h&i', 'https://h.example#a', 'https://h.example/?a b/c:d@e'],
  );
  expect(urlsOf(redactor.redact(raw) as Buffer)).toEqual([
    ...[
      '',
      'http://h',
      'https://h.example/',
      'https://h.example/a/b.c:d/ü',
      'http://r--sn.example/?a=REDACTED',
    ],
    'https://h.example/?a=REDACTED&REDACTED;REDACTED?REDACTED&&=REDACTED#g=REDACTED&REDACTED',
    ...['https://h.example#REDACTED', 'https://h.example/?REDACTED'],
  ]);
  expect(scanned).toEqual([]);
});

test.each([
  ...[
    '/',
    '*',
    'h:443',
    'HTTP://h/',
    'ftp://h/',
    'http://',
    'http://h:80/',
    'http://u@h/',
    'http://1.2.3.4/',
  ],
  ...[
    'http://xn--a/',
    'http://ü/',
    'http://h/a%20b',
    'http://h/a;b',
    'http://h/a=b',
    'http://h/?%61=b',
    ' http://h/',
  ],
  ...['http://h\\a', 'http://h/a\tb', 'http://h/@', 'http://h?a=b&%', 'http://[::1]/', 'http://h./'],
])('%j reaches it', (url) => {
  const { redactor, scanned } = fastRedactor();
  const raw = requestOf('http://h/p', url, 'http://h/p');
  expect(redactor.redact(raw)).toBe(raw);
  expect(scanned).toEqual([url]);
});

test('if names are kept, each URL with parameters reaches it', () => {
  const { redactor, scanned } = fastRedactor(true);
  redactor.redact(requestOf('http://h/p', 'http://h/?a=b', 'http://h/#a'));
  expect(scanned).toEqual(['http://h/?a=b', 'http://h/#a']);
});

test.each<[name: string, raw: Buffer]>([
  ['a field that does not end', Buffer.from('0aff', 'hex')],
  ['a request that is longer than a frame', requestOf('a'.repeat(32_768))],
])('it leaves %s to JavaScript', (_name, raw) => {
  expect(fastRedactor().redactor.redact(raw)).toBeUndefined();
});

test.each<[name: string, raw: Buffer]>([
  ['a key of two bytes', Buffer.from('82010100', 'hex')],
  ['a length of three bytes', Buffer.from('0a808000', 'hex')],
  ['a group', Buffer.from('0b0c', 'hex')],
  ['a long key of a URL', field(1, field(3, field(2, 'http://h/', 3), 3), 3)],
  ['as many secrets as a frame can have', requestOf(`http://h/?${'&a'.repeat(16_000)}`)],
])('it supports %s', (_name, raw) => {
  expect(fastRedactor().redactor.redact(raw)).toBeDefined();
});

/** Logs with unknown fields, and keys and lengths that are longer than necessary. */
const logs = fc
  .array(fc.tuple(urls, fc.nat(2), fc.nat(2), fc.constantFrom(Buffer.alloc(0), unknown)), { maxLength: 6 })
  .map((list) =>
    Buffer.concat(
      list.map(([url, extra, times, odd]) => {
        const text = field(2, url, extra);
        const http = field(3, Buffer.concat([...Array(times).fill(text), odd]), extra);
        return field(1, Buffer.concat([odd, http, http]), extra);
      }),
    ),
  );

test.each([[[]], [['a']]])(
  'requests of any form become the same as in JavaScript, with kept names %j',
  (keep) => {
    const redactor = requestRedactor({ keep });
    fc.assert(
      fc.property(logs, (raw) => {
        redactedTwice(raw, redactor);
      }),
      { seed, numRuns: 3000 },
    );
  },
);

test('so do full requests of one repeated log, with and without room for the marks', () => {
  const redactor = requestRedactor();
  const units = fc.array(urls, { minLength: 1, maxLength: 3 }).map((list) => requestOf(...list));
  fc.assert(
    fc.property(units, fc.constantFrom(0.3, 0.9, 1), (unit, part) => {
      const times = Math.floor((32_764 * part) / unit.length);
      redactedTwice(Buffer.concat(Array(times).fill(unit)), redactor);
    }),
    { seed, numRuns: 100 },
  );
});

test('without WebAssembly, JavaScript does it', () => {
  const program = `
    const { redact } = require(${JSON.stringify(join(ROOT, 'dist/lib/index.js'))});
    const { decodeMessage, encodeLogs } = require(${JSON.stringify(join(ROOT, 'dist/codec/index.js'))});
    const stream = redact();
    stream.on('data', (batch) => console.log(batch.request.logs[0].httpRequest.url));
    const frame = encodeLogs({ logs: [{ httpRequest: { url: 'http://u:p@h/?a=b' } }] });
    stream.write(decodeMessage({ tag: 2, payload: frame.subarray(4) }));`;
  const run = (...flags: string[]) =>
    execFileSync(process.execPath, [...flags, '-e', program], { encoding: 'utf8' });
  expect(run('--no-expose-wasm')).toBe('http://REDACTED@h/?a=REDACTED\n');
  expect(run()).toBe('http://REDACTED@h/?a=REDACTED\n');
});
