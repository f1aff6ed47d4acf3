import { codePointAt, LANES, sequenceLength } from '../../../codec/wasm/utf8';

const QUOTE: u8 = 0x22;
const ZERO: u8 = 0x30;
const BACKSLASH: u8 = 0x5c;
const LOWER_A: u8 = 0x61;
const DEL: u8 = 0x7f;

/** The most characters that {@link writeString} writes for a byte: `\u001b`. */
export const MAX_ESCAPED_LENGTH: usize = 6;

/**
 * Writes a literal of at most 32 ASCII characters, which have two bytes each in memory. It always copies 32
 * characters, so it may write up to 32 bytes after the literal. A test makes sure that no literal is longer.
 */
export function write(at: usize, text: string): usize {
  const from = changetype<usize>(text);
  v128.store(at, i8x16.narrow_i16x8_u(v128.load(from), v128.load(from, 16)));
  v128.store(at, i8x16.narrow_i16x8_u(v128.load(from, 32), v128.load(from, 48)), 16);
  return at + text.length;
}

/**
 * Writes a JSON string as `formatBatch` writes it, without its first quote.
 *
 * @returns the position after it, or 0 if the text is not UTF-8.
 */
export function writeString(at: usize, pos: usize, stop: usize): usize {
  while (pos < stop) {
    const bytes = v128.load(pos);
    v128.store(at, bytes);
    const special = i8x16.bitmask(specialBytes(bytes));
    if (special === 0 && stop - pos >= LANES) {
      pos += LANES;
      at += LANES;
      continue;
    }
    // ctz is 32 if no byte needs an escape.
    const plain = min<usize>(ctz(special), min(stop - pos, LANES));
    pos += plain;
    at += plain;
    if (pos < stop) {
      at = writeSpecial(at, pos, stop);
      if (at === 0) return 0;
      pos += sequenceLength(load<u8>(pos));
    }
  }
  store<u8>(at, QUOTE);
  return at + 1;
}

/** Which of 16 bytes need a closer look: those that JSON escapes, and those that are not ASCII. */
function specialBytes(bytes: v128): v128 {
  // The comparison is signed, so bytes that are not ASCII are negative.
  const special = i8x16.lt_s(bytes, i8x16.splat(0x20));
  const quotes = v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH)));
  return v128.or(v128.or(special, quotes), i8x16.eq(bytes, i8x16.splat(DEL)));
}

/** Writes the character at `pos`. @returns the position after it, or 0 if the bytes are not UTF-8. */
function writeSpecial(at: usize, pos: usize, stop: usize): usize {
  const byte = load<u8>(pos);
  switch (byte) {
    case 0x08:
      return write(at, '\\b');
    case 0x09:
      return write(at, '\\t');
    case 0x0a:
      return write(at, '\\n');
    case 0x0c:
      return write(at, '\\f');
    case 0x0d:
      return write(at, '\\r');
    case QUOTE:
      return write(at, '\\"');
    case BACKSLASH:
      return write(at, '\\\\');
  }
  if (byte < 0x80) return writeEscape(at, byte);
  const point = codePointAt(pos, stop);
  if (point < 0) return 0;
  if (isUnprintable(point)) return writeEscape(at, point);
  store<u32>(at, load<u32>(pos));
  return at + sequenceLength(byte);
}

/** Whether `format.ts` escapes this character, which is not ASCII. */
function isUnprintable(point: i32): bool {
  if (point < 0xa0) return true;
  if (point < 0x061c || point > 0xfeff) return false;
  return (
    point === 0x061c ||
    point === 0x200e ||
    point === 0x200f ||
    (point >= 0x2028 && point <= 0x202e) ||
    (point >= 0x2066 && point <= 0x2069) ||
    point === 0xfeff
  );
}

function writeEscape(at: usize, point: i32): usize {
  at = write(at, '\\u');
  for (let shift = 12; shift >= 0; shift -= 4) {
    const digit = <u8>((point >> shift) & 0xf);
    store<u8>(at++, digit < 10 ? ZERO + digit : LOWER_A + digit - 10);
  }
  return at;
}

export function writeInteger(at: usize, value: i32): usize {
  if (value >= 0) return writeNumber(at, value);
  // Negating the smallest integer has no effect, and as an unsigned one it is what is needed.
  return writeNumber(write(at, '-'), <u32>-value);
}

export function writeNumber(at: usize, value: u32): usize {
  let digits = 1;
  for (let limit: u64 = 10; value >= limit; limit *= 10) digits += 1;
  for (let i = at + digits - 1; i >= at; i--) {
    store<u8>(i, ZERO + <u8>(value % 10));
    value /= 10;
  }
  return at + digits;
}

/** Writes a number of up to 19 digits. */
export function writeLong(at: usize, value: u64): usize {
  if (value > u32.MAX_VALUE) {
    at = writeLong(at, value / 10);
    store<u8>(at, ZERO + <u8>(value % 10));
    return at + 1;
  }
  return writeNumber(at, <u32>value);
}
