import { BoundaryLogError } from '../../../errors.js';
import { type Frame, FrameType, HEADER_LENGTH, INITIAL_WINDOW, VERSION } from './frame.js';

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into yamux frames, wherever the chunks' borders lie. It keeps at most one frame that has
 * begun: no data frame may be longer than the window, as none of ours is ever wider.
 */
export class FrameDecoder {
  /** The frame that has begun: its header, and then its data. */
  #header = Buffer.allocUnsafe(HEADER_LENGTH);
  #headerFilled = 0;
  #data: Buffer | undefined;
  #dataFilled = 0;

  /**
   * The frames that `chunk` completes, in order.
   *
   * @throws ERR_PROTOCOL_VIOLATION at a header that is none, after the frames before it. Nothing can be decoded
   *   from there on.
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
        this.#judge();
      }
      const missing = this.#dataLength - this.#dataFilled;
      const part = chunk.subarray(pos, pos + missing);
      pos += part.length;
      if (part.length === this.#dataLength) {
        yield this.#take(part);
      } else {
        this.#data ??= Buffer.allocUnsafe(this.#dataLength);
        this.#data.set(part, this.#dataFilled);
        this.#dataFilled += part.length;
        if (part.length === missing) yield this.#take(this.#data);
      }
    }
  }

  get #dataLength(): number {
    return this.#header.readUInt8(1) === FrameType.DATA ? this.#header.readUInt32BE(8) : 0;
  }

  #judge(): void {
    const version = this.#header.readUInt8(0);
    const type = this.#header.readUInt8(1);
    if (version !== VERSION || type > FrameType.GO_AWAY) {
      const message = `a yamux header of version ${version} and type ${type}: is there a Coder server behind this address?`;
      throw new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
    }
    if (this.#dataLength > INITIAL_WINDOW) {
      const message = `a yamux frame of ${this.#dataLength} bytes is longer than the window of ${INITIAL_WINDOW}`;
      throw new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
    }
  }

  #take(data: Buffer): Frame {
    const header = this.#header;
    this.#headerFilled = 0;
    this.#data = undefined;
    this.#dataFilled = 0;
    return {
      type: header.readUInt8(1) as FrameType,
      flags: header.readUInt16BE(2),
      streamId: header.readUInt32BE(4),
      length: header.readUInt32BE(8),
      data: data.length === 0 ? NOTHING : data,
    };
  }
}
