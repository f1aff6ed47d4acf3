const two = (n: number) => String(n).padStart(2, '0');

/** The local time of day to the millisecond: `12:04:11.204`. A time that RFC 3339 cannot write is returned as it is. */
export function localTime(time: string): string {
  const date = dateOf(time);
  if (date === undefined) return time;
  return `${clockTime(date.getTime(), true)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** The local time of day: `12:04`, or with seconds `12:04:11`. */
export function clockTime(ms: number, withSeconds = false): string {
  const date = new Date(ms);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}

/** A moment in words: its time of day, with the date if that is not today's. */
export function momentOf(ms: number, now: number): string {
  const date = new Date(ms);
  if (date.toDateString() === new Date(now).toDateString()) return clockTime(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(ms)}`;
}

/** The local date and time of an event. */
export function localDateTime(time: string): string {
  const date = dateOf(time);
  if (date === undefined) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${localTime(time)}`;
}

/** An event's time in UTC with nanoseconds. */
export function utcTime(time: string): string {
  const [, seconds, digits = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time) ?? [];
  return seconds === undefined ? time : `${seconds}.${digits.padEnd(9, '0')}Z`;
}

/** The zone of local times: `UTC+1`. */
export function zoneName(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${rest === 0 ? '' : `:${two(rest)}`}`;
}

function dateOf(time: string): Date | undefined {
  if (time.charAt(10) !== 'T') return undefined;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
