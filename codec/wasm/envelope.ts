/*
 * Reads a BoundaryMessage, the payload of tag 2, as `decodeMembers` in `codec/message.ts` does. An envelope may contain
 * thousands of members, so none of them may cost a call from JavaScript.
 */
import { fieldKey, fieldStart, fieldValue, NOWHERE, nextField } from './field';
import { checkRequest, MALFORMED } from './generated/check';
import {
  BOUNDARY_MESSAGE_LOGS,
  BOUNDARY_MESSAGE_STATUS,
  BOUNDARY_STATUS_DROPPED_BATCH_FULL,
  BOUNDARY_STATUS_DROPPED_CHANNEL_FULL,
} from './generated/keys';
import { begin, summarize } from './summary';
import { LANES } from './utf8';

/** What {@link readEnvelope} returns, unless the envelope is not valid. */
const UNKNOWN: i32 = 0;
const LOGS: i32 = 1;
const STATUS: i32 = 2;

/** Vector instructions may write this many bytes past the end of an area. */
const SPARE: i32 = 64;

/** The requests of an envelope that has more than one, without what is between them. */
export const JOINED: usize = memory.data(0x8000 + SPARE, 16);

/**
 * What there is in the envelope. Of logs: their count, the number of requests that are not empty, the position of the
 * last one of these, and the length of all of them: four i32. Of a status: the two counts, each an i64, after them.
 */
export const RESULT: usize = memory.data(32, 16);

/** Its requests are summed up together. @returns which member the envelope has, or below 0 why it is not valid. */
export function readEnvelope(pos: usize, end: usize): i32 {
  let member = UNKNOWN;
  let count = 0;
  let requests = 0;
  let last: usize = 0;
  let length: usize = 0;
  while (pos < end) {
    let key: u32 = load<u8>(pos);
    let start = pos + 2;
    const length7 = start <= end ? load<u8>(pos, 1) : 0x80;
    if (length7 < 0x80 && (key === BOUNDARY_MESSAGE_LOGS || key === BOUNDARY_MESSAGE_STATUS)) {
      // A short member, of which there may be thousands.
      pos = start + length7;
      if (pos > end) return MALFORMED;
    } else {
      pos = nextField(pos, end);
      if (pos === NOWHERE) return MALFORMED;
      key = fieldKey;
      start = fieldStart;
    }
    if (key === BOUNDARY_MESSAGE_LOGS) {
      // A member of another kind replaces what came before it.
      if (member !== LOGS) begin();
      const logs = pos === start ? 0 : checkRequest(start, pos);
      if (logs < 0) return logs;
      if (member !== LOGS) {
        count = 0;
        requests = 0;
        length = 0;
      }
      member = LOGS;
      count += logs;
      if (pos === start) continue;
      requests += 1;
      last = start;
      copy(JOINED + length, start, pos);
      length += pos - start;
    } else if (key === BOUNDARY_MESSAGE_STATUS) {
      if (member !== STATUS) {
        store<u64>(RESULT, 0, 16);
        store<u64>(RESULT, 0, 24);
      }
      if (!readStatus(start, pos)) return MALFORMED;
      member = STATUS;
    }
  }
  if (member === LOGS) summarize();
  store<i32>(RESULT, count);
  store<i32>(RESULT, requests, 4);
  store<i32>(RESULT, <i32>last, 8);
  store<i32>(RESULT, <i32>length, 12);
  return member;
}

/** Merges a BoundaryStatus into {@link RESULT}. @returns whether it is valid. */
function readStatus(pos: usize, end: usize): bool {
  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return false;
    if (fieldKey === BOUNDARY_STATUS_DROPPED_CHANNEL_FULL) store<u64>(RESULT, fieldValue, 16);
    else if (fieldKey === BOUNDARY_STATUS_DROPPED_BATCH_FULL) store<u64>(RESULT, fieldValue, 24);
  }
  return true;
}

/** Copies bytes, and up to 15 more: most requests of such an envelope are short. */
function copy(to: usize, from: usize, end: usize): void {
  for (; from < end; from += LANES, to += LANES) v128.store(to, v128.load(from));
}
