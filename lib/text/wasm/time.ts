import { TIMESTAMP_NANOS, TIMESTAMP_SECONDS } from '../../../codec/wasm/generated/keys';
import { skipField, varintValue } from '../../../codec/wasm/wire';

const HYPHEN: u8 = 0x2d;
const DOT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const COLON: u8 = 0x3a;
const UPPER_T: u8 = 0x54;
const UPPER_Z: u8 = 0x5a;

/** First second after the year 9999. From then on, and before 1970, times are written in other forms. */
const END_OF_TIME: u64 = 253_402_300_800;
const SECOND: u64 = 1_000_000_000;

/** A Timestamp. */
@unmanaged
export class Time {
  isSet: bool;
  seconds: u64;
  nanos: u64;

  clear(): void {
    this.isSet = false;
    this.seconds = 0;
    this.nanos = 0;
  }

  /**
   * Reads a message, and merges it into what was read before. @returns false if it is not as senders write
   * it.
   */
  read(pos: usize, end: usize): bool {
    this.isSet = true;
    while (pos < end) {
      const key = load<u8>(pos);
      const next = skipField(pos);
      if (next > end) return false;
      if (key === TIMESTAMP_SECONDS) this.seconds = varintValue(pos + 1, next);
      else if (key === TIMESTAMP_NANOS) this.nanos = varintValue(pos + 1, next);
      pos = next;
    }
    return pos === end;
  }

  /** Whether {@link write} can write it. Negative numbers are larger than these limits. */
  get isPlain(): bool {
    return this.seconds < END_OF_TIME && this.nanos < SECOND;
  }

  /** Writes RFC 3339, with as many digits of a second as there are: `2026-03-03T19:42:34.12Z`. */
  write(at: usize): usize {
    return writeTime(at, this.seconds, this.nanos);
  }
}

/**
 * The day that was written last, and its text: `2026-03-03T`. Most times are of the same day as the one
 * before.
 */
let day: u32 = u32.MAX_VALUE;
const date = memory.data(16, 16);

function writeTime(at: usize, seconds: u64, nanos: u64): usize {
  const itsDay = <u32>(seconds / 86_400);
  if (itsDay !== day) {
    day = itsDay;
    writeDate(date, day);
  }
  v128.store(at, v128.load(date));
  const second = <u32>seconds - day * 86_400;
  writeTwo(at + 11, second / 3600);
  store<u8>(at, COLON, 13);
  writeTwo(at + 14, (second / 60) % 60);
  store<u8>(at, COLON, 16);
  writeTwo(at + 17, second % 60);
  at += 19;
  if (nanos > 0) {
    const fraction = <u32>nanos;
    store<u8>(at, DOT);
    writeTwo(at + 1, fraction / 10_000_000);
    writeTwo(at + 3, (fraction / 100_000) % 100);
    writeTwo(at + 5, (fraction / 1000) % 100);
    writeTwo(at + 7, (fraction / 10) % 100);
    store<u8>(at, ZERO + <u8>(fraction % 10), 9);
    at += 10;
    while (load<u8>(at - 1) === ZERO) at -= 1;
  }
  store<u8>(at, UPPER_Z);
  return at + 1;
}

/**
 * Writes a day, given as days since 1970, by Howard Hinnant's algorithm `civil_from_days`. Its years begin in
 * March, and its eras have 400 years.
 */
function writeDate(at: usize, day: u32): void {
  const shifted = day + 719_468;
  const era = shifted / 146_097;
  const dayOfEra = shifted % 146_097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const monthFromMarch = (5 * dayOfYear + 2) / 153;
  const dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  writeTwo(at, year / 100);
  writeTwo(at + 2, year % 100);
  store<u8>(at, HYPHEN, 4);
  writeTwo(at + 5, month);
  store<u8>(at, HYPHEN, 7);
  writeTwo(at + 8, dayOfMonth);
  store<u8>(at, UPPER_T, 10);
}

/** Writes two digits. */
function writeTwo(at: usize, value: u32): void {
  store<u8>(at, ZERO + <u8>(value / 10));
  store<u8>(at, ZERO + <u8>(value % 10), 1);
}
