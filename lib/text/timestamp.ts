import type Long from 'long';

/**
 * First second after the year 9999, and first second of the year 0. RFC 3339 can write the times between
 * them.
 */
const END = 253_402_300_800;
const START = -62_167_219_200;

/**
 * Formats a protobuf Timestamp as RFC 3339 in UTC, with as many digits of a second as needed, up to nine:
 * `2026-03-03T19:42:34.12Z`. RFC 3339 has no form for a time outside of the years 0 to 9999. Such a time is
 * written as seconds since 1970: `@-62167219201.5`.
 *
 * @param nanos If it is negative, or a second or more, it is carried over into the seconds.
 */
export function rfc3339(seconds: bigint | number, nanos: number): string {
  const carry = Math.floor(nanos / 1e9);
  const rest = nanos - carry * 1e9;
  // This is exact for all times within those years.
  const near = Number(seconds) + carry;
  if (near >= START && near < END) {
    return `${new Date(near * 1000).toISOString().slice(0, 19)}${fraction(rest)}Z`;
  }
  const whole = BigInt(seconds) + BigInt(carry);
  // seconds + nanos is -2 + 0.3, for instance, which is written as -1.7.
  if (whole < 0 && rest > 0) return `@-${-whole - 1n}${fraction(1e9 - rest)}`;
  return `@${whole}${fraction(rest)}`;
}

function fraction(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;
const UNIX = /^@(-?)(\d{1,16})(?:\.(\d{1,9}))?$/;

/**
 * Parses the text of {@link rfc3339}, with any offset from UTC.
 *
 * @returns undefined if the text has neither form, if the time does not exist (leap seconds are not
 *   supported), or if its seconds are beyond 2^53.
 */
export function parseTime(text: string): { seconds: number; nanos: number } | undefined {
  const unix = UNIX.exec(text);
  if (unix !== null) {
    const [, sign, seconds, digits] = unix;
    const nanos = nanosOf(digits);
    if (!Number.isSafeInteger(Number(seconds))) return undefined;
    if (sign === '') return { seconds: Number(seconds), nanos };
    return nanos === 0
      ? { seconds: -Number(seconds), nanos }
      : { seconds: -Number(seconds) - 1, nanos: 1e9 - nanos };
  }
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, date, time, digits, offset] = match;
  const local = `${date}T${time}`;
  const ms = Date.parse(`${local}${offset?.toUpperCase()}`);
  // Date.parse reads 30 February as a day in March.
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(ms) || new Date(asUtc).toISOString().slice(0, 19) !== local) return undefined;
  return { seconds: ms / 1000, nanos: nanosOf(digits) };
}

function nanosOf(digits = ''): number {
  return Number(digits.padEnd(9, '0'));
}

/** Formats a decoded Timestamp as {@link rfc3339} does. */
export function textOfTime({ seconds, nanos }: Timestamp): string {
  // Not Number(seconds), which would convert a Long to a string first.
  const number = typeof seconds === 'object' ? (seconds?.toNumber() ?? 0) : (seconds ?? 0);
  return rfc3339(Number.isSafeInteger(number) ? number : BigInt(String(seconds)), nanos ?? 0);
}

/** Parses a time as {@link parseTime} does, for a field of a message. @returns null if it is not a time. */
export function timeOfText(text: string | undefined): Timestamp | null {
  return parseTime(text ?? '') ?? null;
}

interface Timestamp {
  readonly seconds?: number | Long | null;
  readonly nanos?: number | null;
}
