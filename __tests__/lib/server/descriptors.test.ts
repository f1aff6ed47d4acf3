import { describe, expect, test } from '@jest/globals';
import { descriptorBudget, SpareDescriptor } from '../../../lib/server/descriptors.js';

describe('the budget of descriptors', () => {
  test.each([
    // limit, open, maxConnections → connections, http
    [1_000_000, 30, 1024, 1024, 64],
    [1024, 30, 1024, 906, 64],
    [1024, 30, 100, 100, 64],
    [256, 30, 1024, 152, 50],
    [64, 24, 1024, 12, 4],
    // There is always one.
    [64, 40, 1024, 1, 1],
    [20, 30, 1024, 1, 1],
    [Number.POSITIVE_INFINITY, 0, 1024, 1024, 64],
    [Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 64],
  ])('of %p with %p open, for %p connections', (limit, open, max, connections, http) => {
    expect(descriptorBudget(max, limit, open)).toEqual({ connections, http });
    // What is left is enough for the spool, the reporter and the rest.
    if (connections > 1 && Number.isFinite(limit))
      expect(limit - open - connections - http).toBeGreaterThanOrEqual(24);
  });

  test('comes from the limits of this process', () => {
    expect(descriptorBudget(10).connections).toBe(10);
    expect(descriptorBudget(Number.MAX_SAFE_INTEGER).connections).toBeGreaterThan(10);
  });
});

test('without a shortage, a spare descriptor reports nothing', () => {
  const shortages: unknown[] = [];
  const spare = new SpareDescriptor((error) => shortages.push(error));
  expect([spare.check(), spare.check()]).toEqual([true, true]);
  spare.release();
  spare.release();
  expect(spare.check()).toBe(true);
  spare.release();
  expect(shortages).toEqual([]);
});
