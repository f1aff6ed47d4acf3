import { BoundaryLogError, type ErrorCode } from './errors.js';
import { type Frame, type FrameFault, HEADER_LENGTH } from './frame.js';
import { boundaryProtocol, type Protocol, payloadLimits } from './protocol.js';

/**
 * Makes something of the frame whose payload lies in `bytes` from `start` to `end`. The bytes are a whole chunk,
 * or a payload that came in parts.
 */
export type FrameMaker<T> = (tag: number, bytes: Buffer, start: number, end: number) => T;

/** A {@link Frame}, its payload a view. */
const frameOf: FrameMaker<Frame> = (tag, bytes, start, end) => ({ tag, payload: bytes.subarray(start, end) });

/**
 * Cuts a byte stream into frames: chunks in, frames out, wherever the chunks' borders lie; or, in place of each
 * frame, what is made of it. Pure: it neither reads nor waits.
 *
 * It keeps at most one frame that has begun (for boundary's protocol never more than 4 + 32768 bytes), never
 * copies a frame that lies whole in one chunk, and its cost is linear in the bytes, even when they come one
 * at a time.
 *
 * ```ts
 * const decoder = new FrameDecoder();
 * for (const chunk of chunks) for (const item of decoder.decode(chunk)) use(item);
 * const fault = decoder.end();
 * ```
 */
export class FrameDecoder<T = Frame> {
  readonly #make: FrameMaker<T>;
  readonly #limits: Int32Array;
  #header = 0;
  #headerFilled = 0;
  #payload: Buffer | undefined;
  #payloadFilled = 0;
  #bytesConsumed = 0;
  #ended = false;

  /** @throws ERR_INVALID_OPTION where the protocol has a tag or length that no header can say. */
  constructor(
    protocol: Protocol = boundaryProtocol,
    make: FrameMaker<T> = frameOf as FrameMaker<Frame | T> as FrameMaker<T>,
  ) {
    this.#limits = payloadLimits(protocol);
    this.#make = make;
  }

  /** Bytes taken so far. After a fatal header: up to that header's end, nothing of what follows. */
  get bytesConsumed(): number {
    return this.#bytesConsumed;
  }

  /** Nothing more is read: a fatal header came by, or {@link end} was called. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * The frames that `chunk` completes, in order. After a fatal header (`ERR_UNSUPPORTED_TAG`,
   * `ERR_MESSAGE_TOO_LARGE`) the last item is its {@link FrameFault}, and later chunks give nothing.
   * Frames that lie whole in the chunk are views of it: the chunk must not be written to again.
   */
  decode(chunk: Uint8Array): (T | FrameFault)[] {
    const items: (T | FrameFault)[] = [];
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let pos = 0;
    while (!this.#ended && pos < bytes.length) {
      if (this.#headerFilled < HEADER_LENGTH) {
        pos = this.#readHeader(bytes, pos);
        if (this.#headerFilled < HEADER_LENGTH) break;
        const fault = this.#judgeHeader();
        if (fault !== undefined) {
          items.push(fault);
          break;
        }
      }
      const length = this.#header & 0xff_ffff;
      const available = bytes.length - pos;
      if (this.#payload === undefined && available >= length) {
        items.push(this.#take(bytes, pos, pos + length));
        pos += length;
      } else if (available > 0) {
        this.#payload ??= Buffer.allocUnsafeSlow(length);
        const part = Math.min(available, length - this.#payloadFilled);
        bytes.copy(this.#payload, this.#payloadFilled, pos, pos + part);
        this.#payloadFilled += part;
        pos += part;
        if (this.#payloadFilled === length) items.push(this.#take(this.#payload, 0, length));
      }
    }
    this.#bytesConsumed += pos;
    return items;
  }

  /**
   * The stream is over. A header or a payload that was cut in the middle is a fault, and its bytes are gone
   * (`ERR_TRUNCATED_HEADER`, `ERR_TRUNCATED_PAYLOAD`). A header whose payload never began is a plain end, as
   * it is to the reference.
   */
  end(): FrameFault | undefined {
    if (this.#ended) return undefined;
    this.#ended = true;
    const missing = (what: string, have: number, of: number) =>
      `the stream ended ${have} bytes into a ${what} of ${of}: these are dropped`;
    if (this.#payload !== undefined) {
      const { length } = this.#payload;
      this.#payload = undefined;
      return this.#fault('ERR_TRUNCATED_PAYLOAD', missing('payload', this.#payloadFilled, length), false);
    }
    if (this.#headerFilled > 0 && this.#headerFilled < HEADER_LENGTH) {
      return this.#fault('ERR_TRUNCATED_HEADER', missing('header', this.#headerFilled, HEADER_LENGTH), false);
    }
    return undefined;
  }

  #readHeader(bytes: Buffer, pos: number): number {
    if (this.#headerFilled === 0 && bytes.length - pos >= HEADER_LENGTH) {
      this.#header = bytes.readUInt32BE(pos);
      this.#headerFilled = HEADER_LENGTH;
      return pos + HEADER_LENGTH;
    }
    for (; this.#headerFilled < HEADER_LENGTH && pos < bytes.length; pos++) {
      this.#header = ((this.#header << 8) | (bytes[pos] as number)) >>> 0;
      this.#headerFilled += 1;
    }
    return pos;
  }

  /** The tag is judged before the length. */
  #judgeHeader(): FrameFault | undefined {
    const tag = this.#header >>> 24;
    const length = this.#header & 0xff_ffff;
    const limit = this.#limits[tag] as number;
    if (limit === -1) {
      this.#ended = true;
      return this.#fault('ERR_UNSUPPORTED_TAG', `tag ${tag} is not supported: is it this protocol?`, true);
    }
    if (length > limit) {
      this.#ended = true;
      const message = `a payload of ${length} bytes is longer than the ${limit} that tag ${tag} allows`;
      return this.#fault('ERR_MESSAGE_TOO_LARGE', message, true);
    }
    return undefined;
  }

  #take(bytes: Buffer, start: number, end: number): T {
    const tag = this.#header >>> 24;
    this.#header = 0;
    this.#headerFilled = 0;
    this.#payload = undefined;
    this.#payloadFilled = 0;
    return this.#make(tag, bytes, start, end);
  }

  #fault(code: ErrorCode, message: string, fatal: boolean): FrameFault {
    return { error: new BoundaryLogError(code, message), fatal };
  }
}
