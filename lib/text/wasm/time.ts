import { fieldKey, fieldValue, NOWHERE, nextField } from '../../../codec/wasm/field';
import { TIMESTAMP_NANOS, TIMESTAMP_SECONDS } from '../../../codec/wasm/generated/keys';
import { skipField, varintValue } from '../../../codec/wasm/wire';
import { write, writeLong } from './text';

const HYPHEN: u8 = 0x2d;
const DOT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const COLON: u8 = 0x3a;
const UPPER_T: u8 = 0x54;
const UPPER_Z: u8 = 0x5a;

/** First second after the year 9999, and first second of the year 0. RFC 3339 can write the times between them. */
const END: i64 = 253_402_300_800;
const START: i64 = -62_167_219_200;
const SECOND: i64 = 1_000_000_000;
const SECONDS_OF_DAY: i64 = 86_400;

/** A Timestamp. */
@unmanaged
export class Time {
  isSet: bool;
  /** An int64. */
  seconds: u64;
  /** An int32: only its low bits count. */
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

  /** The same for a message in any form that is allowed. */
  walk(pos: usize, end: usize): bool {
    this.isSet = true;
    while (pos < end) {
      pos = nextField(pos, end);
      if (pos === NOWHERE) return false;
      if (fieldKey === TIMESTAMP_SECONDS) this.seconds = fieldValue;
      else if (fieldKey === TIMESTAMP_NANOS) this.nanos = fieldValue;
    }
    return true;
  }

  /** Writes it as `rfc3339()` in `timestamp.ts` does: `2026-03-03T19:42:34.12Z`, or `@-62167219201.5`. */
  write(at: usize): usize {
    const seconds = <i64>this.seconds;
    // Nanoseconds below 0, or of a second or more, are carried over.
    const nanos = <i64>(<i32>this.nanos);
    const carry = nanos >= 0 ? nanos / SECOND : -((SECOND - 1 - nanos) / SECOND);
    const rest = nanos - carry * SECOND;
    // The sum overflows only far outside of these years.
    const isNear = seconds >= START - 4 && seconds < END + 4;
    const sum = seconds + carry;
    if (isNear && sum >= START && sum < END) return writeTime(at, sum, <u32>rest);
    at = write(at, '@');
    if (seconds >= 0) return writeFraction(writeLong(at, <u64>seconds + <u64>carry), <u32>rest);
    // The number and its fraction are written without their sign: -2 + 0.3 is -1.7. They fit into an unsigned integer.
    const whole = <u64>-seconds - <u64>carry;
    at = write(at, '-');
    if (rest === 0) return writeLong(at, whole);
    return writeFraction(writeLong(at, whole - 1), <u32>(SECOND - rest));
  }
}

/**
 * The day that was written last, and its text: `2026-03-03T`. Most times are of the same day as the one
 * before.
 */
let day: i32 = i32.MIN_VALUE;
const date = memory.data(16, 16);

function writeTime(at: usize, seconds: i64, nanos: u32): usize {
  const itsDay = <i32>((seconds >= 0 ? seconds : seconds - SECONDS_OF_DAY + 1) / SECONDS_OF_DAY);
  if (itsDay !== day) {
    day = itsDay;
    writeDate(date, day);
  }
  v128.store(at, v128.load(date));
  const second = <u32>(seconds - <i64>day * SECONDS_OF_DAY);
  writeTwo(at + 11, second / 3600);
  store<u8>(at, COLON, 13);
  writeTwo(at + 14, (second / 60) % 60);
  store<u8>(at, COLON, 16);
  writeTwo(at + 17, second % 60);
  at = writeFraction(at + 19, nanos);
  store<u8>(at, UPPER_Z);
  return at + 1;
}

/** Writes nanoseconds as a fraction of a second, with as many digits as needed. */
function writeFraction(at: usize, nanos: u32): usize {
  if (nanos === 0) return at;
  store<u8>(at, DOT);
  writeTwo(at + 1, nanos / 10_000_000);
  writeTwo(at + 3, (nanos / 100_000) % 100);
  writeTwo(at + 5, (nanos / 1000) % 100);
  writeTwo(at + 7, (nanos / 10) % 100);
  store<u8>(at, ZERO + <u8>(nanos % 10), 9);
  at += 10;
  while (load<u8>(at - 1) === ZERO) at -= 1;
  return at;
}

/**
 * Writes a day, given as days since 1970, by Howard Hinnant's algorithm `civil_from_days`. Its years begin in
 * March, and its eras have 400 years.
 */
function writeDate(at: usize, day: i32): void {
  const shifted = day + 719_468;
  // The first two months of the year 0 are in the era before.
  const era = shifted >= 0 ? shifted / 146_097 : -1;
  const dayOfEra = shifted - era * 146_097;
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
