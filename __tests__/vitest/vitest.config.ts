/** Jest runs these tests: see `__tests__/codec/comparison.test.ts`. Their names keep them out of its own. */
export default { test: { include: ['*.vitest.ts'] } };
