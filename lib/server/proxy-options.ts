import type { Registry } from 'prom-client';
import { FORWARDER_OPTIONS } from '../forwarding/forwarder.js';
import type { RetryOptions } from '../forwarding/retrying-reporter.js';
import type { Logger } from '../logger.js';
import { LOGGER_OPTION, milliseconds, type OptionTable, objectWith, text, wholeNumber } from '../options.js';
import { defaultSocketPath } from '../socket-path.js';
import type { SpoolBufferOptions } from '../spool/spool-options.js';
import { LOG_BUFFER_OPTIONS } from '../streams/log-buffer.js';
import { Registry as PromRegistry } from '../telemetry/prom-client.js';

/** Options of {@link BoundaryLogProxy}. */
export interface BoundaryLogProxyOptions {
  /**
   * Path of the Unix socket to listen on. At most 107 bytes, on macOS 103. Default: {@link defaultSocketPath}`()`.
   */
  socketPath?: string | undefined;
  /** Permissions of the socket file. Default: `0o600`. */
  socketMode?: number | undefined;
  /** How many batches the buffer holds, over all connections. Default: `100`. */
  bufferSize?: number | undefined;
  /** How many bytes of batches the buffer holds. Default: 32768 for each batch of `bufferSize`. */
  bufferBytes?: number | undefined;
  /** When the buffer is full: `'drop'` the newest batch, or `'block'` the senders. Default: `'drop'`. */
  overflow?: 'drop' | 'block' | undefined;
  /**
   * Stores the batches on disk: `{ folder, maxBytes = 256 MiB, sync = false }`. They are forwarded from there, and
   * `bufferSize` and `bufferBytes` do not apply. Default: in memory.
   */
  spool?: SpoolBufferOptions | undefined;
  /** The prom-client registry for the metrics. It is also at `proxy.registry`. Default: a new registry. */
  registry?: Registry | undefined;
  /** A pino logger, or any object with its four methods. Default: silent. */
  logger?: Logger | undefined;
}

export const PROXY_OPTIONS = {
  socketPath: {
    ...text,
    makeDefault: defaultSocketPath,
    defaultDoc: 'defaultSocketPath()',
    doc: 'Path of the Unix socket to listen on',
  },
  socketMode: {
    ...wholeNumber({ min: 0, max: 0o777 }),
    default: 0o600,
    defaultDoc: '0o600',
    doc: 'Permissions of the socket file',
  },
  bufferSize: {
    ...LOG_BUFFER_OPTIONS.maxBatches,
    doc: 'How many batches the buffer holds, over all connections',
  },
  bufferBytes: {
    ...LOG_BUFFER_OPTIONS.maxBytes,
    defaultDoc: '32768 for each batch of `bufferSize`',
    doc: 'How many bytes of batches the buffer holds',
  },
  overflow: {
    ...LOG_BUFFER_OPTIONS.overflow,
    doc: "When the buffer is full: `'drop'` the newest batch, or `'block'` the senders",
  },
  spool: {
    expected: 'an object with a folder',
    accepts: (value) => typeof value === 'object' && value !== null,
    defaultDoc: 'in memory',
    doc: 'Stores the batches on disk: `{ folder, maxBytes = 256 MiB, sync = false }`',
  },
  registry: {
    ...objectWith('registerMetric', 'getSingleMetric', 'removeSingleMetric'),
    makeDefault: () => new PromRegistry(),
    defaultDoc: 'a new registry',
    doc: 'The prom-client registry for the metrics',
  },
  logger: LOGGER_OPTION,
} satisfies OptionTable<BoundaryLogProxyOptions>;

/** Options of {@link BoundaryLogProxy.runForwarder}. */
export interface RunForwarderOptions {
  /** Ends the run when it aborts. The buffer keeps its batches. Default: the run ends with `close()`. */
  signal?: AbortSignal | undefined;
  /** How many batches are reported at the same time; more than 1 gives up their order. Default: `1`. */
  concurrency?: number | undefined;
  /**
   * Whether and how a batch is retried after the reporter failed. If it is `false`, the batch is dropped, as in
   * Coder's workspace agent. With a spool, `maxAttempts` and `maxElapsedMs` do not apply, because the spool keeps the
   * batch until it is delivered. Default: `false`; with a spool `{}`.
   */
  retry?: RetryOptions | false | undefined;
  /** How long the run, when it ends, waits for reports in progress, in ms. Default: `1000`. */
  graceMs?: number | undefined;
}

export const RUN_OPTIONS = {
  signal: {
    ...objectWith('addEventListener'),
    defaultDoc: 'the run ends with `close()`',
    doc: 'Ends the run when it aborts',
  },
  concurrency: FORWARDER_OPTIONS.concurrency,
  retry: {
    expected: FORWARDER_OPTIONS.retry.expected,
    accepts: FORWARDER_OPTIONS.retry.accepts,
    defaultDoc: '`false`; with a spool `{}`',
    doc: FORWARDER_OPTIONS.retry.doc,
  },
  graceMs: {
    ...milliseconds({ min: 0 }),
    default: 1000,
    doc: 'How long the run, when it ends, waits for reports in progress, in ms',
  },
} satisfies OptionTable<RunForwarderOptions>;

/** Options of {@link BoundaryLogProxy.close}. */
export interface CloseOptions {
  /**
   * How long to keep forwarding, in ms. This covers buffered batches and what connected senders have already written.
   * It ends sooner if nothing is left. Default: `0`.
   */
  drain?: number | undefined;
}

export const CLOSE_OPTIONS = {
  drain: { ...milliseconds({ min: 0 }), default: 0, doc: 'How long to keep forwarding, in ms' },
} satisfies OptionTable<CloseOptions>;
