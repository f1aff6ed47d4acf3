import { parsedUrl } from '../parsed-url.js';
import { Char, findLast, isDigit, isLetter } from './characters.js';

/** A longer name cannot exist, and checking one with other letters costs more than linear time. */
const MAX_CHECKED_LENGTH = 1024;
const HYPHEN = 0x2d;
const DOT = 0x2e;
const UNDERSCORE = 0x5f;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const MAX_PORT = 65_535;

/** Whether the bytes are a host with or without a port, which every reader understands in the same way. */
export function isHostAndPort(bytes: Buffer, start: number, end: number): boolean {
  const colon = findLast(bytes, Char.COLON, start, end);
  const hasPort = colon >= 0 && bytes[end - 1] !== BRACKET_CLOSE;
  if (hasPort && !isPort(bytes, colon + 1, end)) return false;
  return isHost(bytes, start, hasPort ? colon : end);
}

/** Whether the bytes are a port. Nothing at all is one, too: `http://host:/` is valid. */
export function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  let port = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (!isDigit(byte)) return false;
    port = Math.min(port * 10 + byte - 0x30, MAX_PORT + 1);
  }
  return port <= MAX_PORT;
}

function isHost(bytes: Buffer, start: number, end: number): boolean {
  let label = start;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT) label = i + 1;
    else if (!isLetter(byte) && !isDigit(byte) && byte !== HYPHEN && byte !== UNDERSCORE) {
      return isUnusualHost(bytes, start, end);
    }
  }
  // An address, a number, or a name that is encoded as ASCII: there are rules for these.
  const isName = label < end && isLetter(bytes[label] as number) && !isPunycode(bytes, start, end);
  return isName || isParsable(bytes, start, end);
}

/** A host with any other character than those of most names. */
function isUnusualHost(bytes: Buffer, start: number, end: number): boolean {
  const isBracketed = bytes[start] === BRACKET_OPEN && bytes[end - 1] === BRACKET_CLOSE;
  for (let i = isBracketed ? start + 1 : start; i < (isBracketed ? end - 1 : end); i++) {
    const byte = bytes[i] as number;
    const isAllowed = isBracketed
      ? isLetter(byte) || isDigit(byte) || byte === Char.COLON || byte === DOT
      : byte >= 0x80 || isLetter(byte) || isDigit(byte) || ASCII.includes(byte);
    if (!isAllowed) return false;
  }
  return isParsable(bytes, start, end);
}

/** What may be in a host besides letters and digits. Only mistakes and attacks contain any of `!$&'()+,;=`. */
const ASCII: readonly number[] = [HYPHEN, DOT, UNDERSCORE, Char.PERCENT, 0x2a /* * */, 0x7e /* ~ */];

function isPunycode(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i + 4 <= end; i++) {
    if (bytes[i + 2] === HYPHEN && bytes[i + 3] === HYPHEN) return true;
  }
  return false;
}

function isParsable(bytes: Buffer, start: number, end: number): boolean {
  if (start === end || end - start > MAX_CHECKED_LENGTH) return false;
  return Boolean(parsedUrl(`http://${bytes.toString('utf8', start, end)}/`)?.host);
}
