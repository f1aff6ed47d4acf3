import protobuf from 'protobufjs/minimal.js';
import { skipValue, skipVarint, varintValue } from './wire.js';

/**
 * protobufjs' reader, taught to read all that the reference takes: keys and lengths of up to ten bytes, and
 * groups of any depth. For bytes that the walk has found valid, so that it need not look again. Unknown
 * fields are kept.
 */
export class WireReader extends protobuf.BufferReader {
  constructor(bytes: Buffer) {
    super(bytes);
    this.discardUnknown = false;
  }

  override tag(): number {
    return this.#varint();
  }

  override size(): number {
    return this.#varint();
  }

  override skipType(wireType: number, _depth?: number, fieldNumber = 0): this {
    this.pos = skipValue(this.buf, this.pos, this.len, wireType, fieldNumber);
    return this;
  }

  #varint(): number {
    const start = this.pos;
    this.pos = skipVarint(this.buf, start, this.len);
    return varintValue(this.buf, start, this.pos);
  }
}
