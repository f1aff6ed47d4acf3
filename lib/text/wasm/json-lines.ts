/*
 * Writes JSON directly from the received bytes, in pieces. The result is identical to that of `formatBatch`. See
 * `codec/wasm/README.md`. Positions are addresses.
 */

import { fieldKey, fieldStart, NOWHERE, nextField } from '../../../codec/wasm/field';
import { REPORT_BOUNDARY_LOGS_REQUEST_LOGS as LOGS } from '../../../codec/wasm/generated/keys';
import { afterLength, lengthAt, skipField } from '../../../codec/wasm/wire';
import { maxLength, prepare, readLog, readRequest, walkLog, walkRequest, writeLine } from './generated/lines';

/** Reads and writes may go this far past the end of their area. */
const SPARE: i32 = 64;

/** The caller copies a ReportBoundaryLogsRequest here. It may be as long as the payload of a frame. */
export const INPUT: usize = memory.data(0x8000 + SPARE, 16);
export const INPUT_ROOM: i32 = 0x8000;

/** Its lines are written here: more than a piece, because the last line of a piece may be long. */
export const OUTPUT: usize = memory.data(0x8_0000 + SPARE, 16);
const OUTPUT_ROOM: usize = 0x8_0000;
/** A piece ends with the line that makes it this long. */
const PIECE: usize = 0x4_0000;

/** How far {@link writeLines} got: the offset of the rest of the request, and how many lines it wrote. Two i32. */
export const PROGRESS: usize = memory.data(8, 4);

let next: usize = 0;
let end: usize = 0;

/**
 * Begins with the request at {@link INPUT}, which has `length` bytes, at the offset `from`.
 *
 * @returns false if it is not a valid request.
 */
function begin(length: usize, from: usize): bool {
  end = INPUT + length;
  next = INPUT + from;
  return (readRequest(INPUT, end) || walkRequest(INPUT, end)) && prepare();
}

/** Begins, and writes the first piece. @returns as {@link writeLines}; below 0 if the request is not valid. */
export function beginLines(length: usize, from: usize): i32 {
  return begin(length, from) ? writeLines() : -1;
}

/**
 * Writes the next piece.
 *
 * @returns how many bytes of text there are at {@link OUTPUT}. If a log is not valid, or too long, what comes before it
 *   is written, and the rest of the request begins with it.
 */
export function writeLines(): i32 {
  let at = OUTPUT;
  let lines = 0;
  while (next < end && at < OUTPUT + PIECE) {
    let isLog = load<u8>(next) === LOGS;
    let start = afterLength(next + 1);
    let stop = isLog ? start + lengthAt(next + 1) : skipField(next);
    if (stop > end) {
      stop = nextField(next, end);
      if (stop === NOWHERE) break;
      isLog = fieldKey === LOGS;
      start = fieldStart;
    }
    if (isLog) {
      if (!readLog(start, stop) && !walkLog(start, stop)) break;
      if (at + maxLength() > OUTPUT + OUTPUT_ROOM) break;
      const after = writeLine(at);
      if (after === 0) break;
      at = after;
      lines += 1;
    }
    next = stop;
  }
  store<i32>(PROGRESS, <i32>(next - INPUT));
  store<i32>(PROGRESS, lines, 4);
  return <i32>(at - OUTPUT);
}
