/**
 * Writes plain text, numbers and times as bytes. Texts move in words of four and eight bytes: byte by byte, a
 * line of JSON takes 1.4 times as long. Functions take a position, and return the one after what they wrote. That
 * there is room, and {@link SPARE} more, is for the caller to know.
 */

const ZERO = 0x30;
const DOT = 0x2e;
const COLON = 0x3a;
const UPPER_Z = 0x5a;

/** How many bytes beyond its end a text may write. */
export const SPARE = 24;

/** Text of at most 24 printable characters: its bytes are those of three doubles, none of which is a NaN. */
export class ShortText {
  readonly length: number;
  readonly #first: number;
  readonly #second: number;
  readonly #third: number;

  constructor(text: string) {
    this.length = text.length;
    const bytes = Buffer.alloc(SPARE);
    bytes.write(text, 'latin1');
    this.#first = bytes.readDoubleBE(0);
    this.#second = bytes.readDoubleBE(8);
    this.#third = bytes.readDoubleBE(16);
  }

  write(out: DataView, at: number): number {
    out.setFloat64(at, this.#first);
    out.setFloat64(at + 8, this.#second);
    out.setFloat64(at + 16, this.#third);
    return at + this.length;
  }
}

/** In each byte of a word. */
const EACH = 0x01010101;
const HIGH_BITS = 0x80808080;

/**
 * Copies text as it stands.
 *
 * @returns 0 where each byte of it is printable ASCII but `"` and `\`, which stand for themselves in JSON and on
 *   a terminal.
 */
export function copyPlain(out: DataView, at: number, text: DataView, start: number, stop: number): number {
  let odd = 0;
  let pos = start;
  for (const last = stop - 3; pos < last; pos += 4, at += 4) {
    const word = text.getInt32(pos);
    out.setInt32(at, word);
    odd |= oddities(word);
  }
  for (; pos < stop; pos++, at++) {
    const byte = text.getUint8(pos);
    out.setUint8(at, byte);
    odd |= oddities(byte * EACH);
  }
  return odd & HIGH_BITS;
}

/**
 * Four bytes at once. A byte's high bit is set where it is set in the byte itself; where adding 1 carries into
 * it, as for DEL; where subtracting borrows from it, as for what is less than a space, and for a `"` or `\` that
 * an XOR has made 0. A carry or borrow goes over into the next byte only from one that is odd itself.
 */
function oddities(word: number): number {
  return (
    word |
    (word + EACH) |
    (word - 0x20 * EACH) |
    ((word ^ (0x22 * EACH)) - EACH) |
    ((word ^ (0x5c * EACH)) - EACH)
  );
}

/** @param value From 0 to 2^31 - 1. */
export function writeNumber(out: DataView, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits += 1;
  return writeDigits(out, at, digits, value);
}

function writeDigits(out: DataView, at: number, digits: number, value: number): number {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    out.setUint8(i, ZERO + rest - tenth * 10);
    rest = tenth;
  }
  return at + digits;
}

/** Two digits, and what stands behind them. */
function writeTwo(out: DataView, at: number, value: number, then: number): number {
  const tens = (value / 10) | 0;
  out.setUint8(at, ZERO + tens);
  out.setUint8(at + 1, ZERO + value - tens * 10);
  out.setUint8(at + 2, then);
  return at + 3;
}

const SECONDS_OF_A_DAY = 86_400;
/** First second after the year 9999. */
const END = 253_402_300_800;
const SECOND = 1_000_000_000;
/** Of `2026-03-03T19:42:34.123456789Z`. */
export const MAX_TIME_LENGTH = 30;

/** Whether {@link writeTime} can write it: what is before 1970 or after 9999 is for `rfc3339`. */
export function isPlainTime(seconds: number, nanos: number): boolean {
  return seconds < END && nanos < SECOND;
}

/** The day that was written last, and how it is written: `2026-03-03T`. The next time is mostly of the same. */
let day = Number.NaN;
let date = new ShortText('');

/** As `rfc3339` writes it. */
export function writeTime(out: DataView, at: number, seconds: number, nanos: number): number {
  const itsDay = Math.floor(seconds / SECONDS_OF_A_DAY);
  if (itsDay !== day) {
    date = new ShortText(new Date(itsDay * SECONDS_OF_A_DAY * 1000).toISOString().slice(0, 11));
    day = itsDay;
  }
  at = date.write(out, at);
  const second = (seconds - day * SECONDS_OF_A_DAY) | 0;
  const minute = (second / 60) | 0;
  const hour = (minute / 60) | 0;
  at = writeTwo(out, at, hour, COLON);
  at = writeTwo(out, at, minute - hour * 60, COLON);
  if (nanos === 0) return writeTwo(out, at, second - minute * 60, UPPER_Z);
  at = writeTwo(out, at, second - minute * 60, DOT);
  let digits = 9;
  let fraction = nanos;
  for (; fraction % 10 === 0; digits--) fraction = (fraction / 10) | 0;
  at = writeDigits(out, at, digits, fraction);
  out.setUint8(at, UPPER_Z);
  return at + 1;
}
