import { type Command, Option } from 'commander';
import { FORWARDER_OPTIONS } from '../forwarding/forwarder-options.js';
import { RETRY_OPTIONS } from '../forwarding/retry-options.js';
import type { RunForwarderOptions } from '../server/proxy-options.js';
import { count, numberOf, seconds, timeLimit } from './arguments.js';

/** How `serve` forwards: times in seconds, except for `linger`. */
export interface RetryArguments {
  retry: boolean;
  retryInitialDelay: number;
  retryFactor: number;
  retryMaxDelay: number;
  retryAttempts: number;
  /** Undefined if it depends on the reporter. */
  retryElapsed: number | undefined;
  maxRetryAfter: number;
  reportTimeout: number;
  reportMaxTimeout: number;
  /** In ms. */
  linger: number;
}

const DAY = 86_400;

/** Adds the options that {@link RetryArguments} contains to a command. */
export function addRetryOptions(command: Command): Command {
  const { initialDelayMs, factor, maxDelayMs, timeoutMs, maxTimeoutMs, maxRetryAfterMs } = RETRY_OPTIONS;
  const options = [
    new Option(
      '--retry-initial-delay <seconds>',
      'longest delay before the first retry; each delay is random',
    )
      .argParser(seconds('--retry-initial-delay', { min: 0, max: DAY }))
      .default(initialDelayMs.default / 1000),
    new Option('--retry-factor <factor>', 'factor by which the longest delay grows with each retry')
      .argParser(numberOf('--retry-factor', factor))
      .default(factor.default),
    new Option('--retry-max-delay <seconds>', 'upper limit of the longest delay')
      .argParser(seconds('--retry-max-delay', { min: 0, max: DAY }))
      .default(maxDelayMs.default / 1000),
    new Option(
      '--retry-attempts <n>',
      'how many times a batch is attempted before it is dropped, or off; ignored with --spool',
    )
      .argParser(count('--retry-attempts', { min: 1, orOff: true }))
      .default(Number.POSITIVE_INFINITY, 'off'),
    new Option(
      '--retry-elapsed <seconds>',
      'how many seconds a batch is retried before it is dropped, or off; ignored with --spool',
    )
      .argParser(timeLimit('--retry-elapsed'))
      .default(undefined, '300; with --reporter coder off'),
    new Option('--max-retry-after <seconds>', 'longest delay that a server may ask for, as with Retry-After')
      .argParser(seconds('--max-retry-after', { min: 0, max: DAY }))
      .default(maxRetryAfterMs.default / 1000),
    new Option(
      '--report-timeout <seconds>',
      'how many seconds one attempt may take, or off; without effect on stdout',
    )
      .argParser(timeLimit('--report-timeout'))
      .default(timeoutMs.default / 1000),
    new Option(
      '--report-max-timeout <seconds>',
      'upper limit of --report-timeout, which doubles after each attempt that took too long',
    )
      .argParser(count('--report-max-timeout', { min: 1, max: DAY }))
      .default(maxTimeoutMs.default / 1000),
  ];
  for (const option of options) command.addOption(option.conflicts('retry'));
  return command.addOption(
    new Option(
      '--linger <ms>',
      'how many milliseconds a report waits for more batches; with --reporter coder, which combines them',
    )
      .argParser(count('--linger', { min: 0, max: 60_000 }))
      .default(FORWARDER_OPTIONS.lingerMs.default),
  );
}

/** The retries that the arguments ask for. */
export function retryFrom(options: RetryArguments, reporter: string): RunForwarderOptions['retry'] {
  if (!options.retry) return false;
  const unlimited = Number.POSITIVE_INFINITY;
  // Usually an operator has to fix what Coder refuses, so batches are kept as long as there is room.
  const elapsed = options.retryElapsed ?? (reporter === 'coder' ? unlimited : 300);
  return {
    initialDelayMs: options.retryInitialDelay * 1000,
    factor: options.retryFactor,
    maxDelayMs: options.retryMaxDelay * 1000,
    maxAttempts: options.retryAttempts,
    maxElapsedMs: elapsed * 1000,
    // A line that was written cannot be withdrawn, so the proxy waits for a slow reader.
    timeoutMs: reporter === 'stdout' ? unlimited : options.reportTimeout * 1000,
    maxTimeoutMs: options.reportMaxTimeout * 1000,
    maxRetryAfterMs: options.maxRetryAfter * 1000,
  };
}
