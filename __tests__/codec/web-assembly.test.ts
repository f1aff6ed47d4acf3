import { expect, test } from '@jest/globals';
import { instantiate } from '../../codec/web-assembly.js';

const EMPTY_MODULE = Buffer.from('0061736d01000000', 'hex').toString('base64');

test('what a module exports', () => {
  expect(instantiate(EMPTY_MODULE)).toEqual({});
});

test('a module that cannot run here', () => {
  const withAnUnknownVersion = Buffer.from('0061736d02000000', 'hex').toString('base64');
  expect(instantiate(withAnUnknownVersion)).toBeUndefined();
});
