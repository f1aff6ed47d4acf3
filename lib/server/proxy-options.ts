import type { Registry } from 'prom-client';
import { RETRY_OPTION, type RetryOptions } from '../forwarding/retrying-reporter.js';
import type { Logger } from '../logger.js';
import { MAX_WAIT_MS, type OptionTable, objectWith, oneOf, text, wholeNumber } from '../options.js';
import type { SpoolBufferOptions } from '../spool/spool-options.js';

/** Options of {@link BoundaryLogProxy}. */
export interface BoundaryLogProxyOptions {
  /** Where to listen. Default: {@link defaultSocketPath}. At most 107 bytes (on macOS 103). */
  socketPath?: string | undefined;
  /** Permissions of the socket file. Default 0o600: its own user only. */
  socketMode?: number | undefined;
  /** How many batches the buffer holds, over all connections. Default 100. */
  bufferSize?: number | undefined;
  /** How many bytes of batches the buffer holds. Default 32768 for each batch of `bufferSize`. */
  bufferBytes?: number | undefined;
  /** When the buffer is full: `drop` the newest batch, or `block` the senders. Default `drop`. */
  overflow?: 'drop' | 'block' | undefined;
  /** Keeps the batches on disk, and forwards them from there. Default: in memory, within `bufferSize`. */
  spool?: SpoolBufferOptions | undefined;
  /** Where the metrics go. Default: a registry of its own, at `proxy.registry`. */
  registry?: Registry | undefined;
  /** Default: silent. */
  logger?: Logger | undefined;
}

export const PROXY_OPTIONS: OptionTable<BoundaryLogProxyOptions> = {
  socketPath: text,
  socketMode: wholeNumber({ min: 0, max: 0o777 }),
  bufferSize: wholeNumber({ min: 1 }),
  bufferBytes: wholeNumber({ min: 1 }),
  overflow: oneOf('drop', 'block'),
  spool: {
    takes: 'an object with a folder',
    accepts: (value) => typeof value === 'object' && value !== null,
  },
  registry: objectWith('registerMetric', 'getSingleMetric', 'removeSingleMetric'),
  logger: objectWith('debug', 'info', 'warn', 'error'),
};

/** Options of {@link BoundaryLogProxy.runForwarder}. */
export interface RunForwarderOptions {
  /** Ends the run; what is buffered stays. */
  signal?: AbortSignal | undefined;
  /** How many batches are reported at the same time; see {@link Forwarder}. Default 1. */
  concurrency?: number | undefined;
  /**
   * Whether a batch that the reporter failed at is tried again, and how. Default: with a spool it is, without end
   * (`maxAttempts` and `maxElapsedMs` would defeat it, and do not count); else it is dropped, as in the reference.
   */
  retry?: RetryOptions | false | undefined;
  /** How long a report that is under way when the run ends has to come to an end, in ms. Default 1000. */
  graceMs?: number | undefined;
}

export const RUN_OPTIONS: OptionTable<RunForwarderOptions> = {
  signal: objectWith('addEventListener'),
  concurrency: wholeNumber({ min: 1, max: 1000 }),
  retry: RETRY_OPTION,
  graceMs: wholeNumber({ min: 0, max: MAX_WAIT_MS }),
};

/** Options of {@link BoundaryLogProxy.close}. */
export interface CloseOptions {
  /**
   * For how long, in ms, to go on forwarding what is buffered, and what connected senders have written
   * already. Ends sooner when there is nothing left. Default 0: not at all.
   */
  drain?: number | undefined;
}

export const CLOSE_OPTIONS: OptionTable<CloseOptions> = { drain: wholeNumber({ min: 0, max: MAX_WAIT_MS }) };
