import { BoundaryLogError } from '../../../errors.js';
import { type Frame, FrameType, HEADER_LENGTH, INITIAL_WINDOW, VERSION } from './frame.js';

const EMPTY = Buffer.alloc(0);

/**
 * Splits a byte stream into yamux frames. The stream may arrive in chunks of any size. The decoder buffers at most one
 * incomplete frame, whose length is limited: no data frame may be longer than the window, which this client never
 * increases beyond its initial size.
 */
export class FrameDecoder {
  /** The header of the current frame, of which the first `#headerFilled` bytes have arrived. */
  #header = Buffer.allocUnsafe(HEADER_LENGTH);
  #headerFilled = 0;
  /** The payload of the current frame, if it arrives in several chunks. The first `#dataFilled` bytes are here. */
  #data: Buffer | undefined;
  #dataFilled = 0;

  /**
   * Yields the frames that `chunk` completes, in order.
   *
   * @throws ERR_PROTOCOL_VIOLATION for an invalid header, after all frames before it. The decoder cannot continue.
   */
  *decode(chunk: Buffer): Generator<Frame, void> {
    let pos = 0;
    while (pos < chunk.length) {
      if (this.#headerFilled < HEADER_LENGTH) {
        const part = chunk.subarray(pos, pos + HEADER_LENGTH - this.#headerFilled);
        this.#header.set(part, this.#headerFilled);
        this.#headerFilled += part.length;
        pos += part.length;
        if (this.#headerFilled < HEADER_LENGTH) return;
        this.#validateHeader();
      }
      const missing = this.#dataLength - this.#dataFilled;
      const part = chunk.subarray(pos, pos + missing);
      pos += part.length;
      if (part.length === this.#dataLength) {
        yield this.#completeFrame(part);
      } else {
        this.#data ??= Buffer.allocUnsafe(this.#dataLength);
        this.#data.set(part, this.#dataFilled);
        this.#dataFilled += part.length;
        if (part.length === missing) yield this.#completeFrame(this.#data);
      }
    }
  }

  get #dataLength(): number {
    return this.#header.readUInt8(1) === FrameType.DATA ? this.#header.readUInt32BE(8) : 0;
  }

  #validateHeader(): void {
    const version = this.#header.readUInt8(0);
    const type = this.#header.readUInt8(1);
    if (version !== VERSION || type > FrameType.GO_AWAY) {
      const message = `received a yamux header of version ${version} and type ${type}, which is not valid: is there a Coder server at this address?`;
      throw new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
    }
    if (this.#dataLength > INITIAL_WINDOW) {
      const message = `received a yamux frame of ${this.#dataLength} bytes, more than the window of ${INITIAL_WINDOW}`;
      throw new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
    }
  }

  #completeFrame(data: Buffer): Frame {
    const header = this.#header;
    this.#headerFilled = 0;
    this.#data = undefined;
    this.#dataFilled = 0;
    return {
      type: header.readUInt8(1) as FrameType,
      flags: header.readUInt16BE(2),
      streamId: header.readUInt32BE(4),
      length: header.readUInt32BE(8),
      data: data.length === 0 ? EMPTY : data,
    };
  }
}
