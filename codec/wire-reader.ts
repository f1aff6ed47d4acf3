import protobuf from 'protobufjs/minimal.js';
import { skipValue, skipVarint, varintValue } from './wire.js';

/**
 * protobufjs' reader, extended to everything that the Go implementation (Coder's workspace agent) accepts:
 * keys and lengths of up to ten bytes, and groups of any depth. It does not validate, so use it only for
 * bytes that the walk has checked. It keeps unknown fields.
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
