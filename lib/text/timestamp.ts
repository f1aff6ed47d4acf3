/** First second after the year 9999, and first of the year 0, the bounds of RFC 3339. */
const END = 253_402_300_800;
const START = -62_167_219_200;

/**
 * A protobuf Timestamp as RFC 3339 in UTC, with as many digits of a second as it has, up to nine:
 * `2026-03-03T19:42:34.12Z`. A time outside of the years 0 to 9999, which has no such form, is written as
 * seconds since 1970: `@-62167219201.5`.
 *
 * @param nanos Beyond a second, or below 0, it counts over into the seconds.
 */
export function rfc3339(seconds: bigint | number, nanos: number): string {
  const carry = Math.floor(nanos / 1e9);
  const whole = BigInt(seconds) + BigInt(carry);
  const rest = nanos - carry * 1e9;
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`;
  if (whole < START || whole >= END) return `@${whole}${fraction}`;
  return `${new Date(Number(whole) * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;
const UNIX = /^@(-?\d{1,18})(?:\.(\d{1,9}))?$/;

/** The reverse of {@link rfc3339}, with any offset from UTC; undefined for what is no such time. */
export function parseTime(text: string): { seconds: number; nanos: number } | undefined {
  const unix = UNIX.exec(text);
  const match = unix ?? RFC_3339.exec(text);
  if (match === null) return undefined;
  const seconds = unix ? Number(unix[1]) : Date.parse(`${match[1]}${match[3]}`.toUpperCase()) / 1000;
  if (!Number.isSafeInteger(seconds)) return undefined;
  return { seconds, nanos: Number((match[2] ?? '').padEnd(9, '0')) };
}
