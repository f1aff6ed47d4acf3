import protobuf from 'protobufjs/minimal.js';
import { MALFORMED, skipValue, skipVarint, varintValue } from './wire.js';

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
    this.#moveTo(skipValue(this.buf, this.pos, this.len, wireType, fieldNumber));
    return this;
  }

  #varint(): number {
    const start = this.pos;
    this.#moveTo(skipVarint(this.buf, start, this.len));
    return varintValue(this.buf, start, this.pos);
  }

  /** A batch that somebody created may have any bytes. Without this check, its reader would never reach their end. */
  #moveTo(end: number): void {
    if (end === MALFORMED) throw new RangeError(`the field at ${this.pos} is not valid`);
    this.pos = end;
  }
}
