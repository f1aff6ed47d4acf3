// Made by `npm run generate` from proto/. Do not edit.
import {
  TIMESTAMP_SECONDS,
  TIMESTAMP_NANOS,
  HTTP_REQUEST_METHOD,
  HTTP_REQUEST_URL,
  HTTP_REQUEST_MATCHED_RULE,
  BOUNDARY_LOG_ALLOWED,
  BOUNDARY_LOG_TIME,
  BOUNDARY_LOG_HTTP_REQUEST,
  BOUNDARY_LOG_SEQUENCE_NUMBER,
  REPORT_BOUNDARY_LOGS_REQUEST_LOGS,
  REPORT_BOUNDARY_LOGS_REQUEST_SESSION_ID,
  REPORT_BOUNDARY_LOGS_REQUEST_CONFINED_PROCESS_NAME,
} from './keys';
import { fieldKey, fieldStart, fieldValue, NOWHERE, nextField, START_GROUP } from '../field';
import { isAscii, isUtf8 } from '../utf8';
import { afterDelimited, afterLength, afterVarint, GIVEN_UP, longVarintValue, skipField } from '../wire';
import { noteLog, noteSession } from '../summary';

/** The message is not valid protobuf, or a text in it is not UTF-8. */
export const MALFORMED: i32 = -1;
const INVALID_UTF8: i32 = -2;

/** The highest number of a field that is known. */
const LAST_NUMBER: u32 = 4;

let logs: i32 = 0;
/** The field of the request that is being checked, and how many logs there are before it. */
let place: usize = 0;
let logsBefore: i32 = 0;

/** How many logs there are in a ReportBoundaryLogsRequest, which are noted; below 0 why it is not valid. */
export function checkRequest(pos: usize, end: usize): i32 {
  logs = 0;
  while (!isReportBoundaryLogsRequest(pos, end)) {
    // Only this field is not as senders write it.
    logs = logsBefore;
    const next = walkReportBoundaryLogsRequest(place, end);
    if (next < 0) return next;
    pos = next;
  }
  return logs;
}

/**
 * Skips a field that is not known. There may be thousands of groups, which senders never write. It gives up if the field is
 * known, and its key longer than it has to be.
 */
function skipUnknown(pos: usize, end: usize): usize {
  const key = load<u8>(pos);
  if (key < 0x80 && (key & 7) !== <u8>START_GROUP) return skipField(pos);
  pos = nextField(pos, end);
  return pos === NOWHERE || (key >= 0x80 && fieldKey >> 3 <= LAST_NUMBER) ? GIVEN_UP : pos;
}

function isTimestamp(pos: usize, end: usize): bool {
  if (pos < end && load<u8>(pos) === TIMESTAMP_SECONDS) pos = afterVarint(pos + 1);
  if (pos < end && load<u8>(pos) === TIMESTAMP_NANOS) pos = afterVarint(pos + 1);
  while (pos < end) pos = skipUnknown(pos, end);
  return pos === end;
}

function isHttpRequest(pos: usize, end: usize): bool {
  if (!isAscii(pos, end)) return isHttpRequestInUtf8(pos, end);
  if (pos < end && load<u8>(pos) === HTTP_REQUEST_METHOD) pos = afterDelimited(pos + 1);
  if (pos < end && load<u8>(pos) === HTTP_REQUEST_URL) pos = afterDelimited(pos + 1);
  if (pos < end && load<u8>(pos) === HTTP_REQUEST_MATCHED_RULE) pos = afterDelimited(pos + 1);
  while (pos < end) pos = skipUnknown(pos, end);
  return pos === end;
}

function isHttpRequestInUtf8(pos: usize, end: usize): bool {
  while (pos < end) {
    const key = load<u8>(pos);
    if (key === HTTP_REQUEST_METHOD || key === HTTP_REQUEST_URL || key === HTTP_REQUEST_MATCHED_RULE) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isUtf8(afterLength(pos + 1), stop)) return false;
      pos = stop;
    } else {
      pos = skipUnknown(pos, end);
    }
  }
  return pos === end;
}

function isBoundaryLog(pos: usize, end: usize): bool {
  logs += 1;
  let isAllowed = false;
  let sequence: i32 = 0;
  while (pos < end) {
    const key = load<u8>(pos);
    if (key === BOUNDARY_LOG_TIME) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isTimestamp(afterLength(pos + 1), stop)) return false;
      pos = stop;
    } else if (key === BOUNDARY_LOG_HTTP_REQUEST) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isHttpRequest(afterLength(pos + 1), stop)) return false;
      pos = stop;
    } else if (key === BOUNDARY_LOG_ALLOWED) {
      let next = pos + 2;
      let value: u64 = load<u8>(pos, 1);
      if (value >= 0x80) {
        next = afterVarint(pos + 1);
        if (next > end) return false;
        value = longVarintValue(pos + 1, next);
      }
      isAllowed = value !== 0;
      pos = next;
    } else if (key === BOUNDARY_LOG_SEQUENCE_NUMBER) {
      let next = pos + 2;
      let value: u64 = load<u8>(pos, 1);
      if (value >= 0x80) {
        next = afterVarint(pos + 1);
        if (next > end) return false;
        value = longVarintValue(pos + 1, next);
      }
      sequence = <i32>value;
      pos = next;
    } else {
      pos = skipUnknown(pos, end);
    }
  }
  if (pos !== end) return false;
  noteLog(isAllowed, sequence);
  return true;
}

function isReportBoundaryLogsRequest(pos: usize, end: usize): bool {
  while (pos < end) {
    place = pos;
    logsBefore = logs;
    const key = load<u8>(pos);
    if (key === REPORT_BOUNDARY_LOGS_REQUEST_LOGS) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isBoundaryLog(afterLength(pos + 1), stop)) return false;
      pos = stop;
    } else if (key === REPORT_BOUNDARY_LOGS_REQUEST_CONFINED_PROCESS_NAME) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isUtf8(afterLength(pos + 1), stop)) return false;
      pos = stop;
    } else if (key === REPORT_BOUNDARY_LOGS_REQUEST_SESSION_ID) {
      const start = afterLength(pos + 1);
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isUtf8(start, stop)) return false;
      noteSession(start, stop);
      pos = stop;
    } else {
      pos = skipUnknown(pos, end);
    }
  }
  return pos === end;
}

function walkTimestamp(pos: usize, end: usize): i32 {
  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return MALFORMED;
  }
  return 0;
}

function walkHttpRequest(pos: usize, end: usize): i32 {
  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return MALFORMED;
    if (fieldKey === 0o12) {
      if (!isUtf8(fieldStart, pos)) return INVALID_UTF8;
    } else if (fieldKey === 0o22) {
      if (!isUtf8(fieldStart, pos)) return INVALID_UTF8;
    } else if (fieldKey === 0o32) {
      if (!isUtf8(fieldStart, pos)) return INVALID_UTF8;
    }
  }
  return 0;
}

function walkBoundaryLog(pos: usize, end: usize): i32 {
  logs += 1;
  let isAllowed = false;
  let sequence: i32 = 0;
  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return MALFORMED;
    if (fieldKey === 0o10) {
      isAllowed = fieldValue !== 0;
    } else if (fieldKey === 0o22) {
      const result = walkTimestamp(fieldStart, pos);
      if (result < 0) return result;
    } else if (fieldKey === 0o32) {
      const result = walkHttpRequest(fieldStart, pos);
      if (result < 0) return result;
    } else if (fieldKey === 0o40) {
      sequence = <i32>fieldValue;
    }
  }
  noteLog(isAllowed, sequence);
  return 0;
}

function walkReportBoundaryLogsRequest(pos: usize, end: usize): i32 {
  pos = nextField(pos, end);
  if (pos === NOWHERE) return MALFORMED;
  if (fieldKey === 0o12) {
    const result = walkBoundaryLog(fieldStart, pos);
    if (result < 0) return result;
  } else if (fieldKey === 0o22) {
    if (!isUtf8(fieldStart, pos)) return INVALID_UTF8;
    noteSession(fieldStart, pos);
  } else if (fieldKey === 0o32) {
    if (!isUtf8(fieldStart, pos)) return INVALID_UTF8;
  }
  return <i32>pos;
}
