import { BoundaryLogError } from '../../../errors.js';
import { encodeFrame } from './encode.js';
import { Flag, type Frame, FrameType, INITIAL_WINDOW } from './frame.js';

const NOTHING = Buffer.alloc(0);

/** What whoever opened a stream is told. Nothing any more after its own `close()` or `reset()`. */
export interface StreamEvents {
  onData(chunk: Buffer): void;
  /** There will be no more data: the other end is done, or else `error` says what happened. Once, at most. */
  onEnd(error?: BoundaryLogError): void;
}

/** What a stream needs of its session. */
export interface StreamOwner {
  send(bytes: Buffer): void;
  /** The stream is over on this side: later frames for it are dropped. */
  forget(streamId: number): void;
}

/** One stream of a session, opened from this side. Made by {@link Session.open}. */
export class Stream {
  readonly #id: number;
  readonly #owner: StreamOwner;
  readonly #events: StreamEvents;
  /** How much may be sent now. */
  #window = INITIAL_WINDOW;
  /** What the window does not allow to be sent yet. */
  #waiting: Buffer = NOTHING;
  /** How much came in since the other end was last allowed to send more. */
  #received = 0;
  #over = false;
  #hasEnded = false;

  constructor(id: number, owner: StreamOwner, events: StreamEvents) {
    this.#id = id;
    this.#owner = owner;
    this.#events = events;
    this.#send(FrameType.WINDOW_UPDATE, Flag.SYN);
  }

  /** Sends bytes, in as many frames as it takes, and no more than the other end allows: the rest waits. */
  write(bytes: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    this.#flush();
  }

  /** Done: a FIN, or a RST where something still waits to be sent. The peer takes only one FIN of a stream. */
  close(): void {
    this.#finish(this.#waiting.length === 0 ? Flag.FIN : Flag.RST);
  }

  /** Given up. */
  reset(): void {
    this.#finish(Flag.RST);
  }

  /** A frame for this stream. @throws ERR_PROTOCOL_VIOLATION */
  receive({ type, flags, length, data }: Frame): void {
    if (type === FrameType.DATA) this.#receiveData(data);
    else this.#window += length;
    if (this.#over) return;
    if ((flags & Flag.RST) !== 0) {
      this.#over = true;
      this.#owner.forget(this.#id);
      this.end(new BoundaryLogError('ERR_CONNECTION_LOST', 'Coder has reset the stream of this call'));
    } else if ((flags & Flag.FIN) !== 0) {
      this.end();
    } else {
      this.#flush();
    }
  }

  /** The other end is done, or gone. */
  end(error?: BoundaryLogError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#events.onEnd(error);
  }

  #receiveData(data: Buffer): void {
    this.#received += data.length;
    if (this.#received > INITIAL_WINDOW) {
      const message = `more bytes on a yamux stream than its window of ${INITIAL_WINDOW} allows`;
      throw new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
    }
    this.#events.onData(data);
    if (this.#over || this.#received < INITIAL_WINDOW / 2) return;
    this.#send(FrameType.WINDOW_UPDATE, Flag.NONE, this.#received);
    this.#received = 0;
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#window > 0) {
      const part = this.#waiting.subarray(0, Math.min(this.#window, INITIAL_WINDOW));
      this.#waiting = this.#waiting.subarray(part.length);
      this.#window -= part.length;
      this.#send(FrameType.DATA, Flag.NONE, part);
    }
  }

  #finish(flag: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#hasEnded = true;
    this.#send(FrameType.WINDOW_UPDATE, flag);
    this.#owner.forget(this.#id);
  }

  #send(type: FrameType, flags: number, body: number | Uint8Array = 0): void {
    this.#owner.send(encodeFrame(type, flags, this.#id, body));
  }
}
