import { expect, test } from '@jest/globals';
import { instantiate, wasmFailure } from '../../codec/web-assembly.js';

const EMPTY_MODULE = Buffer.from('0061736d01000000', 'hex').toString('base64');

test('a module that can run: its exports, and no failure', () => {
  expect(instantiate(EMPTY_MODULE)).toEqual({});
  expect(wasmFailure()).toBeUndefined();
});

test('a module that cannot run: nothing, and the reason from then on', () => {
  const withAnUnknownVersion = Buffer.from('0061736d02000000', 'hex').toString('base64');
  expect(instantiate(withAnUnknownVersion)).toBeUndefined();
  expect(instantiate(EMPTY_MODULE)).toEqual({});
  expect(String(wasmFailure())).toContain('version');
});
