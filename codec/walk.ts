/*
 * Checks messages without making objects of them. This runs for every byte that comes in, so there are two ways
 * through: one with the keys spelled out, for what senders write, and one by a schema, for anything at all, to
 * which the first leaves what it does not expect. Both decide alike, and a test holds them to a plain codec.
 * With the first, a log takes a third of the time that it takes with the second alone. It reads lengths in place
 * wherever there are some: in a function of their own, which V8 does not take in, it is a quarter slower.
 *
 * Each function returns the position after what it checked, or what is wrong with it.
 */
import { isAscii, isText } from './text.js';
import { isFieldKey, MALFORMED, skipValue, skipVarint, varintValue, WireType } from './wire.js';

/** In place of a position: a known text field is not UTF-8. */
export const INVALID_UTF8 = -2;

/** Keys of one byte, by wire type and field number. */
const VARINT_1 = 0x08;
const VARINT_2 = 0x10;
const VARINT_4 = 0x20;
const LENGTH_1 = 0x0a;
const LENGTH_2 = 0x12;
const LENGTH_3 = 0x1a;
/** What a length of two bytes comes to at least where its second byte says that there is a third. */
const TOO_LONG = 0x80 << 7;

/** Of the check under way. A local one would have to travel through every call of the walk. */
let logs = 0;

/**
 * Checks a ReportBoundaryLogsRequest. The first thing wrong decides, in the order of the wire, as in the
 * reference.
 *
 * @returns how many logs there are in it, {@link MALFORMED} or {@link INVALID_UTF8}.
 */
export function checkRequest(buf: Buffer, pos: number, end: number): number {
  logs = 0;
  while (pos < end) {
    const key = buf[pos];
    if ((key === LENGTH_1 || key === LENGTH_2 || key === LENGTH_3) && pos + 2 < end) {
      let length = buf[pos + 1] as number;
      let start = pos + 2;
      if (length >= 0x80) length += ((buf[start++] as number) - 1) << 7;
      const stop = start + length;
      if (stop <= end && length < TOO_LONG) {
        if (key === LENGTH_1) {
          logs += 1;
          const result = walkLog(buf, start, stop);
          if (result < 0) return result;
        } else if (!isText(buf, start, stop)) {
          return INVALID_UTF8;
        }
        pos = stop;
        continue;
      }
    }
    pos = walkField(REQUEST, buf, pos, end);
    if (pos < 0) return pos;
  }
  return logs;
}

/** Checks a BoundaryStatus. @returns {@link MALFORMED} where it is none. */
export function checkStatus(buf: Buffer, pos: number, end: number): number {
  return walk(NUMBERS, buf, pos, end);
}

function walkLog(buf: Buffer, pos: number, end: number): number {
  while (pos < end) {
    const key = buf[pos];
    if ((key === LENGTH_2 || key === LENGTH_3) && pos + 2 < end) {
      let length = buf[pos + 1] as number;
      let start = pos + 2;
      if (length >= 0x80) length += ((buf[start++] as number) - 1) << 7;
      const stop = start + length;
      if (stop <= end && length < TOO_LONG) {
        const result = key === LENGTH_2 ? walkTimestamp(buf, start, stop) : walkHttpRequest(buf, start, stop);
        if (result < 0) return result;
        pos = stop;
        continue;
      }
    } else if (key === VARINT_1 || key === VARINT_4) {
      const isShort = pos + 1 < end && (buf[pos + 1] as number) < 0x80;
      pos = isShort ? pos + 2 : skipVarint(buf, pos + 1, end);
      if (pos === MALFORMED) return MALFORMED;
      continue;
    }
    pos = walkField(LOG, buf, pos, end);
    if (pos < 0) return pos;
  }
  return pos;
}

function walkTimestamp(buf: Buffer, pos: number, end: number): number {
  while (pos < end) {
    const key = buf[pos];
    if (key === VARINT_1 || key === VARINT_2) pos = skipVarint(buf, pos + 1, end);
    else pos = walkField(NUMBERS, buf, pos, end);
    if (pos < 0) return pos;
  }
  return pos;
}

function walkHttpRequest(buf: Buffer, pos: number, end: number): number {
  // Keys and lengths are mostly ASCII, too: then one look does for all three texts.
  const isPlain = isAscii(buf, pos, end);
  while (pos < end) {
    const key = buf[pos];
    if ((key === LENGTH_1 || key === LENGTH_2 || key === LENGTH_3) && pos + 2 < end) {
      let length = buf[pos + 1] as number;
      let start = pos + 2;
      if (length >= 0x80) length += ((buf[start++] as number) - 1) << 7;
      const stop = start + length;
      if (stop <= end && length < TOO_LONG) {
        if (!isPlain && !isText(buf, start, stop)) return INVALID_UTF8;
        pos = stop;
        continue;
      }
    }
    pos = walkField(HTTP_REQUEST, buf, pos, end);
    if (pos < 0) return pos;
  }
  return pos;
}

const TEXT = 'text';

/**
 * The length-delimited fields of a message that are known, by number: text, or a message itself. A field that is
 * not here, or comes with another wire type, is an unknown field: it is checked for its form, and stays.
 */
type Schema = readonly (Schema | typeof TEXT | undefined)[];

/** Timestamp and BoundaryStatus: nothing but varints. */
const NUMBERS: Schema = [];
const HTTP_REQUEST: Schema = [undefined, TEXT, TEXT, TEXT];
const LOG: Schema = [undefined, undefined, NUMBERS, HTTP_REQUEST];
const REQUEST: Schema = [undefined, LOG, TEXT, TEXT];

function walk(schema: Schema, buf: Buffer, pos: number, end: number): number {
  while (pos >= 0 && pos < end) pos = walkField(schema, buf, pos, end);
  return pos;
}

function walkField(schema: Schema, buf: Buffer, pos: number, end: number): number {
  const afterKey = skipVarint(buf, pos, end);
  if (afterKey === MALFORMED) return MALFORMED;
  const key = varintValue(buf, pos, afterKey);
  if (!isFieldKey(key)) return MALFORMED;
  const number = key >>> 3;
  const stop = skipValue(buf, afterKey, end, key & 7, number);
  if (stop === MALFORMED) return MALFORMED;
  const known = (key & 7) === WireType.LENGTH ? schema[number] : undefined;
  if (known === undefined) return stop;
  const start = skipVarint(buf, afterKey, end);
  if (known === TEXT) return isText(buf, start, stop) ? stop : INVALID_UTF8;
  if (known === LOG) logs += 1;
  return walk(known, buf, start, stop);
}
