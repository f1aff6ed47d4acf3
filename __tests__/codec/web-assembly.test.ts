import { expect, test } from '@jest/globals';
import { instantiate, wasmFailure } from '../../codec/web-assembly.js';

const EMPTY_MODULE = Buffer.from('0061736d01000000', 'hex').toString('base64');

test('a module that can run returns its exports, and there is no failure', () => {
  expect(instantiate(EMPTY_MODULE)).toEqual({});
  expect(wasmFailure()).toBeUndefined();
});

test('a module that cannot run returns undefined, and the failure is kept', () => {
  const withAnUnknownVersion = Buffer.from('0061736d02000000', 'hex').toString('base64');
  expect(instantiate(withAnUnknownVersion)).toBeUndefined();
  expect(instantiate(EMPTY_MODULE)).toEqual({});
  expect(String(wasmFailure())).toContain('version');
});
