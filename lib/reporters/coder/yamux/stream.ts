import { BoundaryLogError } from '../../../errors.js';
import { encodeFrame } from './encode.js';
import { Flag, type Frame, FrameType, INITIAL_WINDOW } from './frame.js';

const EMPTY = Buffer.alloc(0);

/** Callbacks for the user of a stream. After the user's own `close()` or `reset()` neither is called any more. */
export interface StreamEvents {
  onData(chunk: Buffer): void;
  /** There will be no more data: the server has finished, or `error` says what happened. Called at most once. */
  onEnd(error?: BoundaryLogError): void;
}

/** The session, as its streams see it. */
interface StreamOwner {
  send(bytes: Buffer): void;
  /** The stream is closed on this side. Later frames for it are ignored. */
  removeStream(streamId: number): void;
}

const StreamState = {
  OPEN: 'open',
  /** The server has sent FIN, or the session has ended. This side may still send. */
  REMOTE_CLOSED: 'remote closed',
  /** This side has sent FIN or RST, or the server has sent RST. */
  CLOSED: 'closed',
} as const;
type StreamState = (typeof StreamState)[keyof typeof StreamState];

/** One stream of a session. {@link Session.open} creates it, and its constructor sends the SYN. */
export class Stream {
  readonly #id: number;
  readonly #owner: StreamOwner;
  readonly #events: StreamEvents;
  #state: StreamState = StreamState.OPEN;
  /** How many bytes this side may send before the server sends a window update. */
  #sendWindow = INITIAL_WINDOW;
  /** Data that has to wait for the send window. */
  #sendBuffer: Buffer = EMPTY;
  /** How many bytes the server may send before this side sends a window update. */
  #receiveWindow = INITIAL_WINDOW;

  constructor(id: number, owner: StreamOwner, events: StreamEvents) {
    this.#id = id;
    this.#owner = owner;
    this.#events = events;
    this.#send(FrameType.WINDOW_UPDATE, Flag.SYN);
  }

  /** Sends data, in as many frames as necessary. What exceeds the send window is sent after window updates. */
  write(bytes: Buffer): void {
    this.#sendBuffer = this.#sendBuffer.length === 0 ? bytes : Buffer.concat([this.#sendBuffer, bytes]);
    this.#flush();
  }

  /**
   * Closes the stream: with FIN, or with RST if there is unsent data. It sends only one of them, and only once, because
   * the Go implementation treats a second FIN as a protocol error.
   */
  close(): void {
    this.#close(this.#sendBuffer.length === 0 ? Flag.FIN : Flag.RST);
  }

  /** Abandons the stream with RST. */
  reset(): void {
    this.#close(Flag.RST);
  }

  /** Handles a frame for this stream. @throws ERR_PROTOCOL_VIOLATION */
  handleFrame({ type, flags, length, data }: Frame): void {
    if (type === FrameType.DATA) this.#handleData(data);
    else this.#sendWindow += length;
    // The user may have closed the stream in onData().
    if (this.#state === StreamState.CLOSED) return;
    if ((flags & Flag.RST) !== 0) this.#handleReset();
    else if ((flags & Flag.FIN) !== 0) this.handleEnd();
    else this.#flush();
  }

  /** The server will send nothing more on this stream: it has sent FIN, or the session has ended with `error`. */
  handleEnd(error?: BoundaryLogError): void {
    if (this.#state !== StreamState.OPEN) return;
    this.#state = StreamState.REMOTE_CLOSED;
    this.#events.onEnd(error);
  }

  #handleReset(): void {
    const wasOpen = this.#state === StreamState.OPEN;
    this.#state = StreamState.CLOSED;
    this.#owner.removeStream(this.#id);
    if (!wasOpen) return;
    this.#events.onEnd(
      new BoundaryLogError('ERR_CONNECTION_LOST', 'Coder has reset the stream of this call'),
    );
  }

  #handleData(data: Buffer): void {
    if (data.length > this.#receiveWindow) {
      const message = `received more bytes on a yamux stream than its window of ${INITIAL_WINDOW} allows`;
      throw new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
    }
    this.#receiveWindow -= data.length;
    this.#events.onData(data);
    // Window updates are sent in large steps, as in the Go implementation.
    const increase = INITIAL_WINDOW - this.#receiveWindow;
    if (this.#state === StreamState.CLOSED || increase < INITIAL_WINDOW / 2) return;
    this.#send(FrameType.WINDOW_UPDATE, Flag.NONE, increase);
    this.#receiveWindow = INITIAL_WINDOW;
  }

  #flush(): void {
    while (this.#sendBuffer.length > 0 && this.#sendWindow > 0) {
      const part = this.#sendBuffer.subarray(0, Math.min(this.#sendWindow, INITIAL_WINDOW));
      this.#sendBuffer = this.#sendBuffer.subarray(part.length);
      this.#sendWindow -= part.length;
      this.#send(FrameType.DATA, Flag.NONE, part);
    }
  }

  #close(flag: number): void {
    if (this.#state === StreamState.CLOSED) return;
    this.#state = StreamState.CLOSED;
    this.#send(FrameType.WINDOW_UPDATE, flag);
    this.#owner.removeStream(this.#id);
  }

  #send(type: FrameType, flags: number, body: number | Uint8Array = 0): void {
    this.#owner.send(encodeFrame(type, flags, this.#id, body));
  }
}
