import { isIPv4, isIPv6 } from './address.js';
import { Char, findLast, isDigit, isLetter } from './characters.js';
import type { ParsedNames } from './parsed-names.js';

const HYPHEN = 0x2d;
const DOT = 0x2e;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const MAX_PORT = 65_535;

/** Whether the bytes are a host with or without a port, which every reader understands in the same way. */
export function isHostAndPort(bytes: Buffer, start: number, end: number, names: ParsedNames): boolean {
  const colon = findLast(bytes, Char.COLON, start, end);
  const hasPort = colon >= 0 && bytes[end - 1] !== BRACKET_CLOSE;
  if (hasPort && !isPort(bytes, colon + 1, end)) return false;
  const stop = hasPort ? colon : end;
  if (bytes[start] !== BRACKET_OPEN) return isName(bytes, start, stop, names);
  return bytes[stop - 1] === BRACKET_CLOSE && isIPv6(bytes, start + 1, stop - 1);
}

/** Whether the bytes are a port. An empty port is valid, as in `http://host:/`. */
export function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  let port = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (!isDigit(byte)) return false;
    port = Math.min(port * 10 + byte - 0x30, MAX_PORT + 1);
  }
  return port <= MAX_PORT;
}

function isName(bytes: Buffer, start: number, end: number, names: ParsedNames): boolean {
  // The last dot of `example.com.` has no effect.
  const stop = bytes[end - 1] === DOT ? end - 1 : end;
  let label = start;
  let needsParser = false;
  for (let i = start; i < stop; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT) label = i + 1;
    else if (byte >= 0x80 || isPunycode(bytes, label, i)) needsParser = true;
    else if (!isLetter(byte) && !isDigit(byte) && !OTHERS.includes(byte)) return false;
  }
  if (label >= stop) return false;
  if (needsParser) return names.isValid(bytes, start, stop);
  // Not every reader treats `127.1` or `0x7f000001` as an address.
  return !isNumber(bytes, label, stop) || isIPv4(bytes, start, stop);
}

/** The other characters of a name, besides letters and digits. Only mistakes and attacks contain `!$&'()+,;=%`. */
const OTHERS: readonly number[] = [HYPHEN, 0x5f /* _ */, 0x2a /* * */, 0x7e /* ~ */];

/** Whether the label has begun with `xn--`, which ends at `pos`. */
function isPunycode(bytes: Buffer, label: number, pos: number): boolean {
  if (bytes[pos] !== HYPHEN || pos - label !== 3 || bytes[pos - 1] !== HYPHEN) return false;
  return ((bytes[label] as number) | 0x20) === 0x78 && ((bytes[label + 1] as number) | 0x20) === 0x6e;
}

/** Whether a host that ends with this label is an address. */
function isNumber(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] === 0x30 && ((bytes[start + 1] as number) | 0x20) === 0x78) return true;
  for (let i = start; i < end; i++) if (!isDigit(bytes[i] as number)) return false;
  return true;
}
