import { describe, expect, test } from '@jest/globals';
import { retryFrom } from '../../../lib/cli/retry-arguments.js';
import { resolvedFlags } from '../../helpers/configuration.js';

const BASE = {
  initialDelayMs: 1000,
  factor: 2,
  maxDelayMs: 30_000,
  maxAttempts: Number.POSITIVE_INFINITY,
  maxElapsedMs: 300_000,
  timeoutMs: 10_000,
  maxTimeoutMs: 300_000,
  maxRetryAfterMs: 300_000,
};

describe('the retries of serve:', () => {
  test.each<[string, string[], object]>([
    ['null', [], BASE],
    ['stdout', [], { ...BASE, timeoutMs: Number.POSITIVE_INFINITY }],
    ['coder', [], { ...BASE, maxElapsedMs: Number.POSITIVE_INFINITY }],
    ['coder', ['--retry-elapsed', '60'], { ...BASE, maxElapsedMs: 60_000 }],
    ['null', ['--retry-elapsed', 'off'], { ...BASE, maxElapsedMs: Number.POSITIVE_INFINITY }],
    ['null', ['--retry-initial-delay', '0.25'], { ...BASE, initialDelayMs: 250 }],
    ['null', ['--retry-factor', '1.5'], { ...BASE, factor: 1.5 }],
    ['null', ['--retry-max-delay', '5'], { ...BASE, maxDelayMs: 5000 }],
    ['null', ['--retry-attempts', '3'], { ...BASE, maxAttempts: 3 }],
    [
      'coder',
      ['--max-retry-after', '600'],
      { ...BASE, maxElapsedMs: Number.POSITIVE_INFINITY, maxRetryAfterMs: 600_000 },
    ],
    ['null', ['--report-timeout', 'off'], { ...BASE, timeoutMs: Number.POSITIVE_INFINITY }],
    [
      'null',
      ['--report-timeout', '20', '--report-max-timeout', '60'],
      { ...BASE, timeoutMs: 20_000, maxTimeoutMs: 60_000 },
    ],
  ])('--reporter %s %j', (reporter, args, expected) => {
    const { options, problems } = resolvedFlags('--reporter', reporter, ...args);
    expect(problems).toEqual([]);
    expect(retryFrom(options, reporter)).toEqual(expected);
  });

  test('--no-retry', () => {
    expect(retryFrom(resolvedFlags('--no-retry').options, 'coder')).toBe(false);
  });
});

test.each([
  ['--retry-initial-delay', ['-1', '0.0005', 'soon', '86401', '']],
  ['--retry-factor', ['0.5', '-2', 'x', '1e3', '']],
  ['--retry-max-delay', ['-1', '1e3', '']],
  ['--retry-attempts', ['0', '1.5', 'never', '']],
  ['--retry-elapsed', ['0', '-1', '1.5', 'never', '']],
  ['--max-retry-after', ['-1', '86401', '']],
  ['--report-timeout', ['0', '86401', '']],
  ['--report-max-timeout', ['0', 'off', '']],
  ['--linger', ['-1', '60001', '0.5', '']],
])('%s rejects what is not valid', (name, values) => {
  for (const value of values) {
    const { problems } = resolvedFlags(`${name}=${value}`);
    expect(problems).toEqual([expect.stringMatching(`^${name}: got "${value}", expected `)]);
  }
});

test.each([
  ['--retry-initial-delay', '5', '--no-retry'],
  ['--retry-factor', '5', '--no-retry'],
  ['--retry-max-delay', '5', '--no-retry'],
  ['--retry-attempts', '5', '--no-retry'],
  ['--retry-attempts', '5', '--spool', '/d'],
  ['--retry-elapsed', '5', '--no-retry'],
  ['--retry-elapsed', '5', '--spool', '/d'],
  ['--max-retry-after', '5', '--no-retry'],
  ['--max-retry-after', '5', '--reporter', 'null'],
  ['--report-timeout', '5', '--no-retry'],
  ['--report-timeout', '5', '--reporter', 'stdout'],
  ['--report-max-timeout', '5', '--reporter', 'stdout'],
  ['--linger', '5', '--reporter', 'null'],
])('%s %s has no effect with %s %s', (name, value, ...other) => {
  expect(resolvedFlags(name, value, ...other).problems).toEqual([
    `${name} has no effect with ${other.join(' ')}`,
  ]);
});
