import { type OptionTable, wholeNumber } from '../options.js';
import { RETRY_OPTION, type RetryOptions } from './retry-options.js';

/** Options of `Forwarder`. */
export interface ForwarderOptions {
  /** How many batches are reported at the same time; more than 1 gives up their order. Default: `1`. */
  concurrency?: number | undefined;
  /**
   * Whether and how a batch is retried after the reporter failed. If it is `false`, the batch is dropped, as in
   * Coder's workspace agent. Default: `false`.
   */
  retry?: RetryOptions | false | undefined;
  /**
   * How long a report waits for more batches, in ms, if the reporter combines batches (`coalesce`). It does not wait if
   * it is full, or after `end()` or `hurry()`. Default: `0`.
   */
  lingerMs?: number | undefined;
}

export const FORWARDER_OPTIONS = {
  concurrency: {
    ...wholeNumber({ min: 1, max: 1000 }),
    default: 1,
    doc: 'How many batches are reported at the same time; more than 1 gives up their order',
  },
  retry: RETRY_OPTION,
  lingerMs: {
    ...wholeNumber({ min: 0, max: 60_000 }),
    default: 0,
    doc: 'How long a report waits for more batches, in ms, if the reporter combines batches (`coalesce`)',
  },
} satisfies OptionTable<ForwarderOptions>;
