import type { EventName } from './record.js';

/** How a line begins that this project writes as JSON. The comma says that the number is complete. */
const BEGINNING =
  /^\{"msg":"boundary_request","decision":"\w+","session_id":("(?:[^"\\]|\\.)*"),"sequence_number":(\d{1,15}),/;
/** The beginning of a second event. No text of an event contains it, because JSON escapes quotation marks. */
const SECOND = '"msg":"';

/**
 * Says which event a line was about that cannot be read, as a process leaves one that is killed while it writes.
 *
 * @returns undefined if the line does not say it, or if it may contain the rest of another event, too.
 */
export function eventOfCutLine(line: string): EventName | undefined {
  const [beginning = '', session, number] = BEGINNING.exec(line) ?? [];
  if (session === undefined || line.includes(SECOND, beginning.length)) return undefined;
  return { session: JSON.parse(session), number: Number(number) };
}
