import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { sleep } from '../abort.js';
import { BoundaryLogError } from '../errors.js';
import { MAX_WAIT_MS } from '../options.js';
import { messageOf, token } from '../printable.js';
import type { CaptureFault } from './capture-decoder.js';
import { gapNote } from './gap-note.js';
import type { CaptureRecord } from './record.js';

/**
 * How long the end waits until the receiver has closed its connections, too, in ms. If a socket is closed while something
 * that the receiver wrote is unread, the receiver may lose what it has not read.
 */
const LINGER_MS = 2000;

export interface ReplayOptions {
  /** The socket of the receiver. */
  readonly path: string;
  /** How many times faster than recorded; Infinity for no delays. */
  readonly speed: number;
  /** Ends the replay. */
  readonly signal: AbortSignal;
  /** Called with everything that a person should know. */
  note(text: string): void;
}

/** What a replay did. */
export interface Replayed {
  connections: number;
  /** Bytes that the system accepted for the receiver. */
  bytes: number;
  /** Bytes that could not be sent, because the receiver had closed the connection. */
  unsent: number;
  /** By how many ms the replay was late at most, because the receiver did not read as fast as the capture. */
  lateMs: number;
  /** Whether the receiver was offered everything that senders had written. */
  isComplete: boolean;
}

/**
 * Sends a capture to a socket: the same connections, bytes and ends, in the same order. A record is sent only when the
 * system has accepted the one before it, so a receiver that does not read delays everything.
 *
 * @throws ERR_REPLAY_FAILED if the receiver cannot be connected to.
 */
export async function replay(
  records: AsyncIterable<CaptureRecord | CaptureFault>,
  options: ReplayOptions,
): Promise<Replayed> {
  const { speed, signal, note } = options;
  const done: Replayed = { connections: 0, bytes: 0, unsent: 0, lateMs: 0, isComplete: true };
  const open = new Map<number, Replaying>();
  const clock = new ReplayClock(speed, signal);
  /** All connections that are not closed on both sides. */
  const all = new Set<Replaying>();
  const stop = () => {
    for (const connection of all) connection.destroy();
  };
  signal.addEventListener('abort', stop);
  try {
    for await (const record of records) {
      if (record.kind === 'start') continue;
      if (record.kind === 'fault') {
        note(`${record.error.code}: ${record.error.message}`);
        done.isComplete = false;
        continue;
      }
      // A connection that is open stays open until the recorder ended.
      if (record.kind !== 'finish' || open.size > 0) await clock.reach(record.time);
      if (signal.aborted) break;
      if (record.kind === 'open') {
        const connection = await Replaying.open(record.connection, options);
        open.set(record.connection, connection);
        all.add(connection);
        connection.closed.then(() => all.delete(connection));
        done.connections += 1;
      } else if (record.kind === 'data') {
        await open.get(record.connection)?.send(record.bytes, done);
      } else if (record.kind === 'gap') {
        note(gapNote(record));
        done.isComplete = false;
        open.get(record.connection)?.over('gap');
        open.delete(record.connection);
      } else if (record.kind !== 'finish') {
        const isAsRecorded = open.get(record.connection)?.over(record.kind);
        if (isAsRecorded === false) done.isComplete = false;
        // What the receiver closed when it was recorded stays until it closes it again, or until the end.
        if (record.kind !== 'closed') open.delete(record.connection);
      }
    }
    for (const connection of open.values()) {
      if (!signal.aborted && !connection.over('finish')) done.isComplete = false;
    }
    await linger([...all], signal);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
  done.lateMs = clock.lateMs;
  if (signal.aborted) done.isComplete = false;
  return done;
}

async function linger(connections: readonly Replaying[], signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  const all = Promise.all(connections.map(({ closed }) => closed));
  await Promise.race([all, sleep(LINGER_MS, AbortSignal.any([signal, end.signal]))]);
  end.abort();
}

/** When a record is due. The first one is due at once. */
class ReplayClock {
  lateMs = 0;
  readonly #speed: number;
  readonly #signal: AbortSignal;
  #first: number | undefined;
  #begun = 0;

  constructor(speed: number, signal: AbortSignal) {
    this.#speed = speed;
    this.#signal = signal;
  }

  /** Waits until a time of the capture, in µs, or until the signal aborts. */
  async reach(time: number): Promise<void> {
    if (this.#first === undefined) {
      this.#first = time;
      this.#begun = performance.now();
    }
    if (this.#speed === Number.POSITIVE_INFINITY) return;
    const due = this.#begun + (time - this.#first) / 1000 / this.#speed;
    this.lateMs = Math.max(this.lateMs, performance.now() - due);
    for (let left = due - performance.now(); left >= 1; left = due - performance.now()) {
      if (this.#signal.aborted) return;
      await sleep(Math.min(left, MAX_WAIT_MS), this.#signal);
    }
  }
}

/** One connection to the receiver. */
class Replaying {
  /** Resolves when both sides have closed it. */
  readonly closed: Promise<void>;
  readonly #number: number;
  readonly #socket: Socket;
  readonly #options: ReplayOptions;
  #isOver = false;
  #unsent = 0;

  private constructor(number: number, socket: Socket, options: ReplayOptions) {
    this.#number = number;
    this.#socket = socket;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      if (socket.destroyed) resolve();
      else socket.once('close', () => resolve());
    });
    socket.on('error', () => undefined);
    // What the receiver sends is not part of a capture.
    socket.resume().on('end', () => {
      // The receiver has closed it, as it did when it was recorded.
      if (this.#isOver) socket.end();
    });
  }

  /** @throws ERR_REPLAY_FAILED */
  static async open(number: number, options: ReplayOptions): Promise<Replaying> {
    const { path, signal } = options;
    // A receiver that has ended its side may still read.
    const socket = connect({ path, allowHalfOpen: true });
    try {
      await once(socket, 'connect', { signal });
    } catch (cause) {
      socket.on('error', () => undefined).destroy();
      if (!signal.aborted) {
        const message = `cannot connect to ${token(path)}: ${messageOf(cause)}. Does a receiver listen on it?`;
        throw new BoundaryLogError('ERR_REPLAY_FAILED', message, { cause });
      }
    }
    return new Replaying(number, socket, options);
  }

  /** Resolves when the system has accepted the bytes, or the receiver has gone. */
  async send(bytes: Buffer, done: Replayed): Promise<void> {
    const error = await new Promise<unknown>((resolve) => {
      if (this.#socket.destroyed) resolve(new Error('it is closed'));
      // Node reports a write as done that the end of the socket has interrupted.
      else this.#socket.write(bytes, (error) => resolve(error || this.#socket.destroyed));
    });
    if (!error) {
      done.bytes += bytes.length;
      return;
    }
    const { signal, note } = this.#options;
    if (this.#unsent === 0 && !signal.aborted) note(`connection ${this.#number}: the receiver has closed it`);
    this.#unsent += bytes.length;
    done.unsent += bytes.length;
  }

  /**
   * Ends the connection as it ended when it was recorded.
   *
   * @returns whether the receiver was offered all its bytes, or had closed it then, too.
   */
  over(how: 'end' | 'broken' | 'closed' | 'gap' | 'finish'): boolean {
    const isExpected = this.#isOver;
    this.#isOver = true;
    if (how === 'broken') this.#socket.destroy();
    else if (how !== 'closed' || this.#socket.readableEnded) this.#socket.end();
    return this.#unsent === 0 || how === 'broken' || how === 'closed' || isExpected;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
