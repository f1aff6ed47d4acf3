import { describe, expect, test } from '@jest/globals';
import { address, byteSize, choice, count, fileMode } from '../../../lib/cli/arguments.js';

describe.each([
  ['choice', choice('--x', 'a', 'b'), [['a', 'a']], ['c', '', 'A']],
  [
    'count',
    count('--x', { min: 1, max: 9 }),
    [
      ['1', 1],
      ['9', 9],
    ],
    ['0', '10', '1.5', '-1', '1e0', 'many', ''],
  ],
  [
    'fileMode',
    fileMode('--x'),
    [
      ['0600', 0o600],
      ['660', 0o660],
    ],
    ['1777', '0o600', '60', '888', ''],
  ],
  [
    'byteSize',
    byteSize('--x'),
    [
      ['1', 1],
      ['12B', 12],
      ['64KiB', 65_536],
      ['256MiB', 268_435_456],
      ['2GiB', 2_147_483_648],
    ],
    ['0', '1.5MiB', '1MB', '1 KiB', '-1', '99999999GiB', 'many', ''],
  ],
  [
    'address',
    address('--x'),
    [
      ['127.0.0.1:9465', { host: '127.0.0.1', port: 9465 }],
      ['localhost:0', { host: 'localhost', port: 0 }],
      ['[::1]:80', { host: '::1', port: 80 }],
      ['off', 'off'],
    ],
    ['9465', ':9465', '127.0.0.1', '127.0.0.1:65536', '::1:80', 'http://a:1', ''],
  ],
] as const)('%s', (_name, parse, good, bad) => {
  test.each(good.map(([text, value]) => [text, value] as const))('%s', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  test.each(bad)('"%s" is rejected', (text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(
          `^--x: got ${JSON.stringify(text).replace(/[[\]]/g, '\\$&')}, expected `,
        ),
      }),
    );
  });
});
