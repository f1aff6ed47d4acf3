/**
 * JSON straight from the bytes that came, to the byte as `formatBatch` writes it: a tenth of the time that it takes
 * through objects. Compiled to WebAssembly by `npm run generate`. Positions are addresses.
 */
import { LOGS } from '../../../codec/wasm/keys';
import { afterLength, lengthAt, skipField } from '../../../codec/wasm/wire';
import {
  allowed,
  Extent,
  hasTime,
  matchedRule,
  method,
  nanos,
  processName,
  readLog,
  readRequest,
  seconds,
  sequenceNumber,
  sessionId,
  url,
} from './log';
import { MAX_ESCAPED_LENGTH, write, writeNumber, writeString } from './text';
import { END_OF_TIME, SECOND, writeTime } from './time';

/** Beyond what is read, and what is written. */
const SPARE: i32 = 64;

/** Where a ReportBoundaryLogsRequest is put, and how long it may be: what a frame takes. */
export const INPUT: usize = memory.data(0x8000 + SPARE, 16);
export const INPUT_ROOM: i32 = 0x8000;

/** Where its lines are written. They are seldom ten times as long. */
export const OUTPUT: usize = memory.data(0x8_0000 + SPARE, 16);
const OUTPUT_ROOM: usize = 0x8_0000;

const MAX_INT32: u64 = 0x7fff_ffff;

/** The most that a line has beside its texts. */
const FIXED_LENGTH: usize = 300;

/** Whether all texts so far were UTF-8. */
let isText: bool = true;

/**
 * Writes a line for each log of the request of so many bytes at {@link INPUT}.
 *
 * @returns how many bytes of text there are at {@link OUTPUT}; below 0 where the request is not as senders write
 *   it, or there is no room.
 */
export function writeLines(length: usize): i32 {
  const end = INPUT + length;
  if (!readRequest(INPUT, end)) return -1;
  isText = true;
  let at = OUTPUT;
  for (let pos = INPUT; pos < end; ) {
    if (load<u8>(pos) === LOGS) {
      const start = afterLength(pos + 1);
      pos = start + lengthAt(pos + 1);
      if (!readLog(start, pos) || !isPlain() || at + maxLength() > OUTPUT + OUTPUT_ROOM) return -1;
      at = writeLine(at);
      if (!isText) return -1;
    } else {
      pos = skipField(pos);
    }
  }
  return <i32>(at - OUTPUT);
}

/** Whether the numbers of the log are written as they stand. What is negative is larger than these. */
function isPlain(): bool {
  return sequenceNumber <= MAX_INT32 && seconds < END_OF_TIME && nanos < SECOND;
}

/** Of the line of the log. */
function maxLength(): usize {
  const texts = sessionId.length + processName.length + method.length + url.length + matchedRule.length;
  return FIXED_LENGTH + MAX_ESCAPED_LENGTH * texts;
}

function writeLine(at: usize): usize {
  at = write(at, '{"msg":"boundary_request",');
  at = write(at, allowed ? '"decision":"allow"' : '"decision":"deny"');
  at = writeText(at, ',"session_id":"', sessionId);
  if (sessionId.length > 0 || sequenceNumber > 0) {
    at = writeNumber(write(at, ',"sequence_number":'), <u32>sequenceNumber);
  }
  at = writeText(at, ',"confined_process_name":"', processName);
  at = writeText(at, ',"http_method":"', method);
  at = writeText(at, ',"http_url":"', url);
  if (hasTime) at = write(writeTime(write(at, ',"event_time":"'), seconds, nanos), '"');
  at = writeText(at, ',"matched_rule":"', matchedRule);
  return write(at, '}\n');
}

/** A text that is not empty, with its name. */
function writeText(at: usize, name: string, text: Extent): usize {
  if (text.length === 0) return at;
  const end = writeString(write(at, name), text.start, text.stop);
  if (end === 0) isText = false;
  return end === 0 ? at : end;
}
