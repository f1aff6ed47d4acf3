import { isUtf8 } from 'node:buffer';
import { isFieldKey, MALFORMED, skipValue, skipVarint, varintValue, WireType } from './wire.js';

/**
 * What is known of a message: which of its length-delimited fields are text, and which are messages
 * themselves. A field that is not listed, or comes with another wire type, is an unknown field: it is
 * checked for its form, and stays.
 */
export interface Schema {
  /** By field number. `TEXT` must be UTF-8. */
  readonly fields: readonly (Schema | typeof TEXT | undefined)[];
  /** The field whose entries {@link check} counts. */
  readonly counted?: number;
}

const TEXT = 'text';
/** Timestamp and BoundaryStatus: nothing but varints. */
export const NUMBERS: Schema = { fields: [] };
const HTTP_REQUEST: Schema = { fields: [undefined, TEXT, TEXT, TEXT] };
const LOG: Schema = { fields: [undefined, undefined, NUMBERS, HTTP_REQUEST] };
/** ReportBoundaryLogsRequest; its logs are counted. */
export const REQUEST: Schema = { fields: [undefined, LOG, TEXT, TEXT], counted: 1 };

/** In place of a count: a known text field is not UTF-8. */
export const INVALID_UTF8 = -2;

/**
 * Checks a message without making an object of it. The first thing wrong decides, in the order of the wire,
 * as in the reference.
 *
 * @returns how many entries the `counted` field has (0 without one), {@link MALFORMED} or
 *   {@link INVALID_UTF8}.
 */
export function check(schema: Schema, buf: Uint8Array, pos: number, end: number): number {
  counted = 0;
  const result = walk(schema, buf, pos, end);
  return result < 0 ? result : counted;
}

/** Of the {@link check} under way. A local one would have to travel through every call of the walk. */
let counted = 0;

/** @returns `end`, or what is wrong. */
function walk(schema: Schema, buf: Uint8Array, pos: number, end: number): number {
  while (pos < end) {
    // One-byte keys, lengths and values are nearly all there are; anything longer takes the slow path.
    let key = buf[pos] as number;
    if (key < 0x80) {
      pos += 1;
    } else {
      const next = skipVarint(buf, pos, end);
      if (next === MALFORMED) return MALFORMED;
      key = varintValue(buf, pos, next);
      pos = next;
    }
    if (!isFieldKey(key)) return MALFORMED;
    const number = key >>> 3;
    const wireType = key & 7;

    if (wireType === WireType.VARINT) {
      if (pos < end && (buf[pos] as number) < 0x80) pos += 1;
      else {
        pos = skipVarint(buf, pos, end);
        if (pos === MALFORMED) return MALFORMED;
      }
    } else if (wireType === WireType.LENGTH) {
      if (pos === end) return MALFORMED;
      let length = buf[pos] as number;
      if (length < 0x80) {
        pos += 1;
      } else {
        const next = skipVarint(buf, pos, end);
        if (next === MALFORMED) return MALFORMED;
        length = varintValue(buf, pos, next);
        pos = next;
      }
      const stop = pos + length;
      if (stop > end) return MALFORMED;
      const field = number < schema.fields.length ? schema.fields[number] : undefined;
      if (field === TEXT) {
        if (!isText(buf, pos, stop)) return INVALID_UTF8;
      } else if (field !== undefined) {
        if (number === schema.counted) counted += 1;
        const result = walk(field, buf, pos, stop);
        if (result < 0) return result;
      }
      pos = stop;
    } else {
      pos = skipValue(buf, pos, end, wireType, number);
      if (pos === MALFORMED) return MALFORMED;
    }
  }
  return pos;
}

/** Methods, URLs and rules are ASCII but for the rare one, which the runtime then looks at. */
function isText(buf: Uint8Array, pos: number, end: number): boolean {
  for (let i = pos; i < end; i++) {
    if ((buf[i] as number) >= 0x80) return isUtf8(buf.subarray(pos, end));
  }
  return true;
}
