import { checkArgument } from './argument.js';
import { BoundaryLogError, type ErrorCode } from './errors.js';
import { type Frame, type FrameFault, HEADER_LENGTH } from './frame.js';
import { boundaryProtocol, type Protocol, payloadLimits } from './protocol.js';
import { View } from './view.js';

/**
 * First size of the buffer of an incomplete payload, unless the payload is shorter or more of it is there: most batches
 * fit, so that they are copied once.
 */
const FIRST_SIZE = 4096;

/**
 * Splits a byte stream into frames: chunks in, frames out, wherever the chunk boundaries are. Pure: it neither
 * reads nor waits.
 *
 * It keeps at most one incomplete frame (for boundary's protocol never more than 4 + 32768 bytes), in a buffer that grows
 * with what has arrived, whatever length the header announces. It never copies a frame that one chunk contains
 * completely. Its cost is linear in the bytes, even if they arrive one at a time.
 *
 * ```ts
 * const decoder = new FrameDecoder();
 * for (const chunk of chunks) for (const item of decoder.decode(chunk)) use(item);
 * const fault = decoder.end();
 * ```
 */
export class FrameDecoder {
  readonly #limits: Int32Array;
  #header = 0;
  #headerFilled = 0;
  /** The payload of the incomplete frame so far, with room for more of it. */
  #payload: Buffer | undefined;
  #payloadFilled = 0;
  #bytesConsumed = 0;
  #ended = false;

  /**
   * @param protocol Which tags exist and how long their payloads may be. Default: boundary's.
   * @throws ERR_INVALID_OPTION if the value is not a protocol, or has a tag or a length that a header cannot express.
   */
  constructor(protocol: Protocol = boundaryProtocol) {
    this.#limits = payloadLimits(protocol);
  }

  /** Bytes read so far. After a fatal header this is the position after that header. */
  get bytesConsumed(): number {
    return this.#bytesConsumed;
  }

  /**
   * Where in the stream the incomplete frame began; undefined if there is none. As long as this does not change, it is the
   * same frame.
   */
  get incompleteSince(): number | undefined {
    if (this.#ended || this.#headerFilled === 0) return undefined;
    return this.#bytesConsumed - this.#headerFilled - this.#payloadFilled;
  }

  /** Whether the decoder ignores further input, after a fatal header or a call of {@link end}. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Returns the frames that `chunk` completes, in order. After a fatal header (`ERR_UNSUPPORTED_TAG`,
   * `ERR_MESSAGE_TOO_LARGE`) the last item is its {@link FrameFault}, and later chunks yield nothing.
   * The payloads of frames that lie completely in the chunk are views of it: do not write to the chunk again.
   *
   * @param maxFrames Returns at most so many, as a frame may be as short as its header. {@link bytesConsumed} says how
   *   much of the chunk has been read; pass the rest next. Default: no limit.
   * @throws ERR_INVALID_OPTION if an argument is not such a value.
   */
  decode(chunk: Uint8Array, maxFrames = Number.POSITIVE_INFINITY): (Frame | FrameFault)[] {
    checkArgument('chunk', chunk, chunk instanceof Uint8Array, 'a Uint8Array');
    const isLimit = maxFrames === Number.POSITIVE_INFINITY || (Number.isInteger(maxFrames) && maxFrames >= 1);
    checkArgument('maxFrames', maxFrames, isLimit, 'a whole number of at least 1, or Infinity');
    const items: (Frame | FrameFault)[] = [];
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let pos = this.#headerFilled === 0 ? this.#decodeWhole(bytes, items, maxFrames) : 0;
    while (!this.#ended && pos < bytes.length && items.length < maxFrames) {
      if (this.#headerFilled < HEADER_LENGTH) {
        pos = this.#readHeader(bytes, pos);
        if (this.#headerFilled < HEADER_LENGTH) break;
        const fault = this.#checkHeader();
        if (fault !== undefined) {
          items.push(fault);
          break;
        }
      }
      const length = this.#header & 0xff_ffff;
      const available = bytes.length - pos;
      if (this.#payload === undefined && available >= length) {
        items.push(this.#finishFrame(bytes.subarray(pos, pos + length)));
        pos += length;
      } else if (available > 0) {
        const part = Math.min(available, length - this.#payloadFilled);
        const payload = this.#roomFor(part, length);
        bytes.copy(payload, this.#payloadFilled, pos, pos + part);
        this.#payloadFilled += part;
        pos += part;
        if (this.#payloadFilled === length) items.push(this.#finishFrame(payload));
      }
    }
    this.#bytesConsumed += pos;
    return items;
  }

  /**
   * Fast path: decodes the frames that a chunk contains completely, up to the first invalid header, without keeping
   * state. On a busy connection these are nearly all frames. @returns the position of the rest.
   */
  #decodeWhole(bytes: Buffer, items: (Frame | FrameFault)[], maxFrames: number): number {
    const { length } = bytes;
    const limits = this.#limits;
    const { buffer, byteOffset } = bytes;
    let pos = 0;
    while (pos + HEADER_LENGTH <= length && items.length < maxFrames) {
      const tag = bytes[pos] as number;
      const size =
        ((bytes[pos + 1] as number) << 16) | ((bytes[pos + 2] as number) << 8) | (bytes[pos + 3] as number);
      const start = pos + HEADER_LENGTH;
      if (size > (limits[tag] as number) || start + size > length) break;
      items.push({ tag, payload: new View(buffer, byteOffset + start, size) });
      pos = start + size;
    }
    return pos;
  }

  /**
   * Ends the stream. If it ends inside a header or a payload, that is a fault, and the incomplete bytes are dropped
   * (`ERR_TRUNCATED_HEADER`, `ERR_TRUNCATED_PAYLOAD`). A header without any byte of its payload is a normal end, as
   * in the Go implementation.
   */
  end(): FrameFault | undefined {
    if (this.#ended) return undefined;
    this.#ended = true;
    const missing = (what: string, have: number, of: number) =>
      `the stream ended ${have} bytes into a ${what} of ${of}: these bytes are dropped`;
    if (this.#payload !== undefined) {
      const length = this.#header & 0xff_ffff;
      this.#payload = undefined;
      return this.#fault('ERR_TRUNCATED_PAYLOAD', missing('payload', this.#payloadFilled, length), false);
    }
    if (this.#headerFilled > 0 && this.#headerFilled < HEADER_LENGTH) {
      return this.#fault('ERR_TRUNCATED_HEADER', missing('header', this.#headerFilled, HEADER_LENGTH), false);
    }
    return undefined;
  }

  /** The buffer of the incomplete payload, with room for `part` more bytes. When the payload is complete, it fills it. */
  #roomFor(part: number, length: number): Buffer {
    const before = this.#payload;
    const needed = this.#payloadFilled + part;
    if (before !== undefined && needed <= before.length) return before;
    const size = Math.min(length, Math.max(FIRST_SIZE, needed, 2 * (before?.length ?? 0)));
    const larger = Buffer.allocUnsafeSlow(size);
    before?.copy(larger, 0, 0, this.#payloadFilled);
    this.#payload = larger;
    return larger;
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

  /** Checks the tag before the length, as the Go implementation does. */
  #checkHeader(): FrameFault | undefined {
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

  #finishFrame(payload: Buffer): Frame {
    const tag = this.#header >>> 24;
    this.#header = 0;
    this.#headerFilled = 0;
    this.#payload = undefined;
    this.#payloadFilled = 0;
    return { tag, payload };
  }

  #fault(code: ErrorCode, message: string, fatal: boolean): FrameFault {
    return { error: new BoundaryLogError(code, message), fatal };
  }
}
