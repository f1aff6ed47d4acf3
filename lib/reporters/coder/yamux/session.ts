import { BoundaryLogError } from '../../../errors.js';
import { encodeFrame } from './encode.js';
import { Flag, type Frame, FrameType, GoAwayCode, MAX_STREAM_ID, SESSION } from './frame.js';
import { FrameDecoder } from './frame-decoder.js';
import { Stream, type StreamEvents } from './stream.js';

/** How long the other end has for the answer to a ping, in ms. */
export const PING_TIMEOUT_MS = 10_000;

export interface SessionOptions {
  /** Sends bytes to the other end. */
  send(bytes: Buffer): void;
  /** The session is over, and all its streams are. Once. */
  onEnd(error: BoundaryLogError): void;
  /** How long after the answer to a ping the next one is sent, in ms. */
  keepAliveMs: number;
  /** Id of the first stream. Default 1. */
  firstStreamId?: number;
}

/**
 * The client's side of a yamux session, over whatever carries bytes. Streams are opened from this side only.
 * It answers pings, and sends its own: an other end that has fallen silent is found within `keepAliveMs` and
 * {@link PING_TIMEOUT_MS}.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #decoder = new FrameDecoder();
  readonly #streams = new Map<number, Stream>();
  #nextStreamId: number;
  #pings = 0;
  #timer: NodeJS.Timeout | undefined;
  #goneAway = false;
  #ended = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#nextStreamId = options.firstStreamId ?? 1;
    this.#keepAlive();
  }

  /** Whether a stream can be opened. */
  get isOpen(): boolean {
    return !this.#ended && !this.#goneAway;
  }

  /** A new stream. Only where {@link isOpen}. */
  open(events: StreamEvents): Stream {
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    // Ids do not come again: a new session has new ones.
    if (this.#nextStreamId > MAX_STREAM_ID) this.#goneAway = true;
    const owner = {
      send: (bytes: Buffer) => this.#send(bytes),
      forget: (streamId: number) => this.#forget(streamId),
    };
    const stream = new Stream(id, owner, events);
    this.#streams.set(id, stream);
    return stream;
  }

  /** What came from the other end. What breaks the protocol ends the session. */
  receive(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.decode(chunk)) {
        if (this.#ended) return;
        this.#take(frame);
      }
    } catch (error) {
      this.#send(encodeFrame(FrameType.GO_AWAY, Flag.NONE, SESSION, GoAwayCode.PROTOCOL_ERROR));
      this.end(error as BoundaryLogError);
    }
  }

  /** Says good-bye, and ends. */
  close(error: BoundaryLogError): void {
    if (this.#ended) return;
    this.#send(encodeFrame(FrameType.GO_AWAY, Flag.NONE, SESSION, GoAwayCode.NORMAL));
    this.end(error);
  }

  /** What carried the session is gone, or no good any more. */
  end(error: BoundaryLogError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const stream of this.#streams.values()) stream.end(error);
    this.#streams.clear();
    this.#options.onEnd(error);
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case FrameType.PING:
        if ((frame.flags & Flag.SYN) !== 0) {
          this.#send(encodeFrame(FrameType.PING, Flag.ACK, SESSION, frame.length));
        } else if (frame.length === this.#pings) {
          this.#keepAlive();
        }
        break;
      case FrameType.GO_AWAY:
        this.#goAway(frame.length);
        break;
      default:
        // What this side has done with is dropped; a stream that the other end opens, it may not have.
        if ((frame.flags & Flag.SYN) !== 0) {
          this.#send(encodeFrame(FrameType.WINDOW_UPDATE, Flag.RST, frame.streamId));
        } else {
          this.#streams.get(frame.streamId)?.receive(frame);
        }
    }
  }

  #goAway(code: number): void {
    if (code !== GoAwayCode.NORMAL) {
      const message = `Coder has ended the session with the yamux code ${code}`;
      this.end(new BoundaryLogError('ERR_CONNECTION_LOST', message));
      return;
    }
    this.#goneAway = true;
    this.#endIfDone();
  }

  #forget(streamId: number): void {
    this.#streams.delete(streamId);
    this.#endIfDone();
  }

  /** Once there are to be no new streams, the last one's end is the session's. */
  #endIfDone(): void {
    if (!this.#goneAway || this.#streams.size > 0) return;
    this.close(new BoundaryLogError('ERR_CONNECTION_LOST', 'Coder wants no more calls in this session'));
  }

  /** Nothing follows a good-bye. */
  #send(bytes: Buffer): void {
    if (!this.#ended) this.#options.send(bytes);
  }

  #keepAlive(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#pings = (this.#pings + 1) >>> 0;
      this.#send(encodeFrame(FrameType.PING, Flag.SYN, SESSION, this.#pings));
      this.#timer = setTimeout(() => {
        const message = `Coder has fallen silent: no answer to a ping within ${PING_TIMEOUT_MS} ms`;
        this.end(new BoundaryLogError('ERR_CONNECTION_LOST', message));
      }, PING_TIMEOUT_MS).unref();
    }, this.#options.keepAliveMs).unref();
  }
}
