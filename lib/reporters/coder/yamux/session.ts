import { BoundaryLogError } from '../../../errors.js';
import { encodeFrame } from './encode.js';
import { Flag, type Frame, FrameType, GoAwayCode, MAX_STREAM_ID, SESSION } from './frame.js';
import { FrameDecoder } from './frame-decoder.js';
import { Stream, type StreamEvents } from './stream.js';

/** How long the server has to answer a ping, in ms. */
const PING_TIMEOUT_MS = 10_000;

export interface SessionOptions {
  /** Sends bytes to the server. */
  send(bytes: Buffer): void;
  /** The session and all its streams have ended. Called once. */
  onEnd(error: BoundaryLogError): void;
  /** How long after the answer to a ping the next ping is sent, in ms. */
  keepAliveMs: number;
  /** Id of the first stream. Default: 1. */
  firstStreamId?: number;
}

/**
 * The client side of a yamux session, over any transport. Only the client opens streams. The session answers pings, and
 * sends its own to detect a server that has fallen silent.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #decoder = new FrameDecoder();
  readonly #streams = new Map<number, Stream>();
  #nextStreamId: number;
  /** The opaque value of the last ping. */
  #pingValue = 0;
  #timer: NodeJS.Timeout | undefined;
  /** No stream can be opened any more: the server has sent Go Away, or the stream ids are used up. */
  #isDraining = false;
  #hasEnded = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#nextStreamId = options.firstStreamId ?? 1;
    this.#keepAlive();
  }

  /** Whether a stream can be opened. */
  get isOpen(): boolean {
    return !this.#hasEnded && !this.#isDraining;
  }

  /** Opens a stream. Must be called only if {@link isOpen}. */
  open(events: StreamEvents): Stream {
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    // Stream ids must not be reused, so only a new session has more of them.
    if (this.#nextStreamId > MAX_STREAM_ID) this.#isDraining = true;
    const owner = {
      send: (bytes: Buffer) => this.#send(bytes),
      removeStream: (streamId: number) => this.#removeStream(streamId),
    };
    const stream = new Stream(id, owner, events);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Handles bytes from the server. A protocol violation ends the session. */
  receive(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.decode(chunk)) {
        if (this.#hasEnded) return;
        this.#handleFrame(frame);
      }
    } catch (error) {
      this.#send(encodeFrame(FrameType.GO_AWAY, Flag.NONE, SESSION, GoAwayCode.PROTOCOL_ERROR));
      this.end(error as BoundaryLogError);
    }
  }

  /** Sends Go Away, and ends the session. */
  close(error: BoundaryLogError): void {
    if (this.#hasEnded) return;
    this.#send(encodeFrame(FrameType.GO_AWAY, Flag.NONE, SESSION, GoAwayCode.NORMAL));
    this.end(error);
  }

  /** Ends the session without a message to the server, because the transport is lost or unusable. */
  end(error: BoundaryLogError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    for (const stream of this.#streams.values()) stream.handleEnd(error);
    this.#streams.clear();
    this.#options.onEnd(error);
  }

  #handleFrame(frame: Frame): void {
    if (frame.type === FrameType.PING) this.#handlePing(frame);
    else if (frame.type === FrameType.GO_AWAY) this.#handleGoAway(frame.length);
    else this.#handleStreamFrame(frame);
  }

  #handlePing({ flags, length }: Frame): void {
    if ((flags & Flag.SYN) !== 0) this.#send(encodeFrame(FrameType.PING, Flag.ACK, SESSION, length));
    else if (length === this.#pingValue) this.#keepAlive();
  }

  #handleGoAway(code: number): void {
    if (code !== GoAwayCode.NORMAL) {
      const message = `Coder has ended the session with the yamux code ${code}`;
      this.end(new BoundaryLogError('ERR_CONNECTION_LOST', message));
      return;
    }
    this.#isDraining = true;
    this.#closeIfDrained();
  }

  #handleStreamFrame(frame: Frame): void {
    if ((frame.flags & Flag.SYN) !== 0) {
      // This client does not accept streams.
      this.#send(encodeFrame(FrameType.WINDOW_UPDATE, Flag.RST, frame.streamId));
    } else {
      // Frames may still arrive for a stream that this side has closed. They are ignored.
      this.#streams.get(frame.streamId)?.handleFrame(frame);
    }
  }

  #removeStream(streamId: number): void {
    this.#streams.delete(streamId);
    this.#closeIfDrained();
  }

  #closeIfDrained(): void {
    if (!this.#isDraining || this.#streams.size > 0) return;
    this.close(new BoundaryLogError('ERR_CONNECTION_LOST', 'Coder accepts no more calls in this session'));
  }

  #send(bytes: Buffer): void {
    if (!this.#hasEnded) this.#options.send(bytes);
  }

  /** Starts the timer for the next ping. That ping's own timer ends the session if there is no answer. */
  #keepAlive(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#pingValue = (this.#pingValue + 1) >>> 0;
      this.#send(encodeFrame(FrameType.PING, Flag.SYN, SESSION, this.#pingValue));
      this.#timer = setTimeout(() => {
        const message = `Coder has fallen silent: no answer to a ping within ${PING_TIMEOUT_MS} ms`;
        this.end(new BoundaryLogError('ERR_CONNECTION_LOST', message));
      }, PING_TIMEOUT_MS).unref();
    }, this.#options.keepAliveMs).unref();
  }
}
