import { randomUUID } from 'node:crypto';
import type { LogsInput } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import type { BoundaryLogSenderEvents } from '../events.js';
import { retry } from '../forwarding/retry.js';
import { GuardedEvents } from '../guard.js';
import { milliseconds, type OptionTable, orInfinity, resolveOptions, text, wholeNumber } from '../options.js';
import { messageOf, token } from '../printable.js';
import { defaultSocketPath } from '../socket-path.js';
import { type Callback, Writable } from '../streams/base.js';
import { type EncodableMessage, MessageEncoder } from '../streams/message-encoder.js';
import type { BoundaryEvent } from '../text/event.js';
import { EventBatcher } from './event-batcher.js';
import { ReconnectingSocket } from './reconnecting-socket.js';

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
  /** Delay before the sender reconnects, in ms. Default: `5000`, as in boundary. */
  retryDelayMs?: number | undefined;
  /** How many times a batch is attempted before the stream fails. Default: `Infinity`. */
  attempts?: number | undefined;
}

export const SENDER_OPTIONS = {
  socketPath: {
    ...text,
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
  retryDelayMs: {
    ...milliseconds({ min: 0 }),
    default: 5000,
    doc: 'Delay before the sender reconnects, in ms',
  },
  attempts: {
    ...orInfinity(wholeNumber({ min: 1 })),
    default: Number.POSITIVE_INFINITY,
    doc: 'How many times a batch is attempted before the stream fails',
  },
} satisfies OptionTable<BoundaryLogSenderOptions>;

/**
 * Writable, object mode: {@link BoundaryEvent}s → the Unix socket of a receiver, in batches, as boundary sends them.
 *
 * A batch is sent when it has enough events, when it has waited long enough, or when the next event does not fit into
 * its frame. Events without a `sequence_number` are numbered, and those without an `event_time` get the current time.
 * A batch that cannot be written is kept, and written again on a new connection; meanwhile `write()` returns false.
 * The protocol has no acknowledgements, so "written" is all that the sender can know.
 *
 * An invalid event, or one that alone is too large for a frame, is a `drop` event with the event and the error. After
 * the next batch, or at the end, the sender reports the number of these drops to the receiver.
 */
export class BoundaryLogSender extends Writable<BoundaryEvent, BoundaryLogSenderEvents> {
  readonly #events = new GuardedEvents(this);
  readonly #batcher: EventBatcher;
  readonly #encoder = new MessageEncoder();
  readonly #socket: ReconnectingSocket;
  readonly #batchDelayMs: number;
  readonly #retryDelayMs: number;
  readonly #attempts: number;
  readonly #destroying = new AbortController();
  /** Sends the pending batch when it has waited long enough. */
  #timer: NodeJS.Timeout | undefined;
  /** Settles when all completed batches are written. */
  #writing: Promise<void> = Promise.resolve();
  #unreportedDrops = 0;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: BoundaryLogSenderOptions = {}) {
    const { socketPath, batchDelayMs, retryDelayMs, attempts, ...batching } = resolveOptions(
      'BoundaryLogSender',
      options,
      SENDER_OPTIONS,
    );
    super({ objectMode: true });
    this.#batcher = new EventBatcher(batching);
    this.#socket = new ReconnectingSocket(socketPath);
    this.#batchDelayMs = batchDelayMs;
    this.#retryDelayMs = retryDelayMs;
    this.#attempts = attempts;
    // #encode() throws this error.
    this.#encoder.on('error', () => undefined);
  }

  override _write(value: unknown, _encoding: BufferEncoding, callback: Callback): void {
    this.#add(value).then(() => callback(), callback);
  }

  override _final(callback: Callback): void {
    this.#send(this.#batcher.complete())
      .then(() => this.#reportDrops())
      .then(() => this.#socket.end())
      .then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    clearTimeout(this.#timer);
    this.#destroying.abort();
    this.#socket.destroy();
    callback(error);
  }

  async #add(value: unknown): Promise<void> {
    let completed: LogsInput | undefined;
    try {
      completed = this.#batcher.add(value, new Date());
    } catch (error) {
      this.#unreportedDrops += 1;
      this.#events.emit('drop', value, error);
      return;
    }
    // The next event waits until all completed batches are written, so that the sender does not collect batches.
    await this.#send(completed);
    // After a destroy() in the same turn nobody would clear this timer, and it would keep the process alive.
    if (!this.#batcher.isEmpty && !this.destroyed)
      this.#timer ??= setTimeout(this.#onBatchDue, this.#batchDelayMs);
  }

  readonly #onBatchDue = (): void => {
    this.#send(this.#batcher.complete()).catch((error) => this.destroy(error));
  };

  /** Writes a batch, after all earlier ones. Resolves when all of them are written. */
  #send(batch: LogsInput | undefined): Promise<void> {
    if (batch !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write(batch));
    }
    return this.#writing;
  }

  async #write(request: LogsInput): Promise<void> {
    const frame = this.#encode({ kind: 'logs', request });
    const { signal } = this.#destroying;
    const delayMs = () => this.#retryDelayMs;
    try {
      await retry(() => this.#socket.write(frame), { signal, delayMs, maxAttempts: this.#attempts });
    } catch (cause) {
      if (signal.aborted) throw cause;
      const message = `cannot send to ${token(this.#socket.path)}: ${messageOf(cause)}. Does a proxy listen on it?`;
      throw new BoundaryLogError('ERR_SEND_FAILED', message, { cause });
    }
    await this.#reportDrops();
  }

  /** Like boundary, the sender reports drops on a connection that a batch was written to, and never opens one for it. */
  async #reportDrops(): Promise<void> {
    if (this.#unreportedDrops === 0 || !this.#socket.isConnected) return;
    const droppedBatchFull = this.#unreportedDrops;
    this.#unreportedDrops = 0;
    await this.#socket.write(this.#encode({ kind: 'status', droppedBatchFull })).catch(() => {
      this.#unreportedDrops += droppedBatchFull;
    });
  }

  /**
   * The frame of a message, by the public encoder. It is not piped to the socket, because a pipe would lose the frame
   * when the connection breaks; the sender keeps it until it is written.
   */
  #encode(message: EncodableMessage): Buffer {
    this.#encoder.write(message);
    const frame: Buffer | null = this.#encoder.read();
    if (frame === null) throw this.#encoder.errored;
    return frame;
  }
}
