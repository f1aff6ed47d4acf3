import { isRecord } from '../../codec/argument.js';
import { quoted } from '../printable.js';
import { type BoundaryEvent, MESSAGE, toEvent } from '../text/event.js';
import { KINDS } from '../text/generated/event.js';
import { pairsIn } from './pairs.js';

/** Returned for a line of a log that is not about an event. */
export const OTHER = 'other';

/** The beginning of a line that Coder's logger writes for people: `2026-11-25 18:11:04.349 [info]  `. */
const SERVER_LINE = /^\d{4}-\d\d-\d\d[ T][\d:.]+\S* \[\w+\]\s/;
/** The same up to the fields of an event. The place in the source and the name of the logger may be missing. */
const SERVER_EVENT = new RegExp(
  `^\\S+ \\S+ \\[\\w+\\]\\s+(?:<\\S*>\\s+)?(?:[^\\s=]+: )?${MESSAGE}(?:\\s+|$)`,
);

/**
 * Reads the lines of one file: events as JSON or logfmt, as this project writes them, or the log of coderd in either of
 * its forms, which also contains other lines.
 */
export class EventLines {
  /** Whether this is the log of a server, in which a message may have several lines. */
  #isServerLog = false;

  /** @throws an Error if the line is neither an event nor, in a server's log, something else. */
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

/** Keeps the fields of an event that this project knows. The server adds others, such as the workspace. */
function known(fields: Readonly<Record<string, unknown>>): BoundaryEvent {
  const names = Object.keys(KINDS).filter((name) => Object.hasOwn(fields, name));
  return toEvent(Object.fromEntries(names.map((name) => [name, fields[name]])));
}

function beginning(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
