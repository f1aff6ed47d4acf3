import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BoundaryLog, encodeLogs, encodeStatus, MAX_PAYLOAD_LENGTH } from '../../codec/index.js';
import { BoundaryLogMessage } from '../../codec/messages.js';
import { BoundaryLogError } from '../errors.js';
import { milliseconds, type OptionTable, orInfinity, resolveOptions, text, wholeNumber } from '../options.js';
import { defaultSocketPath } from '../socket-path.js';
import { type Callback, Writable } from '../streams/base.js';
import { type BoundaryEvent, logOf, toEvent } from '../text/event.js';

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

/** At most, in bytes: keys and lengths of a log, and of all else in a payload. */
const LOG_PREFIX_LENGTH = 4;
const BATCH_LENGTH = 12;

interface PendingBatch {
  sessionId: string;
  confinedProcessName: string;
  logs: BoundaryLog[];
  bytes: number;
}

/**
 * Writable, object mode: {@link BoundaryEvent}s → a receiver's socket, as boundary sends them.
 *
 * Events go in batches, by number, by time, and by bytes: none is too large for a frame. Those without a
 * `sequence_number` are numbered, those without an `event_time` have happened now. A batch that cannot be
 * written is kept, and tried again on a new connection; meanwhile `write()` gives false. "Written" is all
 * that can be known: there is no acknowledgement.
 *
 * What is no event, or alone too large for a frame, is a `drop` event (the event, the error). The receiver is
 * told how many were dropped, after the next batch or at the end.
 */
export class BoundaryLogSender extends Writable {
  readonly #socketPath: string;
  readonly #sessionId: string;
  readonly #confinedProcessName: string;
  readonly #batchSize: number;
  readonly #batchDelayMs: number;
  readonly #retryDelayMs: number;
  readonly #attempts: number;
  readonly #abort = new AbortController();
  readonly #numbers = new Map<string, number>();
  #pending: PendingBatch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #socket: Socket | undefined;
  #dropped = 0;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: BoundaryLogSenderOptions = {}) {
    const resolved = resolveOptions('BoundaryLogSender', options, SENDER_OPTIONS);
    super({ objectMode: true });
    this.#socketPath = resolved.socketPath;
    this.#sessionId = resolved.sessionId;
    this.#confinedProcessName = resolved.confinedProcessName;
    this.#batchSize = resolved.batchSize;
    this.#batchDelayMs = resolved.batchDelayMs;
    this.#retryDelayMs = resolved.retryDelayMs;
    this.#attempts = resolved.attempts;
  }

  override _write(value: unknown, _encoding: BufferEncoding, callback: Callback): void {
    this.#add(value).then(() => callback(), callback);
  }

  override _final(callback: Callback): void {
    this.#flush()
      .then(() => this.#tellDrops())
      .then(() => {
        if (this.#socket === undefined) callback();
        else this.#socket.end(() => callback());
      }, callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#socket?.destroy();
    callback(error);
  }

  async #add(value: unknown): Promise<void> {
    let event: BoundaryEvent;
    try {
      event = toEvent(value);
    } catch (error) {
      this.#drop(value, error as Error);
      return;
    }
    const sessionId = event.session_id ?? this.#sessionId;
    const confinedProcessName = event.confined_process_name ?? this.#confinedProcessName;
    const log = logOf({
      ...event,
      sequence_number: event.sequence_number ?? this.#number(sessionId),
      event_time: event.event_time ?? new Date().toISOString(),
    });
    const length = LOG_PREFIX_LENGTH + BoundaryLogMessage.encode(log).finish().length;
    const base = BATCH_LENGTH + Buffer.byteLength(sessionId) + Buffer.byteLength(confinedProcessName);
    if (base + length > MAX_PAYLOAD_LENGTH) {
      const message = `an event of ${length} bytes is too large for a frame of ${MAX_PAYLOAD_LENGTH}: shorten its URL`;
      this.#drop(value, new BoundaryLogError('ERR_MESSAGE_TOO_LARGE', message));
      return;
    }
    const pending = this.#pending;
    if (
      pending !== undefined &&
      (pending.sessionId !== sessionId ||
        pending.confinedProcessName !== confinedProcessName ||
        pending.bytes + length > MAX_PAYLOAD_LENGTH)
    ) {
      await this.#flush();
    }
    // One batch that is being sent, and one that grows, are all that is kept here.
    if (this.#pending === undefined) await this.#flushing;
    this.#pending ??= { sessionId, confinedProcessName, logs: [], bytes: base };
    this.#pending.logs.push(log);
    this.#pending.bytes += length;
    if (this.#pending.logs.length >= this.#batchSize) {
      await this.#flush();
    } else {
      this.#timer ??= setTimeout(
        () => this.#flush().catch((error) => this.destroy(error)),
        this.#batchDelayMs,
      );
    }
  }

  /** Sends what is pending, after all that was pending before. */
  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#pending;
    this.#pending = undefined;
    if (batch !== undefined) this.#flushing = this.#flushing.then(() => this.#send(batch));
    return this.#flushing;
  }

  async #send({ bytes: _, ...request }: PendingBatch): Promise<void> {
    const frame = encodeLogs(request);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#writeToSocket(frame);
        break;
      } catch (cause) {
        if (attempt >= this.#attempts) {
          const message = `cannot send to ${this.#socketPath}: ${(cause as Error).message}. Does a proxy serve it?`;
          throw new BoundaryLogError('ERR_SEND_FAILED', message, { cause });
        }
        await sleep(this.#retryDelayMs, undefined, { signal: this.#abort.signal }).catch(() => undefined);
        if (this.#abort.signal.aborted) throw destroyed();
      }
    }
    await this.#tellDrops();
  }

  /** On the connection that a batch was just written to, as boundary does. */
  async #tellDrops(): Promise<void> {
    if (this.#dropped === 0 || this.#socket === undefined) return;
    const droppedBatchFull = this.#dropped;
    this.#dropped = 0;
    await this.#writeToSocket(encodeStatus({ droppedBatchFull })).catch(() => {
      this.#dropped += droppedBatchFull;
    });
  }

  async #writeToSocket(frame: Buffer): Promise<void> {
    const socket = this.#socket ?? (await this.#connect());
    await new Promise<void>((resolve, reject) => {
      socket.write(frame, (error) => (error ? reject(error) : resolve()));
    });
  }

  async #connect(): Promise<Socket> {
    if (this.#abort.signal.aborted) throw destroyed();
    const socket = connect(this.#socketPath);
    this.#socket = socket;
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    await new Promise<void>((resolve, reject) => {
      // The listener stays: the close that follows a later error says enough, the next write connects anew.
      socket
        .once('connect', resolve)
        .on('error', reject)
        .once('close', () => reject(destroyed()));
    });
    socket.resume();
    return socket;
  }

  #number(sessionId: string): number {
    const number = this.#numbers.get(sessionId) ?? 0;
    this.#numbers.set(sessionId, number + 1);
    return number;
  }

  #drop(event: unknown, error: Error): void {
    this.#dropped += 1;
    this.emit('drop', event, error);
  }
}

function destroyed(): BoundaryLogError {
  return new BoundaryLogError('ERR_CLOSED', 'the sender was destroyed before this was sent');
}
