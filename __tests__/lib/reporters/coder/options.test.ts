import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { CoderReporter, type CoderReporterOptions } from '../../../../lib/reporters/coder/index.js';
import { thrown } from '../../../helpers/thrown.js';

const GOOD = { url: 'https://coder.example.com', token: 'secret-token' };

test.each<[option: keyof CoderReporterOptions, value: unknown]>([
  ['url', undefined],
  ['url', null],
  ['url', 'coder.example.com'],
  ['url', 'ws://coder.example.com'],
  ['url', 'https://user:password@coder.example.com'],
  ['url', 'https://coder.example.com/?a=b'],
  ['url', 'https://coder.example.com/#a'],
  ['token', undefined],
  ['token', ''],
  ['token', 'secret token'],
  ['token', 'secret-token\n'],
  ['token', 1],
  ['allowOldServer', 'yes'],
  ['callTimeoutMs', 0],
  ['connectTimeoutMs', 2 ** 31],
  ['reconnectInitialDelayMs', -1],
  ['reconnectMaxDelayMs', Number.NaN],
  ['keepAliveMs', 30_001],
  ['logger', {}],
])('the option %s rejects %p', (option, value) => {
  const error = thrown(() => new CoderReporter({ ...GOOD, [option]: value } as CoderReporterOptions));
  expect(error).toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringContaining(`CoderReporter: ${option}: got`),
  });
  expect(inspect(error)).not.toContain('secret');
});
