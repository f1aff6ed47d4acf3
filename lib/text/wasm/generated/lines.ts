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
import { fieldKey, fieldStart, fieldValue, NOWHERE, nextField } from '../../../../codec/wasm/field';
import { afterLength, skipField, varintValue } from '../../../../codec/wasm/wire';
import { Extent } from '../extent';
import { copyRepeated, MAX_REPEATED_LENGTH, REPEATED_ROOM, writeRepeated } from '../repeated';
import { MAX_ESCAPED_LENGTH, write, writeInteger, writeNumber, writeString } from '../text';
import { Time } from '../time';

let $decision: bool = false;
const $sessionId = changetype<Extent>(memory.data(offsetof<Extent>(), 4));
const $sessionIdText = memory.data(REPEATED_ROOM, 16);
let $sessionIdEnd: usize = 0;
let $sequenceNumber: u64 = 0;
const $confinedProcessName = changetype<Extent>(memory.data(offsetof<Extent>(), 4));
const $confinedProcessNameText = memory.data(REPEATED_ROOM, 16);
let $confinedProcessNameEnd: usize = 0;
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

/** The same for a message in any form that is allowed. @returns false if it is not valid. */
export function walkRequest(pos: usize, end: usize): bool {
  $sessionId.clear();
  $confinedProcessName.clear();
  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return false;
    if (fieldKey === 0o22) { $sessionId.place(fieldStart, pos); }
    else if (fieldKey === 0o32) { $confinedProcessName.place(fieldStart, pos); }
  }
  return true;
}

function walkLogHttpRequest(pos: usize, end: usize): bool {
  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return false;
    if (fieldKey === 0o12) { $httpMethod.place(fieldStart, pos); }
    else if (fieldKey === 0o22) { $httpUrl.place(fieldStart, pos); }
    else if (fieldKey === 0o32) { $matchedRule.place(fieldStart, pos); }
  }
  return true;
}

/** The same for a message in any form that is allowed. @returns false if it is not valid. */
export function walkLog(pos: usize, end: usize): bool {
  $decision = false;
  $sequenceNumber = 0;
  $httpMethod.clear();
  $httpUrl.clear();
  $eventTime.clear();
  $matchedRule.clear();
  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return false;
    if (fieldKey === 0o10) { $decision = fieldValue !== 0; }
    else if (fieldKey === 0o22) { if (!$eventTime.walk(fieldStart, pos)) return false; }
    else if (fieldKey === 0o32) { if (!walkLogHttpRequest(fieldStart, pos)) return false; }
    else if (fieldKey === 0o40) { $sequenceNumber = fieldValue; }
  }
  return true;
}

/** Writes what each line repeats. @returns false if a text is not UTF-8. */
export function prepare(): bool {
  $sessionIdEnd = writeRepeated($sessionIdText, $sessionId.start, $sessionId.stop);
  if ($sessionIdEnd === 0) return false;
  $confinedProcessNameEnd = writeRepeated($confinedProcessNameText, $confinedProcessName.start, $confinedProcessName.stop);
  if ($confinedProcessNameEnd === 0) return false;
  return true;
}

/** The most bytes that the line needs. */
export function maxLength(): usize {
  return 224 + 2 * MAX_REPEATED_LENGTH + MAX_ESCAPED_LENGTH * ($httpMethod.length + $httpUrl.length + $matchedRule.length);
}

/** Writes the line of the log that was read last. @returns the position after it, or 0 if a text is not UTF-8. */
export function writeLine(at: usize): usize {
  at = write(at, '{"msg":"boundary_request"');
  at = write(at, ',"decision":"');
  at = write(at, $decision ? 'allow"' : 'deny"');
  if ($sessionId.length > 0) at = copyRepeated(write(at, ',"session_id":"'), $sessionIdText, $sessionIdEnd);
  if (<i32>$sequenceNumber !== 0 || $sessionId.length > 0) at = writeInteger(write(at, ',"sequence_number":'), <i32>$sequenceNumber);
  if ($confinedProcessName.length > 0) at = copyRepeated(write(at, ',"confined_process_name":"'), $confinedProcessNameText, $confinedProcessNameEnd);
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
