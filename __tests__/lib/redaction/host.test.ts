import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHostAndPort } from '../../../lib/redaction/host.js';
import { ParsedNames } from '../../../lib/redaction/parsed-names.js';
import { seed } from '../../helpers/seed.js';

const isHost = (text: string) => {
  const bytes = Buffer.from(`//${text}/`);
  return isHostAndPort(bytes, 2, bytes.length - 1, new ParsedNames());
};

test.each([
  'h',
  'h.example',
  'h.example.',
  'a_b.example',
  '*.example',
  '~',
  '-',
  'r3---sn.example',
  '1a',
  '1.2.3.4',
  '1.2.3.4.',
  '255.255.255.255:65535',
  'h:',
  'h:0',
  '[::1]',
  '[::1]:80',
  '[1:2:3:4:5:6:7:8]',
  '[::ffff:255.255.255.255]',
  'bücher.example',
])('%j is a host', (text) => {
  expect(isHost(text)).toBe(true);
});

test.each([
  '',
  '.',
  'h..',
  ':80',
  'h:65536',
  'h:x',
  'h:-1',
  'h h',
  'h%41',
  'h(',
  '1',
  '127.1',
  '0x7f.1',
  '1.2.3.0x4',
  '256.1.1.1',
  '1.2.3.4.5',
  '01.2.3.4',
  '[::1',
  '::1',
  '[]',
  '[::1%25eth0]',
  '[::1%eth0]',
  '[1:2:3:4:5:6:7:8:9]',
  '[::01.2.3.4]',
  'xn--a',
  'h\0',
])('%j is not a host', (text) => {
  expect(isHost(text)).toBe(false);
});

const pieces = fc.constantFrom(
  ...[
    'a',
    'Z',
    '1',
    '0',
    '255',
    '256',
    '0x',
    'xn--',
    'XN--',
    'bcher-kva',
    '-',
    '--',
    '.',
    '_',
    '~',
    '*',
    '%41',
  ],
  ...[
    'ü',
    'ß',
    '＠',
    '／',
    '．',
    '１',
    'א',
    '\u200d',
    '😀',
    ':',
    ':80',
    '[',
    ']',
    '[::1]',
    '::',
    'ffff',
    '1.2.3.4',
  ],
);

test('every host is one for Node, too', () => {
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 8 }), (parts) => {
      const text = parts.join('');
      if (!isHost(text)) return;
      const { username, host } = new URL(`http://${text}/`);
      if (host === '' || username !== '')
        expect({ text, username, host }).toEqual({ text, username: '', host: text });
    }),
    { seed, numRuns: 10_000 },
  );
});
