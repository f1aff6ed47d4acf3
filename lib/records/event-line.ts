import { isRecord } from '../../codec/argument.js';
import { quoted } from '../printable.js';
import { type BoundaryEvent, MESSAGE, toEvent } from '../text/event.js';
import { KINDS } from '../text/generated/event.js';
import { pairsIn } from './pairs.js';

/** A line of a program's log that is about something else than an event. */
export const OTHER = 'other';

/** What Coder's logger writes for people begins like this: `2026-11-25 18:11:04.349 [info]  `. */
const SERVER_LINE = /^\d{4}-\d\d-\d\d[ T][\d:.]+\S* \[\w+\]\s/;
/** Between its beginning and the fields of an event: perhaps the place in the source, and the name of the logger. */
const SERVER_EVENT = new RegExp(
  `^\\S+ \\S+ \\[\\w+\\]\\s+(?:<\\S*>\\s+)?(?:[^\\s=]+: )?${MESSAGE}(?:\\s+|$)`,
);

/**
 * Reads the lines of one file: events as JSON or logfmt, as this project writes them, or the log of coderd in either of
 * its forms, which also contains other lines.
 */
export class EventLines {
  /** Whether this is the log of a server, in which a text for people may have several lines. */
  #isServerLog = false;

  /** @throws an Error if the line should be an event, and is not. */
  read(line: string): BoundaryEvent | typeof OTHER {
    if (line.startsWith('{')) return fromJson(JSON.parse(line));
    if (SERVER_LINE.test(line)) {
      this.#isServerLog = true;
      const start = SERVER_EVENT.exec(line)?.[0];
      return start === undefined ? OTHER : fromPairs(line.slice(start.length));
    }
    if (this.#isServerLog) return OTHER;
    return fromPairs(line);
  }
}

function fromJson(value: unknown): BoundaryEvent | typeof OTHER {
  if (!isRecord(value)) throw new Error('it is not an object');
  const { msg, fields } = value;
  if (msg !== undefined && msg !== MESSAGE) return OTHER;
  return known(msg !== undefined && isRecord(fields) ? fields : value);
}

function fromPairs(text: string): BoundaryEvent | typeof OTHER {
  const pairs = pairsIn(text);
  if (pairs === undefined) throw new Error(`it is neither JSON nor logfmt: ${quoted(beginning(text))}`);
  const msg = pairs.get('msg');
  if (msg !== undefined && msg !== MESSAGE) return OTHER;
  const event: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries<string>(KINDS)) {
    const value = pairs.get(name);
    if (value === undefined) continue;
    event[name] = kind.endsWith('int32') && /^-?\d+$/.test(value) ? Number(value) : value;
  }
  return toEvent(event);
}

/** An event without the fields that only somebody else knows, such as the workspace. */
function known(fields: Readonly<Record<string, unknown>>): BoundaryEvent {
  const names = Object.keys(KINDS).filter((name) => Object.hasOwn(fields, name));
  return toEvent(Object.fromEntries(names.map((name) => [name, fields[name]])));
}

function beginning(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
