/*
 * Checks messages without making objects of them, by a schema: for anything at all, and slow for what runs for every
 * byte that comes in. So `wasm/check.ts` looks first, at ten times the speed, and what it does not know comes here.
 * Both decide alike, and a test holds them to a plain codec.
 *
 * Each function returns the position after what it checked, or what is wrong with it.
 */
import { isUtf8 } from 'node:buffer';
import { checkFast } from './fast-path.js';
import { isFieldKey, MALFORMED, skipValue, skipVarint, varintValue, WireType } from './wire.js';

/** In place of a position: a known text field is not UTF-8. */
export const INVALID_UTF8 = -2;

/** Of the check under way. A local one would have to travel through every call of the walk. */
let logs = 0;

/**
 * Checks a ReportBoundaryLogsRequest. The first thing wrong decides, in the order of the wire, as in the
 * reference.
 *
 * @returns how many logs there are in it, {@link MALFORMED} or {@link INVALID_UTF8}.
 */
export function checkRequest(buf: Buffer, pos: number, end: number): number {
  const count = checkFast(buf, pos, end);
  if (count >= 0) return count;
  logs = 0;
  const result = walk(REQUEST, buf, pos, end);
  return result < 0 ? result : logs;
}

/** Checks a BoundaryStatus. @returns {@link MALFORMED} where it is none. */
export function checkStatus(buf: Buffer, pos: number, end: number): number {
  return walk(NUMBERS, buf, pos, end);
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

/** UTF-8. Mostly it is ASCII, for which a view would take longer than the look. */
function isText(buf: Buffer, pos: number, end: number): boolean {
  for (let i = pos; i < end; i++) {
    if ((buf[i] as number) >= 0x80) return isUtf8(buf.subarray(i, end));
  }
  return true;
}
