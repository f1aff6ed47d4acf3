import { isRecord } from '../../codec/argument.js';
import type { RecordOptions } from '../capture/recording.js';
import type { BatchSource } from '../forwarding/batch-source.js';
import { FORWARDER_OPTIONS } from '../forwarding/forwarder-options.js';
import type { RetryOptions } from '../forwarding/retry-options.js';
import type { Logger } from '../logger.js';
import {
  callable,
  flag,
  LOGGER_OPTION,
  milliseconds,
  type OptionTable,
  objectWith,
  orInfinity,
  text,
  wholeNumber,
} from '../options.js';
import type { RedactOptions } from '../redaction/redact-options.js';
import { defaultSocketPath, SOCKET_PATH } from '../socket-path.js';
import type { SpoolBufferOptions } from '../spool/spool-options.js';
import { LOG_BUFFER_OPTIONS } from '../streams/log-buffer.js';
import { STATUS_SINK_OPTIONS } from '../streams/status-sink.js';
import { type MetricsRegistry, Registry } from '../telemetry/prom-client.js';
import type { SessionsOptions } from './sessions-options.js';

/** Options of {@link BoundaryLogProxy}. */
export interface BoundaryLogProxyOptions {
  /**
   * Path of the Unix socket to listen on. At most 107 bytes, on macOS 103. Default: {@link defaultSocketPath}`()`.
   */
  socketPath?: string | undefined;
  /** Permissions of the socket file. Default: `0o600`. */
  socketMode?: number | undefined;
  /** Group of the socket file: a name from `/etc/group`, or a number. Default: that of a new file. */
  socketGroup?: string | number | undefined;
  /**
   * A descriptor of a Unix socket that another program listens on, such as systemd. `socketPath`, `socketMode`,
   * `socketGroup` and `replace` do not apply then. Default: the proxy creates the socket.
   */
  socketFd?: number | undefined;
  /**
   * Whether to take over from a proxy that listens on the path. That proxy must have `onReplace`. If nobody listens
   * there, this has no effect. Default: `false`.
   */
  replace?: boolean | undefined;
  /**
   * Called when another proxy has taken over from this one, which should then `close()`. Pass a `drain`. For this, the
   * proxy listens on a second socket, `<socketPath>.control`. Default: no proxy can take over.
   */
  onReplace?: (() => void) | undefined;
  /**
   * Takes batches from a source, such as a `JetStreamSource`, in place of the socket. The source keeps each batch until
   * every reporter has accepted it. `overflow` is `'block'` then, and `spool`, `record` and `sessions` are refused.
   * Default: the proxy listens on a socket.
   */
  source?: BatchSource | undefined;
  /**
   * The names of the reporters, each of which receives every batch; each is 1 to 32 of a-z, 0-9 and `-`. Each has a
   * buffer, and with a spool a part of its folder, of its own. Default: `['main']`.
   */
  reporters?: readonly string[] | undefined;
  /** How many batches the buffer holds, over all connections. Default: `100`. */
  bufferSize?: number | undefined;
  /** How many bytes of batches the buffer holds. Default: 32768 for each batch of `bufferSize`. */
  bufferBytes?: number | undefined;
  /** When the buffer is full: `'drop'` the newest batch, or `'block'` the senders. Default: `'drop'`. */
  overflow?: 'drop' | 'block' | undefined;
  /**
   * Whether a connection that has more than an equal share of the buffer has its newest batch dropped before the buffer
   * is full. Thus a connection without a batch in it finds room. Ignored with `overflow: 'block'` and with a spool.
   * Default: `false`.
   */
  fairShare?: boolean | undefined;
  /**
   * How many connections may be open; more are closed at once. Fewer, if the process may not open so many files.
   * Default: `1024`.
   */
  maxConnections?: number | undefined;
  /**
   * How long a frame that has begun may take, in ms, before its connection is closed. Time in which the proxy itself does
   * not read does not count. `Infinity` turns it off. Default: `30000`.
   */
  frameTimeout?: number | undefined;
  /** How long a sender may be silent, in ms, before its connection is closed. Default: `Infinity`. */
  idleTimeout?: number | undefined;
  /**
   * Stores the batches on disk: `{ folder, maxBytes = 256 MiB, sync = false }`. They are forwarded from there, and
   * `bufferSize` and `bufferBytes` do not apply. Default: in memory.
   */
  spool?: SpoolBufferOptions | undefined;
  /**
   * Removes the values of parameters and the credentials from the URLs of each batch before it is buffered:
   * `{ keep = [], pattern }`. Default: nothing is removed.
   */
  redact?: RedactOptions | undefined;
  /**
   * Records what is received to a file, as a capture: `{ path, maxBytes = 1 GiB }`. Default: nothing is recorded.
   */
  record?: RecordOptions | undefined;
  /**
   * The largest count that a status report may contain; a report with a larger one is rejected. The Go implementation
   * has no limit, which is `Infinity` here. Default: `4294967295`.
   */
  maxStatusCount?: number | undefined;
  /**
   * Finds out, per session, which events are missing, and who lost them: `{ idle = 600000, maxSessions = 10000, onEnd }`.
   * The results are in `proxy.sessions`, in the metrics, and in a line of the log when a session ends. Default: off.
   */
  sessions?: SessionsOptions | undefined;
  /** The prom-client registry for the metrics. It is also at `proxy.registry`. Default: a new registry. */
  registry?: MetricsRegistry | undefined;
  /** A pino logger, or any object with its four methods. Default: silent. */
  logger?: Logger | undefined;
}

export const PROXY_OPTIONS = {
  socketPath: {
    ...SOCKET_PATH,
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
  socketGroup: {
    expected: 'the name of a group, or a whole number of at least 0',
    accepts: (value) =>
      (typeof value === 'string' ? text : wholeNumber({ min: 0, max: 2 ** 32 - 2 })).accepts(value),
    defaultDoc: 'that of a new file',
    doc: 'Group of the socket file: a name from `/etc/group`, or a number',
  },
  socketFd: {
    ...wholeNumber({ min: 0, max: 2 ** 31 - 1 }),
    defaultDoc: 'the proxy creates the socket',
    doc: 'A descriptor of a Unix socket that another program listens on, such as systemd',
  },
  replace: { ...flag, default: false, doc: 'Whether to take over from a proxy that listens on the path' },
  onReplace: {
    ...callable,
    defaultDoc: 'no proxy can take over',
    doc: 'Called when another proxy has taken over from this one, which should then `close()`',
  },
  source: {
    ...objectWith('receive', 'resume', 'deliveries', 'accepted', 'returned', 'rejected', 'stop', 'close'),
    defaultDoc: 'the proxy listens on a socket',
    doc: 'Takes batches from a source, such as a `JetStreamSource`, in place of the socket',
  },
  reporters: {
    expected: 'an array of different names, each of 1 to 32 of a-z, 0-9 and -, and at least one',
    accepts: (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      new Set(value).size === value.length &&
      value.every((name) => typeof name === 'string' && /^[a-z0-9-]{1,32}$/.test(name)),
    default: ['main'] as readonly string[],
    defaultDoc: "['main']",
    doc: 'The names of the reporters, each of which receives every batch',
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
  fairShare: {
    ...LOG_BUFFER_OPTIONS.fairShare,
    doc: 'Whether a connection that has more than an equal share of the buffer has its newest batch dropped before the buffer is full',
  },
  maxConnections: {
    ...orInfinity(wholeNumber({ min: 1 })),
    default: 1024,
    doc: 'How many connections may be open; more are closed at once',
  },
  frameTimeout: {
    ...orInfinity(milliseconds({ min: 1 })),
    default: 30_000,
    doc: 'How long a frame that has begun may take, in ms, before its connection is closed',
  },
  idleTimeout: {
    ...orInfinity(milliseconds({ min: 1 })),
    default: Number.POSITIVE_INFINITY,
    doc: 'How long a sender may be silent, in ms, before its connection is closed',
  },
  spool: {
    expected: 'an object with a folder',
    // SpoolBuffer checks the options.
    accepts: isRecord,
    defaultDoc: 'in memory',
    doc: 'Stores the batches on disk: `{ folder, maxBytes = 256 MiB, sync = false }`',
  },
  redact: {
    expected: 'an object with keep and pattern, or an empty one',
    accepts: isRecord,
    defaultDoc: 'nothing is removed',
    doc: 'Removes the values of parameters and the credentials from the URLs of each batch before it is buffered: `{ keep = [], pattern }`',
  },
  record: {
    expected: 'an object with a path',
    accepts: (value) => typeof value === 'object' && value !== null,
    defaultDoc: 'nothing is recorded',
    doc: 'Records what is received to a file, as a capture: `{ path, maxBytes = 1 GiB }`',
  },
  maxStatusCount: STATUS_SINK_OPTIONS.maxStatusCount,
  sessions: {
    expected: 'an object with idle, maxSessions and onEnd, or an empty one',
    accepts: isRecord,
    defaultDoc: 'off',
    doc: 'Finds out, per session, which events are missing, and who lost them: `{ idle = 600000, maxSessions = 10000, onEnd }`',
  },
  registry: {
    ...objectWith('registerMetric', 'getSingleMetric', 'removeSingleMetric'),
    makeDefault: (): MetricsRegistry => new Registry(),
    defaultDoc: 'a new registry',
    doc: 'The prom-client registry for the metrics',
  },
  logger: LOGGER_OPTION,
} satisfies OptionTable<BoundaryLogProxyOptions>;

/** Options of {@link BoundaryLogProxy.runForwarder}. */
export interface RunForwarderOptions {
  /** Which of the proxy's `reporters` this is. Default: the first one. */
  name?: string | undefined;
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
  /**
   * How long a report waits for more batches, in ms, if the reporter combines batches (`coalesce`). It does not wait if
   * it is full, or while the proxy drains. Default: `0`.
   */
  lingerMs?: number | undefined;
  /** How long the run, when it ends, waits for reports in progress, in ms. Default: `1000`. */
  graceMs?: number | undefined;
}

export const RUN_OPTIONS = {
  name: { ...text, defaultDoc: 'the first one', doc: "Which of the proxy's `reporters` this is" },
  signal: {
    expected: 'an AbortSignal',
    accepts: (value) => value instanceof AbortSignal,
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
  lingerMs: FORWARDER_OPTIONS.lingerMs,
  graceMs: {
    ...milliseconds({ min: 0 }),
    default: 1000,
    doc: 'How long the run, when it ends, waits for reports in progress, in ms',
  },
} satisfies OptionTable<RunForwarderOptions>;

/** How a run retries. With a spool no batch is given up, so attempts end only with the run. */
export function retryPolicy(retry: RunForwarderOptions['retry'], hasSpool: boolean): RetryOptions | false {
  if (!hasSpool) return retry ?? false;
  if (retry === false) return false;
  return { ...retry, maxAttempts: Number.POSITIVE_INFINITY, maxElapsedMs: Number.POSITIVE_INFINITY };
}

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
