import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchPairs } from '../helpers/batch-pairs.js';

const seed = Number(process.env.TEST_SEED);

const comparisons: Record<string, (actual: unknown, expected: unknown) => void> = {
  toEqual: (a, b) => expect(a).toEqual(b),
  toStrictEqual: (a, b) => expect(a).toStrictEqual(b),
  toMatchObject: (a, b) => expect(a).toMatchObject(b as object),
  'a snapshot': (a, b) => expect(JSON.stringify(a)).toBe(JSON.stringify(b)),
};

describe.each(Object.entries(comparisons))('%s', (_name, compare) => {
  const passes = (a: unknown, b: unknown) => {
    try {
      compare(a, b);
      return true;
    } catch {
      return false;
    }
  };

  test('finds two batches equal if and only if their tags and bytes are', () => {
    const property = fc.property(batchPairs, ({ batches: [a, b], areEqual }) => {
      expect([passes(a, b), passes(b, a)]).toEqual([areEqual, areEqual]);
    });
    fc.assert(property, { seed, numRuns: 200 });
  });
});
