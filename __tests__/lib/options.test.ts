import { describe, expect, test } from '@jest/globals';
import {
  anything,
  checkOptions,
  invalidOption,
  type OptionCheck,
  objectWith,
  oneOf,
  text,
  wholeNumber,
} from '../../lib/options.js';
import { thrown } from '../helpers/thrown.js';

describe('what an option takes', () => {
  test.each<[name: string, check: OptionCheck, good: unknown[], bad: unknown[]]>([
    [
      'a whole number of at least 1',
      wholeNumber({ min: 1 }),
      [1, 2, Number.MAX_SAFE_INTEGER],
      [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', 1n, null, true, [1]],
    ],
    ['a whole number from 0 to 511', wholeNumber({ min: 0, max: 0o777 }), [0, 511], [-1, 512, '0', 0.5]],
    ['one of drop, block', oneOf('drop', 'block'), ['drop', 'block'], ['', 'Drop', 'drop,block', null, 0]],
    [
      'a text of at least one character, without NUL and lone surrogates',
      text,
      ['x', ' ', '/tmp/a.sock'],
      ['', 'a\0b', 'a\ud800', 5, null, Buffer.from('x')],
    ],
    [
      'an object with open, close',
      objectWith('open', 'close'),
      [
        { open() {}, close() {} },
        new (class {
          open() {}
          close() {}
        })(),
      ],
      [{ open() {} }, { open() {}, close: true }, {}, null, 'open', 5, undefined],
    ],
    ['anything', anything, [undefined, null, 0, '', {}], []],
  ])('%s', (takes, check, good, bad) => {
    expect(check.takes).toBe(takes);
    expect(good.filter((value) => !check.accepts(value))).toEqual([]);
    expect(bad.filter((value) => check.accepts(value))).toEqual([]);
  });
});

const TABLE = { size: wholeNumber({ min: 1 }), mode: oneOf('a', 'b') };

test.each<[name: string, options: { size?: unknown; mode?: unknown }]>([
  ['none', {}],
  ['all', { size: 1, mode: 'b' }],
  ['some that are undefined', { size: undefined, mode: 'a' }],
  ['others, which are not looked at', { other: 5 } as object],
])('options go through: %s', (_name, options) => {
  expect(() => checkOptions('Thing', options, TABLE)).not.toThrow();
});

test('the first option that is wrong is the error', () => {
  expect(thrown(() => checkOptions('Thing', { mode: 'c', size: 0 }, TABLE))).toMatchObject({
    name: 'BoundaryLogError',
    code: 'ERR_INVALID_OPTION',
    message: 'Thing: size: got 0, takes a whole number of at least 1',
  });
});

test.each([
  ['a text', '"a text"'],
  ['', '""'],
  [5, '5'],
  [5n, '5'],
  [null, 'null'],
  [{ secret: 1 }, 'an object'],
  [[1], 'an array'],
  [() => 1, 'a function'],
  [undefined, 'undefined'],
  [Symbol('s'), 'Symbol(s)'],
])('an error says what it got: %p as %s', (got, shown) => {
  expect(invalidOption('--size', got, 'less').message).toBe(`--size: got ${shown}, takes less`);
});
