import { isFieldKey, MALFORMED, skipValue, skipVarint, varintValue, WireType } from './wire.js';

/** Iterates over the fields of a message, known or not: `while (fields.next()) …`. Then check `malformed`. */
export class FieldCursor {
  /** Field number. */
  number = 0;
  /** One of {@link WireType}. */
  wireType = 0;
  /** Position of the value. For a length-delimited field, position of its content, after the length. */
  start = 0;
  /** Position after the value. */
  stop = 0;
  /** Whether the iteration ended at bytes that are not a valid field. */
  malformed = false;

  readonly #buf: Uint8Array;
  readonly #end: number;

  constructor(buf: Uint8Array, start: number, end: number) {
    this.#buf = buf;
    this.stop = start;
    this.#end = end;
  }

  /** Moves to the next field. @returns false at the end of the message, and if the bytes are malformed. */
  next(): boolean {
    if (this.stop >= this.#end) return false;
    const buf = this.#buf;
    const end = this.#end;
    const afterKey = skipVarint(buf, this.stop, end);
    if (afterKey === MALFORMED) return this.#fail();
    const key = varintValue(buf, this.stop, afterKey);
    if (!isFieldKey(key)) return this.#fail();
    this.number = key >>> 3;
    this.wireType = key & 7;
    const stop = skipValue(buf, afterKey, end, this.wireType, this.number);
    if (stop === MALFORMED) return this.#fail();
    this.start = this.wireType === WireType.LENGTH ? skipVarint(buf, afterKey, end) : afterKey;
    this.stop = stop;
    return true;
  }

  #fail(): false {
    this.malformed = true;
    return false;
  }
}
