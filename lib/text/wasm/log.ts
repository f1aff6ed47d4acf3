/** Reads requests without an object for each log: one log after the other, into the same places. */
import {
  ALLOWED,
  HTTP_REQUEST,
  MATCHED_RULE,
  METHOD,
  NANOS,
  PROCESS_NAME,
  SECONDS,
  SEQUENCE_NUMBER,
  SESSION_ID,
  TIME,
  URL,
} from '../../../codec/wasm/keys';
import { afterLength, lengthAt, skipField, varintValue } from '../../../codec/wasm/wire';

/** Where a text lies. */
@unmanaged
export class Extent {
  start: usize;
  stop: usize;

  get length(): usize {
    return this.stop - this.start;
  }

  /** To the value of the field at `pos`. @returns where it ends. */
  set(pos: usize): usize {
    this.start = afterLength(pos + 1);
    this.stop = this.start + lengthAt(pos + 1);
    return this.stop;
  }

  clear(): void {
    this.start = 0;
    this.stop = 0;
  }
}

/** Of the request that was read last. */
export const sessionId = changetype<Extent>(memory.data(8, 4));
export const processName = changetype<Extent>(memory.data(8, 4));

/** Of the log that was read last. */
export let allowed: bool = false;
export let sequenceNumber: u64 = 0;
export let hasTime: bool = false;
export let seconds: u64 = 0;
export let nanos: u64 = 0;
export const method = changetype<Extent>(memory.data(8, 4));
export const url = changetype<Extent>(memory.data(8, 4));
export const matchedRule = changetype<Extent>(memory.data(8, 4));

/**
 * Reads what the logs of a request have in common, which stands behind them. Of a field that comes twice the last
 * one stands, here as in a log.
 *
 * @returns false where the request is not as senders write it.
 */
export function readRequest(pos: usize, end: usize): bool {
  sessionId.clear();
  processName.clear();
  while (pos < end) {
    const key = load<u8>(pos);
    if (key === SESSION_ID) pos = sessionId.set(pos);
    else if (key === PROCESS_NAME) pos = processName.set(pos);
    else pos = skipField(pos);
  }
  return pos === end;
}

/** Reads a log. Messages in it that come twice merge, as protobuf has it. @returns false as above. */
export function readLog(pos: usize, end: usize): bool {
  allowed = false;
  sequenceNumber = 0;
  hasTime = false;
  seconds = 0;
  nanos = 0;
  method.clear();
  url.clear();
  matchedRule.clear();
  while (pos < end) {
    const key = load<u8>(pos);
    const next = skipField(pos);
    if (next > end) return false;
    if (key === ALLOWED) allowed = varintValue(pos + 1, next) !== 0;
    else if (key === SEQUENCE_NUMBER) sequenceNumber = varintValue(pos + 1, next);
    else if (key === TIME && !readTime(afterLength(pos + 1), next)) return false;
    else if (key === HTTP_REQUEST && !readHttpRequest(afterLength(pos + 1), next)) return false;
    pos = next;
  }
  return pos === end;
}

function readTime(pos: usize, end: usize): bool {
  hasTime = true;
  while (pos < end) {
    const key = load<u8>(pos);
    const next = skipField(pos);
    if (next > end) return false;
    if (key === SECONDS) seconds = varintValue(pos + 1, next);
    else if (key === NANOS) nanos = varintValue(pos + 1, next);
    pos = next;
  }
  return pos === end;
}

function readHttpRequest(pos: usize, end: usize): bool {
  while (pos < end) {
    const key = load<u8>(pos);
    if (key === METHOD) pos = method.set(pos);
    else if (key === URL) pos = url.set(pos);
    else if (key === MATCHED_RULE) pos = matchedRule.set(pos);
    else pos = skipField(pos);
  }
  return pos === end;
}
