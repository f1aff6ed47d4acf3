/*
 * Removes the secrets of the URLs of a request, as `request-redactor.ts` does. It supports ordinary URLs, and the caller
 * looks at each other one in between. See `codec/wasm/README.md`. Positions are addresses.
 */
import { fieldKey, fieldStart, NOWHERE, nextField } from '../../../codec/wasm/field';
import {
  BOUNDARY_LOG_HTTP_REQUEST,
  HTTP_REQUEST_URL,
  REPORT_BOUNDARY_LOGS_REQUEST_LOGS,
} from '../../../codec/wasm/generated/keys';
import { afterLength, lengthAt, skipField } from '../../../codec/wasm/wire';
import { addLength, apply, count, endLength, INPUT, isFull, remove, setCount } from './patches';
import { removeSecrets } from './url';

export { INPUT, INPUT_ROOM, OUTPUT } from './patches';

/** Returned by {@link begin} and {@link proceed}: nothing is to be removed. Otherwise, how long the new request is. */
const SAME: i32 = 0;
/** Returned: the caller looks for the secrets of the URL at {@link URL}, and calls {@link proceed}. */
const UNUSUAL: i32 = -1;
/** Returned: the request is not valid. */
const GIVEN_UP: i32 = -2;

/** Start and end of an unusual URL, as offsets in the request: two i32. */
export const URL: usize = memory.data(8, 4);
/** The caller writes start and end of each of its secrets here, as offsets in the request: two i32 each. */
export const SECRETS: usize = memory.data(0x2_0000, 4);
export const SECRETS_ROOM: i32 = 0x4000;

/** A field in which the walk is: the request itself, a log, an HTTP request, or a URL. */
@unmanaged
class Level {
  end: usize;
  /** The index of the patch for its length. */
  length: i32;
}

const LEVELS: usize = memory.data(4 * 8, 4);
const URL_DEPTH: i32 = 3;

let depth: i32 = 0;
let pos: usize = 0;
/** Where the field ends in which {@link pos} is. */
let end: usize = 0;
let isQueryUnusual: bool = false;

/**
 * Begins with the request at {@link INPUT}.
 *
 * @param hasKept Whether the values of some parameters remain. Only JavaScript knows their names.
 */
export function begin(length: i32, hasKept: bool): i32 {
  depth = 0;
  pos = INPUT;
  end = INPUT + length;
  levelAt(0).end = end;
  isQueryUnusual = hasKept;
  setCount(0);
  return walk();
}

/** Continues after an unusual URL with so many secrets. */
export function proceed(secrets: i32): i32 {
  const stop = SECRETS + 8 * <usize>secrets;
  for (let at = SECRETS; at < stop; at += 8) remove(INPUT + load<u32>(at), INPUT + load<u32>(at, 4));
  return walk();
}

function walk(): i32 {
  for (;;) {
    while (pos < end) {
      let lengthStart = pos + 1;
      let start = afterLength(lengthStart);
      let stop: usize;
      if (load<u8>(pos) === keyAt(depth)) {
        stop = start + lengthAt(lengthStart);
      } else {
        stop = skipField(pos);
        if (stop <= end) {
          pos = stop;
          continue;
        }
      }
      if (stop > end) {
        // It is not as senders write it.
        stop = nextField(pos, end);
        if (stop === NOWHERE) return GIVEN_UP;
        if (fieldKey !== keyAt(depth)) {
          pos = stop;
          continue;
        }
        lengthStart = afterKey(pos);
        start = fieldStart;
      }
      enter(lengthStart, start, stop);
      if (depth < URL_DEPTH) continue;
      pos = stop;
      const before = count;
      if (removeSecrets(start, stop, isQueryUnusual)) break;
      setCount(before);
      store<u32>(URL, start - INPUT);
      store<u32>(URL, stop - INPUT, 4);
      return UNUSUAL;
    }
    if (pos !== end) return GIVEN_UP;
    if (depth === 0) break;
    leave();
  }
  if (isFull()) return GIVEN_UP;
  return count === 0 ? SAME : apply(<i32>(end - INPUT));
}

/** The key of the field that leads to URLs. */
function keyAt(depth: i32): u8 {
  if (depth === 0) return REPORT_BOUNDARY_LOGS_REQUEST_LOGS;
  return depth === 1 ? BOUNDARY_LOG_HTTP_REQUEST : HTTP_REQUEST_URL;
}

function levelAt(depth: i32): Level {
  return changetype<Level>(LEVELS + offsetof<Level>() * <usize>depth);
}

/** Position after the key at `pos`, which may be longer than necessary. */
function afterKey(pos: usize): usize {
  while (load<u8>(pos) >= 0x80) pos += 1;
  return pos + 1;
}

/** Enters a field: where its length begins, and its content, and where this ends. */
function enter(lengthStart: usize, start: usize, stop: usize): void {
  depth += 1;
  const level = levelAt(depth);
  level.end = stop;
  level.length = count;
  addLength(lengthStart, start);
  pos = start;
  end = stop;
}

/** Leaves the field in which the walk is, at its end. */
function leave(): void {
  endLength(levelAt(depth).length, end);
  depth -= 1;
  end = levelAt(depth).end;
}
