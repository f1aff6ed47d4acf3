/*
 * Protobuf's wire format as senders write it: keys of one byte, lengths of at most two bytes, varints of at
 * most eight bytes, no groups. Positions are addresses.
 *
 * Unsupported input returns a position beyond any end, so `while (pos < end)` stops and the final `pos ===
 * end` test fails.
 */

export const GIVEN_UP: usize = 0x7fff_ffff;

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;
const FIXED32: u8 = 5;

/** The high bit of each of the eight bytes of a word. A byte of a varint has it unless it is the last one. */
const HIGH_BITS: u64 = 0x80 * (u64.MAX_VALUE / 0xff);

/** Reads the length prefix at `pos`. */
export function lengthAt(pos: usize): usize {
  const low: usize = load<u8>(pos);
  if (low < 0x80) return low;
  const high: usize = load<u8>(pos, 1);
  return high < 0x80 ? low - 0x80 + (high << 7) : GIVEN_UP;
}

/** Position of the first byte after the length prefix at `pos`. */
export function afterLength(pos: usize): usize {
  return pos + 1 + (load<u8>(pos) >> 7);
}

/** Position after the bytes whose length prefix is at `pos`. */
export function afterDelimited(pos: usize): usize {
  const low: usize = load<u8>(pos);
  // The branch is faster than afterLength(pos) + lengthAt(pos), because the next position does not wait for both.
  return low < 0x80 ? pos + 1 + low : pos + 2 + lengthAt(pos);
}

/** Position after the varint at `pos`. */
export function afterVarint(pos: usize): usize {
  const ends = ~load<u64>(pos) & HIGH_BITS;
  return ends === 0 ? GIVEN_UP : pos + <usize>(ctz(ends) >> 3) + 1;
}

/** Returns the value of the varint from `pos` to `next`. */
export function varintValue(pos: usize, next: usize): u64 {
  let value: u64 = 0;
  for (let i = next - 1; i >= pos; i--) value = (value << 7) | (load<u8>(i) & 0x7f);
  return value;
}

/** The same for a varint of at least two bytes, and faster for two. */
export function longVarintValue(pos: usize, next: usize): u64 {
  if (next !== pos + 2) return varintValue(pos, next);
  return (<u64>load<u8>(pos) & 0x7f) | ((<u64>load<u8>(pos, 1)) << 7);
}

/** Returns the position after the field at `pos`. It checks only the form of the field, not its content. */
export function skipField(pos: usize): usize {
  const key = load<u8>(pos);
  // Field number 0, or a key of more than one byte.
  if (key < 8 || key >= 0x80) return GIVEN_UP;
  if ((key & 7) === VARINT) return afterVarint(pos + 1);
  switch (key & 7) {
    case FIXED64:
      return pos + 9;
    case LENGTH:
      return afterDelimited(pos + 1);
    case FIXED32:
      return pos + 5;
    default:
      return GIVEN_UP;
  }
}
