import { expect, test } from '@jest/globals';
import { parseRetryAfter } from '../../../lib/reporters/failure.js';

const NOW = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
test.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['120', 120_000],
  ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
  ['Wed, 21 Oct 2026 07:00:00 GMT', 0],
  ['600', 600_000],
  ['Wed, 21 Oct 2126 07:28:00 GMT', 36_524 * 86_400_000],
  ['9'.repeat(400), Number.POSITIVE_INFINITY],
  ['-5', 0],
])('Retry-After: %p', (header, ms) => {
  expect(parseRetryAfter(header, NOW)).toBe(ms);
});
