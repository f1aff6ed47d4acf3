/*
 * Finds the secrets of an ordinary URL, as `url-scanner.ts` does for every URL. Positions are addresses.
 */
import { LANES } from '../../../codec/wasm/utf8';
import { remove } from './patches';

const HASH: u8 = 0x23;
const PERCENT: u8 = 0x25;
const AMPERSAND: u8 = 0x26;
const HYPHEN: u8 = 0x2d;
const DOT: u8 = 0x2e;
const SLASH: u8 = 0x2f;
const COLON: u8 = 0x3a;
const SEMICOLON: u8 = 0x3b;
const EQUALS: u8 = 0x3d;
const QUESTION: u8 = 0x3f;
const LOWER_S: u8 = 0x73;

/** `http` and `//`, as numbers. */
const HTTP: u32 = 0x7074_7468;
const SLASHES: u16 = 0x2f2f;
/** The shortest URL that is looked at: `http://a`. */
const SHORTEST: usize = 8;

/** Returned instead of a position: the URL is not an ordinary one. */
const UNUSUAL: usize = 0;

/**
 * Removes the secrets of the URL.
 *
 * @param isQueryUnusual Whether a URL with parameters is never ordinary, because the values of some remain.
 * @returns false if it is not an ordinary URL. Some of its secrets may be removed by then.
 */
export function removeSecrets(start: usize, end: usize, isQueryUnusual: bool): bool {
  if (start === end) return true;
  const path = plainOrigin(start, end);
  if (path === UNUSUAL) return false;
  const stop = notable(path, end, IN_PATH);
  if (stop === end) return true;
  const byte = load<u8>(stop);
  if (isQueryUnusual || (byte !== QUESTION && byte !== HASH)) return false;
  const fragment = find(HASH, stop, end);
  return parameters(stop + 1, fragment) && parameters(fragment + 1, end);
}

/** @returns the end of `http://name` or `https://name`, if the URL begins with that alone. See `plain-url.ts`. */
function plainOrigin(start: usize, end: usize): usize {
  if (end - start < SHORTEST || load<u32>(start) !== HTTP) return UNUSUAL;
  let pos = start + (load<u8>(start, 4) === LOWER_S ? 5 : 4);
  if (load<u8>(pos) !== COLON || load<u16>(pos, 1) !== SLASHES) return UNUSUAL;
  pos += 3;
  let label = pos;
  let before: u8 = 0;
  for (; pos < end; pos++) {
    const byte = load<u8>(pos);
    if (byte === DOT) label = pos + 1;
    else if (byte === HYPHEN) {
      // Perhaps `xn--`, whose encoding may be invalid.
      if (before === HYPHEN && pos - label === 3) return UNUSUAL;
    } else if (!isLetter(byte) && !isDigit(byte)) break;
    before = byte;
  }
  // A last label of digits would be an address.
  if (pos <= label || !isLetter(load<u8>(label))) return UNUSUAL;
  if (pos === end) return end;
  const byte = load<u8>(pos);
  return byte === SLASH || byte === QUESTION || byte === HASH ? pos : UNUSUAL;
}

function isLetter(byte: u8): bool {
  return <u8>((byte | 0x20) - 0x61) < 26;
}

function isDigit(byte: u8): bool {
  return <u8>(byte - 0x30) < 10;
}

/** A list of parameters: a query or a fragment. @returns false if a name is encoded. */
function parameters(start: usize, stop: usize): bool {
  let name = start;
  let pos = start;
  while (pos < stop) {
    pos = notable(pos, stop, IN_NAME);
    if (pos === stop) break;
    const byte = load<u8>(pos);
    if (byte === PERCENT) return false;
    if (byte === EQUALS) {
      const end = find(AMPERSAND, pos, stop);
      let value = pos;
      while (value < end && load<u8>(value) === EQUALS) value++;
      // With nothing but equals signs, the name may be a value in base64, and the signs its padding.
      if (value === end) remove(name, pos);
      else remove(pos + 1, end);
      pos = end + 1;
    } else if (byte === AMPERSAND || byte === SEMICOLON || byte === QUESTION || byte === HASH) {
      remove(name, pos);
      pos += 1;
    } else {
      // No name has a character like this, so it is a value.
      const end = find(AMPERSAND, pos, stop);
      remove(name, end);
      pos = end + 1;
    }
    name = pos;
  }
  // A name without a value, which is a value without a name.
  remove(name, stop);
  return true;
}

/*
 * A byte is notable if the sets of both of its halves have a bit in common. A set is an entry of 16 that
 * `i8x16.swizzle` selects, so 16 bytes are looked at together. The halves of `;` for example are 3 and b.
 */

/** The sets of the upper halves: 0 and 1, then 2, 3, 4, 5 and 7 have a bit each. */
// biome-ignore format: one row
const UPPER: v128 = i8x16(1, 1, 2, 4, 8, 16, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0);
/** Of the lower halves: all characters of `isNotable` in `characters.ts`. */
// biome-ignore format: one row
const IN_NAME: v128 = i8x16(11, 1, 1, 3, 1, 3, 3, 1, 1, 1, 5, 5, 17, 5, 1, 39);
/** The same without `/` and `:`, which have no effect in a path in which nothing else is notable. */
// biome-ignore format: one row
const IN_PATH: v128 = i8x16(11, 1, 1, 3, 1, 3, 3, 1, 1, 1, 1, 5, 17, 5, 1, 37);

/** @returns the position of the first notable byte, or `end`. */
function notable(pos: usize, end: usize, lower: v128): usize {
  for (; pos < end; pos += LANES) {
    const bytes = v128.load(pos);
    const ofLower = i8x16.swizzle(lower, v128.and(bytes, i8x16.splat(0x0f)));
    const ofUpper = i8x16.swizzle(UPPER, i8x16.shr_u(bytes, 4));
    const ordinary = i8x16.eq(v128.and(ofLower, ofUpper), i8x16.splat(0));
    const found = ~i8x16.bitmask(ordinary) & 0xffff;
    if (found !== 0) return min(pos + <usize>ctz(found), end);
  }
  return end;
}

/** @returns the position of the first such byte, or `end`. */
function find(byte: u8, pos: usize, end: usize): usize {
  const wanted = i8x16.splat(byte);
  for (; pos < end; pos += LANES) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(pos), wanted));
    if (found !== 0) return min(pos + <usize>ctz(found), end);
  }
  return end;
}
