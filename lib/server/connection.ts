import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Outcome } from '../../codec/index.js';
import type { RecordedConnection } from '../capture/recording.js';
import { BoundaryLogError } from '../errors.js';
import type { UrlRedactor } from '../redaction/url-redactor.js';
import type { SessionAudit } from '../sessions/session-audit.js';
import { Demux } from '../streams/demux.js';
import { FrameParser } from '../streams/frame-parser.js';
import { MessageDecoder } from '../streams/message-decoder.js';
import type { StatusSink } from '../streams/status-sink.js';
import type { TypedReadable } from '../streams/typed-stream.js';
import type { RejectReason } from '../telemetry/reject-reasons.js';
import type { Turns, Waiter } from './turns.js';

/** A chunk of at most so many bytes never waits for its turn: it contains a batch or two of a sender without much to say. */
const SMALL_BYTES = 8192;

/** The destinations that all connections of a proxy share. */
export interface Sinks {
  /** Receives each batch. Its backpressure is respected. */
  readonly logs: Writable;
  readonly status: StatusSink;
  /** Creates the stream that records the batches of a connection in a ledger. Default: there is no ledger. */
  readonly makeAudit?: (() => SessionAudit<Outcome[]>) | undefined;
  /** Creates the stream that redacts the batches of a connection. Default: they are not redacted. */
  readonly makeRedactor?: (() => UrlRedactor<true>) | undefined;
  /** Called with what was decoded, a chunk at a time, before it reaches the other sinks. Nobody waits for it. */
  readonly observe?: ((outcomes: readonly Outcome[]) => void) | undefined;
  /** Called for each rejected frame. */
  reject(reason: RejectReason, error?: BoundaryLogError): void;
  /** Records this connection. */
  readonly record?: RecordedConnection | undefined;
}

/** How long a connection may take, in ms. */
export interface TimeLimits {
  /** For a frame that has begun. */
  readonly frameTimeout: number;
  /** Without a byte from the sender. */
  readonly idleTimeout: number;
}

/**
 * One connection and its line of streams, which ends in the shared sinks. It uses no `pipeline()`, which would be
 * destroyed together with a broken socket: what the sender wrote before the connection broke must still be processed.
 */
export class Connection implements Waiter {
  /** Resolves when everything that was read has reached the sinks. */
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #reject: Sinks['reject'];
  readonly #turns: Turns;
  readonly #record: RecordedConnection | undefined;
  readonly #parser = new FrameParser({ perChunk: true });
  readonly #decoder = new MessageDecoder<Outcome, true>();
  /** Bytes that were given to the parser. */
  #given = 0;
  /** The parser has not processed what it was given: a sink is full, or it is not this connection's turn. */
  #isBlocked = false;
  #isWaiting = false;
  #hasTurn = false;
  /** Whether the proxy did not read all the time since the last look at the clock. */
  #wasPaused = false;
  #frame: number | undefined;
  #frameMs = 0;
  #bytes = -1;
  #idleMs = 0;
  #isExpired = false;

  constructor(
    socket: Socket,
    { logs, status, reject, makeAudit, makeRedactor, observe, record }: Sinks,
    turns: Turns,
    onError: (error: Error) => void,
  ) {
    this.#socket = socket;
    this.#reject = reject;
    this.#turns = turns;
    this.#record = record;
    const demux = new Demux({
      logs,
      status,
      skip: ({ error }) => {
        // The rest of a frame that took too long was rejected already.
        if (!this.#isExpired) reject(reasonOf(error), error);
      },
      close: ({ error }) => {
        reject(reasonOf(error), error);
        socket.destroy();
      },
      'unknown-variant': () => reject('unknown_variant'),
    });
    demux.on('error', (error) => {
      onError(error);
      socket.destroy();
    });
    const decoded = this.#parser.pipe(this.#decoder);
    // The audit comes before redaction, which would lose the summaries that the decoder has read.
    const audited = makeAudit === undefined ? decoded : decoded.pipe(makeAudit());
    const outcomes: TypedReadable<Outcome[]> =
      makeRedactor === undefined ? audited : audited.pipe(makeRedactor());
    // Not a stream, whose work for each batch would be a twentieth of all.
    if (observe !== undefined) outcomes.on('data', observe);
    outcomes.pipe(demux);
    // After the pipe, so that each call comes after a step: at most 100 frames were processed.
    this.#parser.on('data', () => this.#stepped());
    this.#parser.on('drain', () => {
      this.#isBlocked = false;
      this.#readOn();
    });
    // A turn may have ended at a full sink, with a parser that has nothing more to give: it does not drain then.
    this.#decoder.on('drain', () => this.#readOn());
    socket.on('data', (chunk) => this.#receive(chunk));
    let kind: 'end' | 'closed' = 'closed';
    socket.once('end', () => {
      kind = 'end';
    });
    socket.once('close', (isBroken) => {
      record?.over(isBroken ? 'broken' : kind);
      this.#parser.end();
    });
    this.done = new Promise((resolve) => demux.once('close', resolve));
  }

  /** Bytes read so far. */
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** Processes the next step of what was read. */
  takeTurn(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    if (this.#parser.isPaused()) {
      // A full sink, on the other hand, continues the parser when there is room.
      if (this.#decoder.writableNeedDrain) return;
      this.#parser.read();
      if (this.#decoder.writableNeedDrain) return;
      if (this.#parser.readableLength > 0) this.#wait();
      else this.#parser.resume();
    } else {
      this.#hasTurn = true;
      this.#socket.read();
      this.#hasTurn = false;
    }
    this.#readOn();
  }

  /**
   * Closes the connection if a frame, or its silence, took too long.
   *
   * @param ms The time since the last call. It does not count if the proxy itself did not read all the time.
   * @returns whether it was closed because of its silence.
   */
  expire(ms: number, { frameTimeout, idleTimeout }: TimeLimits): boolean {
    const wasPaused = this.#wasPaused;
    this.#wasPaused = this.#isBlocked || this.#isWaiting;
    if (wasPaused || this.#wasPaused || this.#socket.destroyed) return false;
    const { incompleteSince } = this.#parser;
    const { bytesRead } = this.#socket;
    const isSameFrame = incompleteSince !== undefined && incompleteSince === this.#frame;
    this.#frameMs = isSameFrame ? this.#frameMs + ms : 0;
    this.#frame = incompleteSince;
    this.#idleMs = bytesRead === this.#bytes ? this.#idleMs + ms : 0;
    this.#bytes = bytesRead;
    if (this.#frameMs >= frameTimeout) {
      this.#isExpired = true;
      const message = `a frame was not complete within ${frameTimeout} ms: the connection is closed`;
      this.#reject('frame_timeout', new BoundaryLogError('ERR_FRAME_TIMEOUT', message));
      this.#socket.destroy();
    } else if (this.#idleMs >= idleTimeout) {
      this.#socket.destroy();
      return true;
    }
    return false;
  }

  /** Processes what was read, and closes the connection. No sink may block any more, and nobody may have to wait. */
  close(): void {
    while (this.#isWaiting) this.takeTurn();
    this.#socket.read();
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#turns.isOver && !this.#hasTurn && chunk.length > SMALL_BYTES) {
      // Node stops reading a socket only if its own buffer is full.
      this.#socket.pause();
      this.#socket.unshift(chunk);
      this.#wait();
      return;
    }
    this.#given += chunk.length;
    this.#record?.data(chunk);
    this.#turns.arrived(chunk.length);
    if (this.#parser.write(chunk)) return;
    this.#isBlocked = true;
    this.#wasPaused = true;
    this.#socket.pause();
  }

  #stepped(): void {
    if (!this.#turns.stepped() || this.#parser.bytesConsumed === this.#given) return;
    // If a sink is full, the pipe has paused the parser.
    if (this.#parser.isPaused()) return;
    this.#parser.pause();
    this.#wait();
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#wasPaused = true;
    this.#turns.wait(this);
  }

  #readOn(): void {
    if (!this.#isBlocked && !this.#isWaiting) this.#socket.resume();
  }
}

function reasonOf({ code }: BoundaryLogError): RejectReason {
  return code.slice('ERR_'.length).toLowerCase() as RejectReason;
}
