/*
 * What is replaced in a request, as `patches.ts` in `lib/redaction/` does it. Positions are addresses.
 */
import { LANES } from '../../../codec/wasm/utf8';

/** Reads and writes may go this far past the end of their area. */
const SPARE: i32 = 64;

/** The caller copies a ReportBoundaryLogsRequest here. It may be as long as the payload of a frame. */
export const INPUT: usize = memory.data(0x8000 + SPARE, 16);
export const INPUT_ROOM: i32 = 0x8000;

/** The request with its patches. It is not longer than a request that fits into a frame. */
export const OUTPUT: usize = memory.data(0x8000 + SPARE, 16);
/** As `MAX_REQUEST_LENGTH` in `request-redactor.ts`. */
const MAX_LENGTH: i32 = 0x7ffc;

/** A stretch of bytes that is replaced: a secret, or the length of a field in which there are secrets. */
@unmanaged
class Patch {
  start: usize;
  end: usize;
  /** Of a length: the index of the first patch behind its field. */
  after: i32;
  /** Of a length: its value without patches. */
  content: i32;
  /** Of a length: its value with the patches. */
  length: i32;
  /** By how much this and all later patches make the request longer. */
  growth: i32;
}

/** No request has more patches: each needs a byte, and one between it and the next. */
const MAX_PATCHES: i32 = 0x4000;
const PATCHES: usize = memory.data(0x4000 * 24, 4);
const SIZE: usize = offsetof<Patch>();

/** How many patches there are. Setting it lower removes the last ones. */
export let count: i32 = 0;

export function setCount(value: i32): void {
  count = value;
}

/** Whether there may be patches for which there was no room. */
export function isFull(): bool {
  return count === MAX_PATCHES;
}

function patchAt(index: i32): Patch {
  return changetype<Patch>(PATCHES + SIZE * <usize>index);
}

function add(start: usize, end: usize): Patch {
  const patch = patchAt(count);
  if (!isFull()) count += 1;
  patch.start = start;
  patch.end = end;
  return patch;
}

/** `REDACTED`, as a number of eight bytes. */
const REDACTED: u64 = (0x4445_5443 << 32) | 0x4144_4552;
const REDACTED_LENGTH: i32 = 8;
/** What stands in place of it in a request that would be too long: `*`. */
const SHORT: u8 = 0x2a;

/** Removes the bytes, unless this was done before. */
export function remove(start: usize, end: usize): void {
  if (start >= end || (<i32>(end - start) === REDACTED_LENGTH && load<u64>(start) === REDACTED)) return;
  add(start, end).after = 0;
}

/** Adds the length of a field, which comes before the patches on which it depends. */
export function addLength(start: usize, end: usize): void {
  add(start, end);
}

/** Says that the field whose length is the patch `index` ends at `stop`. */
export function endLength(index: i32, stop: usize): void {
  if (count === index + 1) {
    // There is nothing to remove in it.
    count = index;
    return;
  }
  const patch = patchAt(index);
  patch.after = count;
  patch.content = <i32>(stop - patch.end);
}

/** Writes the request of `length` bytes with its patches to {@link OUTPUT}. @returns how long it is. */
export function apply(length: i32): i32 {
  let mark = REDACTED_LENGTH;
  let growth = measure(mark);
  if (growth > 0 && length + growth > MAX_LENGTH) {
    mark = 1;
    growth = measure(mark);
  }
  let from = INPUT;
  let to = OUTPUT;
  for (let i = 0; i < count; i++) {
    const patch = patchAt(i);
    copy(to, from, patch.start);
    to += patch.start - from;
    from = patch.end;
    if (patch.after !== 0) {
      to = writeVarint(to, patch.length);
    } else {
      if (mark === 1) store<u8>(to, SHORT);
      else store<u64>(to, REDACTED);
      to += mark;
    }
  }
  copy(to, from, INPUT + length);
  return length + growth;
}

/** Sets the lengths, with marks of so many bytes. @returns by how much the request becomes longer. */
function measure(mark: i32): i32 {
  let growth = 0;
  for (let i = count - 1; i >= 0; i--) {
    const patch = patchAt(i);
    const before = <i32>(patch.end - patch.start);
    if (patch.after === 0) {
      growth += mark - before;
    } else {
      const behind = patch.after < count ? patchAt(patch.after).growth : 0;
      patch.length = patch.content + growth - behind;
      growth += varintLength(patch.length) - before;
    }
    patch.growth = growth;
  }
  return growth;
}

/** Copies bytes, and up to 15 more. */
function copy(to: usize, from: usize, end: usize): void {
  for (; from < end; from += LANES, to += LANES) v128.store(to, v128.load(from));
}

/** A request is so short that no length in it has more than three bytes. */
function varintLength(value: i32): i32 {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3;
}

function writeVarint(to: usize, value: i32): usize {
  for (; value >= 0x80; value >>= 7) store<u8>(to++, (value & 0x7f) | 0x80);
  store<u8>(to, value);
  return to + 1;
}
