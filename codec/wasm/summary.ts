/*
 * Sums up a request, or all of an envelope, while it is checked: its session, how many of its logs are allowed, and whether
 * their sequence numbers are consecutive. `codec/summary.ts` does the same in JavaScript.
 */

/**
 * How many sessions are known by number, and how many bytes each of them occupies: the length of its id, whether JavaScript
 * has not read it yet, and from the eighth byte on its id.
 */
const SLOTS: i32 = 256;
const SLOT_LENGTH: usize = 128;
/** A longer id is left to JavaScript. A UUID has 36 bytes. */
const MAX_LENGTH: usize = 120;

const NONE: i32 = -1;
const LEFT: i32 = -2;

/** The ids of the sessions that are known by number. */
export const SESSIONS: usize = memory.data(256 * 128, 16);

/**
 * Of the request that was checked last: the first sequence number, or -1 if the numbers are not consecutive; how many logs
 * are allowed; the number of its session; and where its id begins and ends. Five i32. {@link SLOTS} is added to the number
 * until JavaScript says that it has read the id. Without a session the number is {@link NONE}, and if the id cannot be
 * stored, {@link LEFT}.
 */
export const SUMMARY: usize = memory.data(20, 4);

/** The sequence numbers of its first logs. i32. */
export const NUMBERS: usize = memory.data(4 * 1024, 4);
export const MAX_NUMBERS: i32 = 1024;

/** How many logs were noted. */
let noted: i32 = 0;
let allowed: i32 = 0;
let first: i32 = 0;
/** The number that the next log should have, and a bit for each difference. */
let expected: i32 = 0;
let difference: i32 = 0;
let sessionStart: usize = 0;
let sessionStop: usize = 0;

/** A request or an envelope begins. */
export function begin(): void {
  noted = 0;
  allowed = 0;
  first = -1;
  difference = 0;
  sessionStart = 0;
  sessionStop = 0;
}

/** A log is valid. */
export function noteLog(isAllowed: bool, sequence: i32): void {
  allowed += <i32>isAllowed;
  if (noted === 0) first = sequence;
  else difference |= sequence ^ expected;
  difference |= sequence >> 31;
  expected = sequence + 1;
  if (noted < MAX_NUMBERS) store<i32>(NUMBERS + ((<usize>noted) << 2), sequence);
  noted += 1;
}

/** The id of the session. The last one counts. */
export function noteSession(start: usize, stop: usize): void {
  sessionStart = start;
  sessionStop = stop;
}

/** It is valid. */
export function summarize(): void {
  store<i32>(SUMMARY, difference === 0 ? first : -1);
  store<i32>(SUMMARY, allowed, 4);
  store<i32>(SUMMARY, sessionStop === sessionStart ? NONE : slotOf(sessionStart, sessionStop), 8);
  store<i32>(SUMMARY, <i32>sessionStart, 12);
  store<i32>(SUMMARY, <i32>sessionStop, 16);
}

/** Finds the number of a session, or gives it one. Another session may have had this number before. */
function slotOf(start: usize, stop: usize): i32 {
  const length = stop - start;
  if (length > MAX_LENGTH) return LEFT;
  const isShort = length < 8;
  // What follows a short id is not part of it.
  const head = isShort ? load<u64>(start) & (((<u64>1) << ((<u64>length) << 3)) - 1) : load<u64>(start);
  const ends = isShort ? head : head ^ rotl<u64>(load<u64>(stop - 8), 29);
  const slot = <i32>((<u32>(ends ^ (ends >> 32)) * 0x9e37_79b9) >> 24);
  const at = SESSIONS + <usize>slot * SLOT_LENGTH;
  const isKnown = isShort ? load<u64>(at, 8) === head : isSame(at + 8, start, length);
  if (<usize>load<u8>(at) === length && isKnown) return slot + <i32>load<u8>(at, 1) * SLOTS;
  store<u8>(at, <u8>length);
  store<u8>(at, 1, 1);
  if (isShort) store<u64>(at, head, 8);
  else memory.copy(at + 8, start, length);
  return slot + SLOTS;
}

/** Compares at least eight bytes. The last eight may overlap those before them. */
function isSame(a: usize, b: usize, length: usize): bool {
  for (let i: usize = 8; i < length; i += 8) {
    if (load<u64>(a + i - 8) !== load<u64>(b + i - 8)) return false;
  }
  return load<u64>(a + length - 8) === load<u64>(b + length - 8);
}
