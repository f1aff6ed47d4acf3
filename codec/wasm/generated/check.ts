// Made by `npm run generate` from proto/. Do not edit.
import {
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
import { afterLength, lengthAt, skipField } from '../wire';

let logs: i32 = 0;

/** How many logs there are in a ReportBoundaryLogsRequest; below 0 if the walk has to decide. */
export function checkRequest(pos: usize, end: usize): i32 {
  logs = 0;
  return isReportBoundaryLogsRequest(pos, end) ? logs : -1;
}

function isTimestamp(pos: usize, end: usize): bool {
  while (pos < end) pos = skipField(pos);
  return pos === end;
}

function isHttpRequest(pos: usize, end: usize): bool {
  const isPlain = isAscii(pos, end);
  while (pos < end) {
    const key = load<u8>(pos);
    if (key === HTTP_REQUEST_METHOD || key === HTTP_REQUEST_URL || key === HTTP_REQUEST_MATCHED_RULE) {
      const start = afterLength(pos + 1);
      const stop = start + lengthAt(pos + 1);
      if (stop > end) return false;
      if (!isPlain && !isUtf8(start, stop)) return false;
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
    if (key === BOUNDARY_LOG_TIME || key === BOUNDARY_LOG_HTTP_REQUEST) {
      const start = afterLength(pos + 1);
      const stop = start + lengthAt(pos + 1);
      if (stop > end) return false;
      if (key === BOUNDARY_LOG_TIME ? !isTimestamp(start, stop) : !isHttpRequest(start, stop)) return false;
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
    if (key === REPORT_BOUNDARY_LOGS_REQUEST_LOGS || key === REPORT_BOUNDARY_LOGS_REQUEST_SESSION_ID || key === REPORT_BOUNDARY_LOGS_REQUEST_CONFINED_PROCESS_NAME) {
      const start = afterLength(pos + 1);
      const stop = start + lengthAt(pos + 1);
      if (stop > end) return false;
      if (key === REPORT_BOUNDARY_LOGS_REQUEST_LOGS ? !isBoundaryLog(start, stop) : !isUtf8(start, stop)) return false;
      pos = stop;
    } else {
      pos = skipField(pos);
    }
  }
  return pos === end;
}
