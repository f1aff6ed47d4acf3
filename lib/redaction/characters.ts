/** Character codes that mean something in a URL. */
export const Char = {
  SPACE: 0x20,
  HASH: 0x23,
  PERCENT: 0x25,
  AMPERSAND: 0x26,
  SLASH: 0x2f,
  COLON: 0x3a,
  SEMICOLON: 0x3b,
  EQUALS: 0x3d,
  QUESTION: 0x3f,
  AT: 0x40,
  BACKSLASH: 0x5c,
  DELETE: 0x7f,
} as const;

/** Characters that separate parts of a URL for some reader. A program may decode a URL more than once. */
const NOTABLE = new Uint8Array(256);
for (let code = 0; code <= Char.SPACE; code++) NOTABLE[code] = 1;
for (const code of [
  ...[Char.HASH, Char.PERCENT, Char.AMPERSAND, Char.SLASH, Char.COLON, Char.SEMICOLON, Char.EQUALS],
  ...[Char.QUESTION, Char.AT, Char.BACKSLASH, Char.DELETE],
]) {
  NOTABLE[code] = 1;
}

/** Whether the byte is one of {@link Char} or a control character. All others are ordinary text of a URL. */
export function isNotable(byte: number): boolean {
  return NOTABLE[byte] === 1;
}

export function isControl(byte: number): boolean {
  return byte < Char.SPACE || byte === Char.DELETE;
}

export function isSlash(byte: number | undefined): boolean {
  return byte === Char.SLASH || byte === Char.BACKSLASH;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

export function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** The position of the first byte with this value, or `end`. */
export function find(bytes: Uint8Array, byte: number, pos: number, end: number): number {
  while (pos < end && bytes[pos] !== byte) pos++;
  return pos;
}

/** The position of the last byte with this value, or -1. */
export function findLast(bytes: Uint8Array, byte: number, pos: number, end: number): number {
  for (let i = end - 1; i >= pos; i--) if (bytes[i] === byte) return i;
  return -1;
}

/**
 * The end of the percent-encoded character at `pos`, however often it was encoded: `%3F`, `%253F`, `%25253F`. If there is
 * none, the percent sign stands for itself.
 */
export function encodedEnd(bytes: Uint8Array, pos: number, end: number): number {
  let at = pos + 1;
  while (bytes[at] === 0x32 && bytes[at + 1] === 0x35 && isHexPair(bytes, at + 2, end)) at += 2;
  return isHexPair(bytes, at, end) ? at + 2 : pos + 1;
}

/** The character whose encoding ends at `end`. */
export function encodedCode(bytes: Uint8Array, end: number): number {
  return (hex(bytes[end - 2] as number) << 4) | hex(bytes[end - 1] as number);
}

export function isHexDigit(byte: number): boolean {
  return hex(byte) >= 0;
}

function isHexPair(bytes: Uint8Array, pos: number, end: number): boolean {
  return pos + 2 <= end && isHexDigit(bytes[pos] as number) && isHexDigit(bytes[pos + 1] as number);
}

function hex(byte: number): number {
  if (isDigit(byte)) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
