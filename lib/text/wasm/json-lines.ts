/*
 * Writes JSON directly from the received bytes. The result is identical to that of `formatBatch`. See
 * `codec/wasm/README.md`. Positions are addresses.
 */

import { REPORT_BOUNDARY_LOGS_REQUEST_LOGS as LOGS } from '../../../codec/wasm/generated/keys';
import { afterLength, lengthAt, skipField } from '../../../codec/wasm/wire';
import { isPlain, maxLength, readLog, readRequest, writeLine } from './generated/lines';

export { SHOWN } from './text';

/** Reads and writes may go this far past the end of their area. */
const SPARE: i32 = 64;

/** The caller copies a ReportBoundaryLogsRequest here. It may be as long as the payload of a frame. */
export const INPUT: usize = memory.data(0x8000 + SPARE, 16);
export const INPUT_ROOM: i32 = 0x8000;

/** Its lines are written here. They are seldom ten times as long as the request. */
export const OUTPUT: usize = memory.data(0x8_0000 + SPARE, 16);
const OUTPUT_ROOM: usize = 0x8_0000;

/**
 * Writes a line for each log of the request at {@link INPUT}, which has `length` bytes.
 *
 * @returns how many bytes of text there are at {@link OUTPUT}; below 0 if the request is not as senders write
 *   it, or if there is not enough room.
 */
export function writeLines(length: usize): i32 {
  const end = INPUT + length;
  if (!readRequest(INPUT, end)) return -1;
  let at = OUTPUT;
  for (let pos = INPUT; pos < end; ) {
    if (load<u8>(pos) === LOGS) {
      const start = afterLength(pos + 1);
      pos = start + lengthAt(pos + 1);
      if (!readLog(start, pos) || !isPlain() || at + maxLength() > OUTPUT + OUTPUT_ROOM) return -1;
      at = writeLine(at);
      if (at === 0) return -1;
    } else {
      pos = skipField(pos);
    }
  }
  return <i32>(at - OUTPUT);
}
