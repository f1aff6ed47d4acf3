import { isFieldKey, MALFORMED, skipValue, skipVarint, varintValue, WireType } from './wire.js';

/**
 * Goes through the fields of one message, whatever they are:
 * `while (fields.next()) …`, then look at `malformed`.
 */
export class FieldCursor {
  /** Field number. */
  number = 0;
  /** One of {@link WireType}. */
  wireType = 0;
  /** Where the field's value lies; of a length-delimited one its content, without the length. */
  start = 0;
  stop = 0;
  /** The message broke off in what could not be read. */
  malformed = false;

  readonly #buf: Uint8Array;
  readonly #end: number;

  constructor(buf: Uint8Array, start: number, end: number) {
    this.#buf = buf;
    this.stop = start;
    this.#end = end;
  }

  /** Goes on to the next field. False at the end, and where the bytes are malformed. */
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
