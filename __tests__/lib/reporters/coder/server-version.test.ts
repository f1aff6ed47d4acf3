import { expect, test } from '@jest/globals';
import { isNewEnough } from '../../../../lib/reporters/coder/server-version.js';

test.each([
  ['v2.31.0+abc1234', true],
  ['v2.31.0-devel+abc1234', true],
  ['2.31.0', true],
  ['v2.32.1', true],
  ['v3.0.0-rc.1', true],
  ['v2.30.9+abc1234', false],
  ['v2.9.0', false],
  ['v1.99.0', false],
  ['v0.27.3', false],
  ['v0.0.0-devel+abc1234', undefined],
  ['v2.31', undefined],
  ['devel', undefined],
  ['', undefined],
  ['2.31.0.1.2', undefined],
  [undefined, undefined],
  [231, undefined],
])('version %p: new enough: %p', (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});
