/** Number of bytes in a vector. */
export const LANES: usize = 16;

/** Whether all bytes are ASCII. */
export function isAscii(pos: usize, end: usize): bool {
  if (end - pos < LANES) {
    let bits: u8 = 0;
    for (; pos < end; pos++) bits |= load<u8>(pos);
    return bits < 0x80;
  }
  let bits = v128.load(end - LANES);
  for (; pos < end - LANES; pos += LANES) bits = v128.or(bits, v128.load(pos));
  return i8x16.bitmask(bits) === 0;
}

/**
 * Whether the bytes are UTF-8, 16 of them at a time. What a byte may be depends on its upper half, and on both halves of
 * the byte before it: each of the three has a set of faults that it allows, and a fault that is in all of them is one
 * (Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte").
 */
export function isUtf8(pos: usize, end: usize): bool {
  if (isAscii(pos, end)) return true;
  let faults = i8x16.splat(0);
  let before = i8x16.splat(0);
  // The bytes behind the end count as 0, and so an incomplete character is a fault. Therefore one of them is looked at, too.
  for (; pos <= end; pos += LANES) {
    const left = end - pos;
    const here =
      left >= LANES ? v128.load(pos) : v128.and(v128.load(pos), i8x16.lt_u(PLACES, i8x16.splat(<u8>left)));
    faults = v128.or(faults, faultsIn(here, before));
    before = here;
  }
  return !v128.any_true(faults);
}

const TOO_SHORT: u8 = 1;
const TOO_LONG: u8 = 1 << 1;
const OVERLONG_3: u8 = 1 << 2;
const TOO_LARGE: u8 = 1 << 3;
const SURROGATE: u8 = 1 << 4;
const OVERLONG_2: u8 = 1 << 5;
/** Also a character beyond U+10FFFF by 0x1000 or more. */
const OVERLONG_4: u8 = 1 << 6;
const TWO_CONTINUATIONS: u8 = 1 << 7;

/** Faults that do not depend on the lower half. */
const ANY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;
const LARGER: u8 = ANY | TOO_LARGE | OVERLONG_4;
const MORE: u8 = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS;

/** By the upper half of the byte before. */
// biome-ignore format: one row for each half of the table
const UPPER_BEFORE: v128 = i8x16(
  TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
  TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS,
  TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | OVERLONG_4,
);
/** By the lower half of the byte before. */
// biome-ignore format: one row for each half of the table
const LOWER_BEFORE: v128 = i8x16(
  ANY | OVERLONG_2 | OVERLONG_3 | OVERLONG_4, ANY | OVERLONG_2, ANY, ANY, ANY | TOO_LARGE, LARGER, LARGER, LARGER,
  LARGER, LARGER, LARGER, LARGER, LARGER, LARGER | SURROGATE, LARGER, LARGER,
);
/** By the upper half of the byte itself. */
// biome-ignore format: one row for each half of the table
const UPPER: v128 = i8x16(
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
  MORE | OVERLONG_3 | OVERLONG_4, MORE | OVERLONG_3 | TOO_LARGE, MORE | SURROGATE | TOO_LARGE,
  MORE | SURROGATE | TOO_LARGE, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
);
const PLACES: v128 = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

/** The faults of 16 bytes, given the 16 before them. */
function faultsIn(here: v128, before: v128): v128 {
  // biome-ignore format: a row each
  const one = i8x16.shuffle(before, here, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  // biome-ignore format: a row each
  const two = i8x16.shuffle(before, here, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  // biome-ignore format: a row each
  const three = i8x16.shuffle(before, here, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
  const lower = i8x16.swizzle(LOWER_BEFORE, v128.and(one, i8x16.splat(0x0f)));
  const faults = v128.and(
    v128.and(i8x16.swizzle(UPPER_BEFORE, i8x16.shr_u(one, 4)), lower),
    i8x16.swizzle(UPPER, i8x16.shr_u(here, 4)),
  );
  // Two continuations are not a fault but needed, if the lead of 3 bytes (from 0xe0) or of 4 (from 0xf0) is before them.
  // So the difference to 0x80, the bit of that fault, remains.
  const isThird = i8x16.sub_sat_u(two, i8x16.splat(0x60));
  const isFourth = i8x16.sub_sat_u(three, i8x16.splat(0x70));
  return v128.xor(v128.and(v128.or(isThird, isFourth), i8x16.splat(<i8>0x80)), faults);
}

/** Number of bytes of a character, given its first byte. */
export function sequenceLength(lead: u8): usize {
  if (lead < 0x80) return 1;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/**
 * Returns the character at `pos`, which is not ASCII; below 0 if the bytes are not UTF-8 (RFC 3629, section
 * 4).
 */
export function codePointAt(pos: usize, end: usize): i32 {
  const lead = load<u8>(pos);
  const length = sequenceLength(lead);
  if (lead < 0xc2 || lead > 0xf4 || pos + length > end) return -1;
  let point: i32 = lead & (0x7f >> <u8>length);
  for (let i: usize = 1; i < length; i++) {
    const byte = load<u8>(pos + i);
    if ((byte & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (byte & 0x3f);
  }
  const isSurrogate = point >= 0xd800 && point < 0xe000;
  const isOverlong = (length === 3 && point < 0x800) || (length === 4 && point < 0x1_0000);
  return isSurrogate || isOverlong || point > 0x10_ffff ? -1 : point;
}
