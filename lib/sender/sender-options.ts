import { randomUUID } from 'node:crypto';
import { milliseconds, type OptionTable, oneOf, orInfinity, text, wholeNumber } from '../options.js';
import { defaultSocketPath, SOCKET_PATH } from '../socket-path.js';

/** Options of {@link BoundaryLogSender}. */
export interface BoundaryLogSenderOptions {
  /** Path of the Unix socket to send to. Default: {@link defaultSocketPath}`()`. */
  socketPath?: string | undefined;
  /** Session of the events that do not name one. Default: a new UUID. */
  sessionId?: string | undefined;
  /** Confined process of the events that do not name one. Default: none. */
  confinedProcessName?: string | undefined;
  /** How many events complete a batch. Default: `10`, as in boundary. */
  batchSize?: number | undefined;
  /** How long after its first event a batch is sent at the latest, in ms. Default: `5000`, as in boundary. */
  batchDelayMs?: number | undefined;
  /**
   * When events come faster than they can be sent: `'block'` the writer, or `'drop'` the events that boundary would drop.
   * Default: `'block'`.
   */
  overflow?: 'block' | 'drop' | undefined;
  /**
   * Longest delay before the sender reconnects for the first time, in ms; each delay is random, between 0 and its longest
   * value, which doubles each time. Default: `100`.
   */
  initialDelayMs?: number | undefined;
  /** Upper limit of the longest delay, in ms. Default: `5000`. */
  maxDelayMs?: number | undefined;
  /** How many times a batch is attempted before the stream fails. Default: `Infinity`. */
  attempts?: number | undefined;
  /** How long after its first attempt a batch may be attempted again, in ms, before the stream fails. Default: `Infinity`. */
  retryForMs?: number | undefined;
  /**
   * How long the receiver may leave a frame unread, in ms, before the sender closes the connection and sends the batch
   * again on a new one. Default: `30000`.
   */
  writeTimeoutMs?: number | undefined;
  /**
   * How long `end()` may take before the stream fails, in ms; counted again from the first connection, if that is later.
   * Default: `5000`.
   */
  closeTimeoutMs?: number | undefined;
}

export const SENDER_OPTIONS = {
  socketPath: {
    ...SOCKET_PATH,
    makeDefault: defaultSocketPath,
    defaultDoc: 'defaultSocketPath()',
    doc: 'Path of the Unix socket to send to',
  },
  sessionId: {
    ...text,
    makeDefault: () => randomUUID() as string,
    defaultDoc: 'a new UUID',
    doc: 'Session of the events that do not name one',
  },
  confinedProcessName: {
    ...text,
    default: '',
    defaultDoc: 'none',
    doc: 'Confined process of the events that do not name one',
  },
  batchSize: { ...wholeNumber({ min: 1 }), default: 10, doc: 'How many events complete a batch' },
  batchDelayMs: {
    ...milliseconds({ min: 0 }),
    default: 5000,
    doc: 'How long after its first event a batch is sent at the latest, in ms',
  },
  overflow: {
    ...oneOf('block', 'drop'),
    default: 'block' as const,
    doc: "When events come faster than they can be sent: `'block'` the writer, or `'drop'` the events that boundary would drop",
  },
  initialDelayMs: {
    ...milliseconds({ min: 0 }),
    default: 100,
    doc: 'Longest delay before the sender reconnects for the first time, in ms; each delay is random, between 0 and its longest value, which doubles each time',
  },
  maxDelayMs: {
    ...milliseconds({ min: 0 }),
    default: 5000,
    doc: 'Upper limit of the longest delay, in ms',
  },
  attempts: {
    ...orInfinity(wholeNumber({ min: 1 })),
    default: Number.POSITIVE_INFINITY,
    doc: 'How many times a batch is attempted before the stream fails',
  },
  retryForMs: {
    ...orInfinity(milliseconds({ min: 0 })),
    default: Number.POSITIVE_INFINITY,
    doc: 'How long after its first attempt a batch may be attempted again, in ms, before the stream fails',
  },
  writeTimeoutMs: {
    ...orInfinity(milliseconds({ min: 1 })),
    default: 30_000,
    doc: 'How long the receiver may leave a frame unread, in ms, before the sender closes the connection and sends the batch again on a new one',
  },
  closeTimeoutMs: {
    ...orInfinity(milliseconds({ min: 1 })),
    default: 5000,
    doc: 'How long `end()` may take before the stream fails, in ms; counted again from the first connection, if that is later',
  },
} satisfies OptionTable<BoundaryLogSenderOptions>;
