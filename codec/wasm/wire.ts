/**
 * Protobuf's wire format as senders write it: keys of one byte, lengths of at most two, varints of at most eight,
 * no groups. Positions are addresses. What is given up on has a position past any end: a loop up to the end is
 * over then, and did not get there.
 */

const GIVEN_UP: usize = 0x7fff_ffff;

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;
const FIXED32: u8 = 5;

/** Of each byte in a word of eight. */
const HIGH_BITS: u64 = 0x80 * (u64.MAX_VALUE / 0xff);

/** The length at `pos`. */
export function lengthAt(pos: usize): usize {
  const low: usize = load<u8>(pos);
  if (low < 0x80) return low;
  const high: usize = load<u8>(pos, 1);
  return high < 0x80 ? low - 0x80 + (high << 7) : GIVEN_UP;
}

/** Where what the length at `pos` is of begins. */
export function afterLength(pos: usize): usize {
  return pos + 1 + (load<u8>(pos) >> 7);
}

function afterVarint(pos: usize): usize {
  const ends = ~load<u64>(pos) & HIGH_BITS;
  return ends === 0 ? GIVEN_UP : pos + <usize>(ctz(ends) >> 3) + 1;
}

/** The value of the varint that lies from `pos` to `next`. */
export function varintValue(pos: usize, next: usize): u64 {
  let value: u64 = 0;
  for (let i = next - 1; i >= pos; i--) value = (value << 7) | (load<u8>(i) & 0x7f);
  return value;
}

/** Where a field ends of which nothing but its form is known. */
export function skipField(pos: usize): usize {
  const key = load<u8>(pos);
  // Field number 0, or a key of several bytes.
  if (key < 8 || key >= 0x80) return GIVEN_UP;
  if ((key & 7) === VARINT) return afterVarint(pos + 1);
  switch (key & 7) {
    case FIXED64:
      return pos + 9;
    case LENGTH:
      return afterLength(pos + 1) + lengthAt(pos + 1);
    case FIXED32:
      return pos + 5;
    default:
      return GIVEN_UP;
  }
}
