import type { LogBatch } from '../../codec/index.js';
import { escapeUnprintable, quoted, token } from '../printable.js';
import { type BoundaryEvent, eventsOf, MESSAGE } from './event.js';

/** The formats of text. */
export const FORMATS = ['json', 'logfmt', 'pretty'] as const;
/** `json` and `logfmt` for programs, `pretty` for people. */
export type Format = (typeof FORMATS)[number];

/** Options of {@link formatBatch}. */
export interface FormatOptions {
  /** Whether `pretty` uses colours. Default false. */
  color?: boolean | undefined;
}

/** Formats a batch as text: one line for each of its events, each with a line feed. */
export function formatBatch(batch: LogBatch, format: Format, { color = false }: FormatOptions = {}): string {
  const line = LINES[format];
  let text = '';
  for (const event of eventsOf(batch)) text += `${line(event, color)}\n`;
  return text;
}

const LINES: Record<Format, (event: BoundaryEvent, color: boolean) => string> = {
  json: (event) => escapeUnprintable(JSON.stringify({ msg: MESSAGE, ...event })),
  logfmt: (event) => pairs({ msg: MESSAGE, ...event }, token),
  pretty,
};

/** `pretty` shows this in place of what is not there. */
const NONE = '-';

/** ANSI codes that switch a style on and off. */
const STYLES = { dim: [2, 22], red: [31, 39], green: [32, 39] } as const;

/** `19:42:34.120 allow GET https://example.com/ matched_rule=… session_id=…` */
function pretty(event: BoundaryEvent, color: boolean): string {
  const { decision, event_time = NONE, http_method, http_url, matched_rule, ...rest } = event;
  const paint = (style: keyof typeof STYLES, text: string) =>
    color && text !== '' ? `\u001b[${STYLES[style][0]}m${text}\u001b[${STYLES[style][1]}m` : text;
  const time = event_time.includes('T') ? event_time.slice(11, 23).replace('Z', '').padEnd(12) : event_time;
  const rule = matched_rule === undefined ? {} : { matched_rule };
  return [
    paint('dim', time),
    paint(decision === 'allow' ? 'green' : 'red', decision.padEnd(5)),
    http_method === undefined ? NONE.padEnd(7) : positional(http_method).padEnd(7),
    http_url === undefined ? NONE : positional(http_url),
    paint('dim', pairs({ ...rule, ...rest }, unspaced)),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** `name=value …`. @param shown Writes a value, so that it is one token. */
function pairs(fields: object, shown: (value: string) => string): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${shown(String(value))}`)
    .join(' ');
}

/**
 * A value on a terminal. A terminal breaks long lines anywhere, so a value with spaces could make the next row look like
 * a line of its own. Therefore it has none.
 */
function unspaced(value: string): string {
  return token(value).replaceAll(' ', '\\u0020');
}

/** A value on a terminal without a name before it. It must not look like a field, or as if there were none. */
function positional(value: string): string {
  const shown = unspaced(value);
  const misleads = value === NONE || /^[^:=]*=/.test(value);
  return misleads && shown === value ? quoted(value) : shown;
}
