import { describe, expect, test } from '@jest/globals';
import {
  anything,
  documentedDefault,
  flag,
  invalidOption,
  milliseconds,
  type OptionCheck,
  type OptionRow,
  type OptionTable,
  objectWith,
  oneOf,
  orInfinity,
  resolveOptions,
  text,
  wholeNumber,
} from '../../lib/options.js';
import { thrown } from '../helpers/thrown.js';

describe('what an option accepts', () => {
  test.each<[name: string, check: OptionCheck, good: unknown[], bad: unknown[]]>([
    [
      'a whole number of at least 1',
      wholeNumber({ min: 1 }),
      [1, 2, Number.MAX_SAFE_INTEGER],
      [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', 1n, null, true, [1]],
    ],
    ['a whole number from 0 to 511', wholeNumber({ min: 0, max: 0o777 }), [0, 511], [-1, 512, '0', 0.5]],
    [
      'a whole number from 0 to 2147483647',
      milliseconds({ min: 0 }),
      [0, 2 ** 31 - 1],
      [-1, 2 ** 31, Number.POSITIVE_INFINITY],
    ],
    [
      'a whole number of at least 1, or Infinity',
      orInfinity(wholeNumber({ min: 1 })),
      [1, Number.POSITIVE_INFINITY],
      [0, Number.NEGATIVE_INFINITY, 'Infinity'],
    ],
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
  ])('%s', (expected, check, good, bad) => {
    expect(check.expected).toBe(expected);
    expect(good.filter((value) => !check.accepts(value))).toEqual([]);
    expect(bad.filter((value) => check.accepts(value))).toEqual([]);
  });
});

interface ThingOptions {
  size?: number | undefined;
  mode?: 'a' | 'b' | undefined;
  id?: string | undefined;
  limit?: number | undefined;
}

let ids = 0;
const TABLE = {
  size: { ...wholeNumber({ min: 1 }), default: 10, doc: 'Size' },
  mode: { ...oneOf('a', 'b'), default: 'b', doc: 'Mode' },
  id: { ...text, makeDefault: () => `id ${++ids}`, defaultDoc: 'a new id', doc: 'Id' },
  limit: { ...wholeNumber({ min: 1 }), defaultDoc: 'twice the size', doc: 'Limit' },
} satisfies OptionTable<ThingOptions>;

test.each<[name: string, options: object, resolved: object]>([
  ['none', {}, { size: 10, mode: 'b', limit: undefined }],
  ['all', { size: 1, mode: 'a', limit: 3 }, { size: 1, mode: 'a', limit: 3 }],
  ['some that are undefined', { size: undefined, mode: 'a' }, { size: 10, mode: 'a', limit: undefined }],
])('resolveOptions adds the defaults: %s', (_name, options, resolved) => {
  const { id, ...others } = resolveOptions('Thing', options as ThingOptions, TABLE);
  expect(others).toEqual(resolved);
  expect(id).toBe(`id ${ids}`);
});

test('resolveOptions makes a default only if the option was left out', () => {
  const before = ids;
  const { id }: { id: string } = resolveOptions('Thing', { id: 'mine' } as ThingOptions, TABLE);
  expect([id, ids]).toEqual(['mine', before]);
});

test.each<[row: OptionRow, shown: string]>([
  [TABLE.size, '10'],
  [TABLE.mode, "'b'"],
  [TABLE.id, 'a new id'],
  [TABLE.limit, 'twice the size'],
  [{ ...flag, doc: 'Flag', default: false }, 'false'],
  [{ ...flag, doc: 'Flag' }, ''],
])('the documentation shows the default of %j as %s', (row, shown) => {
  expect(documentedDefault(row)).toBe(shown);
});

test.each<[name: string, options: object, message: string]>([
  [
    'near a known one',
    { sizes: 5 },
    'got the unknown option "sizes", expected size, mode, id, limit: did you mean size?',
  ],
  [
    'that is undefined',
    { moed: undefined },
    'got the unknown option "moed", expected size, mode, id, limit: did you mean mode?',
  ],
  ['far from all', { x: 5 }, 'got the unknown option "x", expected size, mode, id, limit'],
  [
    'of the prototype',
    Object.create({ other: 5 }),
    'got the unknown option "other", expected size, mode, id, limit',
  ],
])('an unknown option %s is an error, before any other one', (_name, options, message) => {
  const error = thrown(() =>
    resolveOptions('Thing', Object.assign(options, { size: 0 }) as ThingOptions, TABLE),
  );
  expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', message: `Thing: ${message}` });
});

test('options may have other options as their prototype', () => {
  const options: ThingOptions = Object.create({ size: 7 });
  expect(resolveOptions('Thing', options, TABLE).size).toBe(7);
});

test.each([
  [null, 'null'],
  [5, '5'],
  ['x', '"x"'],
  [[], 'an array'],
  [new Map(), 'a Map'],
  [() => 1, 'a function'],
])('%p in place of options is an error', (options, shown) => {
  const error = thrown(() => resolveOptions('Thing', options as object, TABLE));
  expect(error?.message).toBe(`Thing: options: got ${shown}, expected an object of options`);
});

test('the error names the first option with an unacceptable value', () => {
  expect(thrown(() => resolveOptions('Thing', { mode: 'c', size: 0 } as object, TABLE))).toMatchObject({
    name: 'BoundaryLogError',
    code: 'ERR_INVALID_OPTION',
    message: 'Thing: size: got 0, expected a whole number of at least 1',
  });
});

test.each([
  ['a text', '"a text"'],
  ['', '""'],
  [5, '5'],
  [5n, '5'],
  [null, 'null'],
  [{ secret: 1 }, 'an object'],
  [new Date(0), 'a Date'],
  [new Error('secret'), 'an Error'],
  [class Thing {}, 'the class Thing'],
  [[1], 'an array'],
  [() => 1, 'a function'],
  [undefined, 'undefined'],
  [Symbol('s'), 'Symbol(s)'],
])('an error shows the value %p as %s', (got, shown) => {
  expect(invalidOption('--size', got, 'less').message).toBe(`--size: got ${shown}, expected less`);
});
