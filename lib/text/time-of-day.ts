/** The second that was asked for last, as in RFC 3339, and its local time. Most events are of the same one. */
let second = '';
let local = '';

/**
 * The time of day of an event, to the second: `19:42:34`. A time that RFC 3339 cannot write is returned as it is.
 *
 * @param eventTime As events have it, in UTC.
 */
export function timeOfDay(eventTime: string, isLocal: boolean): string {
  if (eventTime.charAt(10) !== 'T') return eventTime;
  if (!isLocal) return eventTime.slice(11, 19);
  const start = eventTime.slice(0, 19);
  if (start !== second) {
    second = start;
    local = localTimeOf(new Date(`${start}Z`));
  }
  return local;
}

function localTimeOf(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
}

/** The milliseconds of an event, if it has a fraction of a second: `.12`. */
export function millisecondsOf(eventTime: string): string {
  return eventTime.charAt(10) === 'T' ? eventTime.slice(19, 23).replace('Z', '') : '';
}
