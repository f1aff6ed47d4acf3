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

export function isUtf8(pos: usize, end: usize): bool {
  if (isAscii(pos, end)) return true;
  while (pos < end) {
    const lead = load<u8>(pos);
    if (lead >= 0x80 && codePointAt(pos, end) < 0) return false;
    pos += sequenceLength(lead);
  }
  return true;
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
