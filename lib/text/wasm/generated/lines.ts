// Made by `npm run generate` from proto/ and scripts/generate/text-fields.js. Do not edit.
import {
  REPORT_BOUNDARY_LOGS_REQUEST_SESSION_ID,
  REPORT_BOUNDARY_LOGS_REQUEST_CONFINED_PROCESS_NAME,
  BOUNDARY_LOG_ALLOWED,
  BOUNDARY_LOG_TIME,
  BOUNDARY_LOG_HTTP_REQUEST,
  HTTP_REQUEST_METHOD,
  HTTP_REQUEST_URL,
  HTTP_REQUEST_MATCHED_RULE,
  BOUNDARY_LOG_SEQUENCE_NUMBER,
} from '../../../../codec/wasm/generated/keys';
import { afterLength, skipField, varintValue } from '../../../../codec/wasm/wire';
import { Extent } from '../extent';
import { MAX_ESCAPED_LENGTH, write, writeNumber, writeString } from '../text';
import { Time } from '../time';

let $decision: bool = false;
const $sessionId = changetype<Extent>(memory.data(offsetof<Extent>(), 4));
let $sequenceNumber: u64 = 0;
const $confinedProcessName = changetype<Extent>(memory.data(offsetof<Extent>(), 4));
const $httpMethod = changetype<Extent>(memory.data(offsetof<Extent>(), 4));
const $httpUrl = changetype<Extent>(memory.data(offsetof<Extent>(), 4));
const $eventTime = changetype<Time>(memory.data(offsetof<Time>(), 8));
const $matchedRule = changetype<Extent>(memory.data(offsetof<Extent>(), 4));

/** @returns false if the message is not as senders write it. */
export function readRequest(pos: usize, end: usize): bool {
  $sessionId.clear();
  $confinedProcessName.clear();
  while (pos < end) {
    const key = load<u8>(pos);
    if (key === REPORT_BOUNDARY_LOGS_REQUEST_SESSION_ID) pos = $sessionId.set(pos);
    else if (key === REPORT_BOUNDARY_LOGS_REQUEST_CONFINED_PROCESS_NAME) pos = $confinedProcessName.set(pos);
    else pos = skipField(pos);
  }
  return pos === end;
}

function readLogHttpRequest(pos: usize, end: usize): bool {
  while (pos < end) {
    const key = load<u8>(pos);
    if (key === HTTP_REQUEST_METHOD) pos = $httpMethod.set(pos);
    else if (key === HTTP_REQUEST_URL) pos = $httpUrl.set(pos);
    else if (key === HTTP_REQUEST_MATCHED_RULE) pos = $matchedRule.set(pos);
    else pos = skipField(pos);
  }
  return pos === end;
}

/** @returns false if the message is not as senders write it. */
export function readLog(pos: usize, end: usize): bool {
  $decision = false;
  $sequenceNumber = 0;
  $httpMethod.clear();
  $httpUrl.clear();
  $eventTime.clear();
  $matchedRule.clear();
  while (pos < end) {
    const key = load<u8>(pos);
    const next = skipField(pos);
    if (next > end) return false;
    if (key === BOUNDARY_LOG_ALLOWED) { $decision = varintValue(pos + 1, next) !== 0; }
    else if (key === BOUNDARY_LOG_TIME) { if (!$eventTime.read(afterLength(pos + 1), next)) return false; }
    else if (key === BOUNDARY_LOG_HTTP_REQUEST) { if (!readLogHttpRequest(afterLength(pos + 1), next)) return false; }
    else if (key === BOUNDARY_LOG_SEQUENCE_NUMBER) { $sequenceNumber = varintValue(pos + 1, next); }
    pos = next;
  }
  return pos === end;
}

/** Whether this module can write the values. As unsigned integers, negative numbers are larger than these limits. */
export function isPlain(): bool {
  return $sequenceNumber <= <u64>i32.MAX_VALUE && $eventTime.isPlain;
}

/** The most bytes that the line needs. */
export function maxLength(): usize {
  return 223 + MAX_ESCAPED_LENGTH * ($sessionId.length + $confinedProcessName.length + $httpMethod.length + $httpUrl.length + $matchedRule.length);
}

/** Writes the line of the log that was read last. @returns the position after it, or 0 if a text is not UTF-8. */
export function writeLine(at: usize): usize {
  at = write(at, '{"msg":"boundary_request"');
  at = write(at, ',"decision":"');
  at = write(at, $decision ? 'allow"' : 'deny"');
  if ($sessionId.length > 0) {
    at = writeString(write(at, ',"session_id":"'), $sessionId.start, $sessionId.stop);
    if (at === 0) return 0;
  }
  if ($sequenceNumber > 0 || $sessionId.length > 0) at = writeNumber(write(at, ',"sequence_number":'), <u32>$sequenceNumber);
  if ($confinedProcessName.length > 0) {
    at = writeString(write(at, ',"confined_process_name":"'), $confinedProcessName.start, $confinedProcessName.stop);
    if (at === 0) return 0;
  }
  if ($httpMethod.length > 0) {
    at = writeString(write(at, ',"http_method":"'), $httpMethod.start, $httpMethod.stop);
    if (at === 0) return 0;
  }
  if ($httpUrl.length > 0) {
    at = writeString(write(at, ',"http_url":"'), $httpUrl.start, $httpUrl.stop);
    if (at === 0) return 0;
  }
  if ($eventTime.isSet) at = write($eventTime.write(write(at, ',"event_time":"')), '"');
  if ($matchedRule.length > 0) {
    at = writeString(write(at, ',"matched_rule":"'), $matchedRule.start, $matchedRule.stop);
    if (at === 0) return 0;
  }
  return write(at, '}\n');
}
