import { Char, isDigit, isHexDigit } from './characters.js';

/*
 * Whether bytes are an IP address. Node's `isIPv4()` and `isIPv6()` need strings, and take up to a microsecond for a text
 * that is not an address.
 */

const DOT = 0x2e;
const ZERO = 0x30;
const GROUPS = 8;

/** Four decimal numbers without leading zeros: the only form that every reader treats as an address. */
export function isIPv4(bytes: Uint8Array, start: number, end: number): boolean {
  let pos = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[pos++] !== DOT) return false;
    const first = pos;
    let value = 0;
    while (pos < end && isDigit(bytes[pos] as number))
      value = Math.min(value * 10 + (bytes[pos++] as number) - ZERO, 256);
    if (pos === first || value > 255 || (bytes[first] === ZERO && pos > first + 1)) return false;
  }
  return pos === end;
}

/** Without brackets, and without a zone, which has a meaning only on one machine. */
export function isIPv6(bytes: Uint8Array, start: number, end: number): boolean {
  let pos = start;
  let groups = 0;
  // Whether there was `::`, which stands for one group or several.
  let isShort = false;
  if (bytes[pos] === Char.COLON && bytes[pos + 1] === Char.COLON) {
    isShort = true;
    pos += 2;
  }
  while (pos < end) {
    if (bytes[pos] === Char.COLON) {
      if (isShort || groups === 0) return false;
      isShort = true;
      pos += 1;
      continue;
    }
    const first = pos;
    while (pos < end && isHexDigit(bytes[pos] as number)) pos++;
    if (pos < end && bytes[pos] === DOT) {
      // The last two groups may be an address of IPv4.
      if (!isIPv4(bytes, first, end)) return false;
      groups += 2;
      break;
    }
    if (pos === first || pos > first + 4) return false;
    groups += 1;
    if (pos === end) break;
    // A colon has to follow, and something after it.
    if (bytes[pos] !== Char.COLON || pos + 1 === end) return false;
    pos += 1;
  }
  return isShort ? groups < GROUPS : groups === GROUPS;
}
