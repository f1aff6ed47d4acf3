/*
 * Validates messages against a schema without building objects. `wasm/check.ts` does the same ten times as fast. This
 * file is for machines without WebAssembly, and for messages that do not fit into its memory. Tests compare both with
 * a naive codec.
 *
 * Each function returns the position after what it checked, or a negative number that says what is wrong.
 */
import { isUtf8 } from 'node:buffer';
import { checkFast, UNDECIDED } from './fast-path.js';
import { BoundaryLog, BoundaryStatus, ReportBoundaryLogsRequest } from './generated/schema.js';
import { type MessageSchema, TEXT } from './schema.js';
import { isFieldKey, MALFORMED, skipValue, skipVarint, varintValue, WireType } from './wire.js';

/** Returned instead of a position: a known text field is not valid UTF-8. */
export const INVALID_UTF8 = -2;

/**
 * State of the current check. As a local variable it would have to be passed through every call of the walk.
 */
let logs = 0;

/**
 * Checks a ReportBoundaryLogsRequest. The first fault on the wire decides the result, as in the Go
 * implementation (Coder's workspace agent).
 *
 * @returns how many logs it contains, {@link MALFORMED} or {@link INVALID_UTF8}.
 */
export function checkRequest(buf: Buffer, pos: number, end: number): number {
  const count = checkFast(buf, pos, end);
  return count === UNDECIDED ? walkRequest(buf, pos, end) : count;
}

/** The same without WebAssembly. */
export function walkRequest(buf: Buffer, pos: number, end: number): number {
  logs = 0;
  const result = walk(ReportBoundaryLogsRequest, buf, pos, end);
  return result < 0 ? result : logs;
}

/** Checks a BoundaryStatus. @returns {@link MALFORMED} or {@link INVALID_UTF8} if it is not valid. */
export function checkStatus(buf: Buffer, pos: number, end: number): number {
  return walk(BoundaryStatus, buf, pos, end);
}

function walk(schema: MessageSchema, buf: Buffer, pos: number, end: number): number {
  while (pos >= 0 && pos < end) pos = walkField(schema, buf, pos, end);
  return pos;
}

function walkField(schema: MessageSchema, buf: Buffer, pos: number, end: number): number {
  const afterKey = skipVarint(buf, pos, end);
  if (afterKey === MALFORMED) return MALFORMED;
  const key = varintValue(buf, pos, afterKey);
  if (!isFieldKey(key)) return MALFORMED;
  const number = key >>> 3;
  const stop = skipValue(buf, afterKey, end, key & 7, number);
  if (stop === MALFORMED) return MALFORMED;
  const known = (key & 7) === WireType.LENGTH ? schema.checked[number] : undefined;
  if (known === undefined) return stop;
  const start = skipVarint(buf, afterKey, end);
  if (known === TEXT) return isText(buf, start, stop) ? stop : INVALID_UTF8;
  if (known === BoundaryLog) logs += 1;
  return walk(known, buf, start, stop);
}

/**
 * Whether the bytes are UTF-8. Most texts are ASCII, and looking at each byte costs less than making a view.
 */
function isText(buf: Buffer, pos: number, end: number): boolean {
  for (let i = pos; i < end; i++) {
    if ((buf[i] as number) >= 0x80) return isUtf8(buf.subarray(i, end));
  }
  return true;
}
