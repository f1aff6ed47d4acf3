import { isIPv4 as nodeIPv4, isIPv6 as nodeIPv6 } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isIPv4, isIPv6 } from '../../../lib/redaction/address.js';
import { seed } from '../../helpers/seed.js';

/** Between other bytes that could belong to an address. */
const within = (text: string, check: typeof isIPv4) => {
  const bytes = Buffer.from(`1:${text}.1`, 'latin1');
  return check(bytes, 2, bytes.length - 2);
};

const numbers = fc.constantFrom(
  '0',
  '1',
  '9',
  '10',
  '99',
  '255',
  '256',
  '1000',
  '01',
  '00',
  'a',
  '',
  ' ',
  '1a',
);
const groups = fc.constantFrom(
  '0',
  '1',
  'f',
  'FF',
  'abcd',
  '0000',
  '00000',
  '12345',
  'g',
  '',
  '1.2.3.4',
  '1.2.3',
  '01.2.3.4',
);
const separators = fc.constantFrom(':', ':', ':', ':', '::', ':::', '.', '');

function texts(parts: fc.Arbitrary<string>, separator: fc.Arbitrary<string>, maxLength: number) {
  const list = fc.array(fc.tuple(parts, separator), { maxLength });
  return fc.tuple(separator, list, fc.boolean()).map(([start, all, isStarted]) => {
    const text = all.map((pair) => pair.join('')).join('');
    return (isStarted ? start : '') + text;
  });
}

/** An address that one part was added to, or removed from. */
const changed = fc
  .tuple(fc.ipV6(), fc.nat(), fc.nat(1), fc.oneof(groups, separators))
  .map(([text, at, removed, piece]) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + piece + text.slice(index + removed);
  });

test.each<[string, typeof isIPv4, (text: string) => boolean, fc.Arbitrary<string>]>([
  [
    'IPv4',
    isIPv4,
    nodeIPv4,
    fc.oneof(
      fc.ipV4(),
      fc.array(numbers, { minLength: 3, maxLength: 5 }).map((all) => all.join('.')),
    ),
  ],
  ['IPv6', isIPv6, nodeIPv6, fc.oneof(fc.ipV6(), changed, texts(groups, separators, 9))],
])('%s: every text is an address if Node says so', (_name, check, ofNode, text) => {
  let addresses = 0;
  fc.assert(
    fc.property(text, (one) => {
      const is = within(one, check);
      if (is) addresses += 1;
      if (is !== ofNode(one)) expect({ one, is }).toEqual({ one, is: ofNode(one) });
    }),
    { seed, numRuns: 10_000 },
  );
  expect(addresses).toBeGreaterThan(1000);
});
