// Made by `npm run generate` from proto/. Do not edit.
import {
  TIMESTAMP_SECONDS,
  TIMESTAMP_NANOS,
  HTTP_REQUEST_METHOD,
  HTTP_REQUEST_URL,
  HTTP_REQUEST_MATCHED_RULE,
  BOUNDARY_LOG_TIME,
  BOUNDARY_LOG_HTTP_REQUEST,
  REPORT_BOUNDARY_LOGS_REQUEST_LOGS,
  REPORT_BOUNDARY_LOGS_REQUEST_SESSION_ID,
  REPORT_BOUNDARY_LOGS_REQUEST_CONFINED_PROCESS_NAME,
} from './keys';
import { isAscii, isUtf8 } from '../utf8';
import { afterDelimited, afterLength, afterVarint, skipField } from '../wire';

let logs: i32 = 0;

/** How many logs there are in a ReportBoundaryLogsRequest; below 0 if the walk has to decide. */
export function checkRequest(pos: usize, end: usize): i32 {
  logs = 0;
  return isReportBoundaryLogsRequest(pos, end) ? logs : -1;
}

function isTimestamp(pos: usize, end: usize): bool {
  if (pos < end && load<u8>(pos) === TIMESTAMP_SECONDS) pos = afterVarint(pos + 1);
  if (pos < end && load<u8>(pos) === TIMESTAMP_NANOS) pos = afterVarint(pos + 1);
  while (pos < end) pos = skipField(pos);
  return pos === end;
}

function isHttpRequest(pos: usize, end: usize): bool {
  if (!isAscii(pos, end)) return isHttpRequestInUtf8(pos, end);
  if (pos < end && load<u8>(pos) === HTTP_REQUEST_METHOD) pos = afterDelimited(pos + 1);
  if (pos < end && load<u8>(pos) === HTTP_REQUEST_URL) pos = afterDelimited(pos + 1);
  if (pos < end && load<u8>(pos) === HTTP_REQUEST_MATCHED_RULE) pos = afterDelimited(pos + 1);
  while (pos < end) pos = skipField(pos);
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
      pos = skipField(pos);
    }
  }
  return pos === end;
}

function isBoundaryLog(pos: usize, end: usize): bool {
  logs += 1;
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
    } else {
      pos = skipField(pos);
    }
  }
  return pos === end;
}

function isReportBoundaryLogsRequest(pos: usize, end: usize): bool {
  while (pos < end) {
    const key = load<u8>(pos);
    if (key === REPORT_BOUNDARY_LOGS_REQUEST_LOGS) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isBoundaryLog(afterLength(pos + 1), stop)) return false;
      pos = stop;
    } else if (key === REPORT_BOUNDARY_LOGS_REQUEST_SESSION_ID || key === REPORT_BOUNDARY_LOGS_REQUEST_CONFINED_PROCESS_NAME) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isUtf8(afterLength(pos + 1), stop)) return false;
      pos = stop;
    } else {
      pos = skipField(pos);
    }
  }
  return pos === end;
}
