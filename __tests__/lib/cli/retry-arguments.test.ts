import { describe, expect, test } from '@jest/globals';
import { Command, Option } from 'commander';
import { addRetryOptions, type RetryArguments, retryFrom } from '../../../lib/cli/retry-arguments.js';
import { thrown } from '../../helpers/thrown.js';

function parse(...args: string[]): RetryArguments {
  const command = addRetryOptions(new Command('serve').addOption(new Option('--no-retry')))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(args, { from: 'user' }).opts();
}

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
    ['stdout', ['--report-timeout', '5'], { ...BASE, timeoutMs: Number.POSITIVE_INFINITY }],
    ['coder', [], { ...BASE, maxElapsedMs: Number.POSITIVE_INFINITY }],
    ['coder', ['--retry-elapsed', '60'], { ...BASE, maxElapsedMs: 60_000 }],
    ['null', ['--retry-elapsed', 'off'], { ...BASE, maxElapsedMs: Number.POSITIVE_INFINITY }],
    ['null', ['--retry-initial-delay', '0.25'], { ...BASE, initialDelayMs: 250 }],
    ['null', ['--retry-factor', '1.5'], { ...BASE, factor: 1.5 }],
    ['null', ['--retry-max-delay', '5'], { ...BASE, maxDelayMs: 5000 }],
    ['null', ['--retry-attempts', '3'], { ...BASE, maxAttempts: 3 }],
    ['null', ['--max-retry-after', '600'], { ...BASE, maxRetryAfterMs: 600_000 }],
    ['null', ['--report-timeout', 'off'], { ...BASE, timeoutMs: Number.POSITIVE_INFINITY }],
    [
      'null',
      ['--report-timeout', '20', '--report-max-timeout', '60'],
      { ...BASE, timeoutMs: 20_000, maxTimeoutMs: 60_000 },
    ],
  ])('--reporter %s %j', (reporter, args, expected) => {
    expect(retryFrom(parse(...args), reporter)).toEqual(expected);
  });

  test('--no-retry', () => {
    expect(retryFrom(parse('--no-retry'), 'coder')).toBe(false);
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
    const error = thrown(() => parse(`${name}=${value}`));
    expect([value, error]).toEqual([value, expect.objectContaining({ code: 'ERR_INVALID_OPTION' })]);
  }
});

test.each(['--retry-initial-delay', '--retry-elapsed', '--report-timeout', '--max-retry-after'])(
  '%s cannot be combined with --no-retry',
  (name) => {
    expect(() => parse('--no-retry', name, '5')).toThrow(/cannot be used with option '--no-retry'/);
  },
);
