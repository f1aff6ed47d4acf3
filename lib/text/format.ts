import type { BoundaryLog, LogBatch, ReportBoundaryLogsRequest } from '../../codec/index.js';
import { checkArgument, checkOptions, flag, oneOf } from '../options.js';
import { escapeUnprintable, quoted, token } from '../printable.js';
import { cut } from './cut.js';
import { BATCH, type BoundaryEvent, MESSAGE } from './event.js';
import { eventOf, REPEATED_TEXTS } from './generated/event.js';

/** The formats of text. */
export const FORMATS = ['json', 'logfmt', 'pretty'] as const;
/** `json` and `logfmt` for programs, `pretty` for people. */
export type Format = (typeof FORMATS)[number];

/** Options of {@link formatBatch}. */
export interface FormatOptions {
  /** Whether `pretty` uses colours. Default false. */
  color?: boolean | undefined;
}

/**
 * Formats a batch as text: one line for each of its events, each with a line feed. In text, a `session_id` and a
 * `confined_process_name` of more than 64 bytes are cut and end with `[cut]`, because each line repeats them. The text
 * of a batch that was received in a frame is therefore never longer than 128 times the frame, which is 4 MiB.
 *
 * @throws ERR_INVALID_OPTION if an argument is not such a value.
 * @throws RangeError if a larger batch, which did not come from a frame, has more text than a string can have.
 */
export function formatBatch(batch: LogBatch, format: Format, options: FormatOptions = {}): string {
  checkArgument('formatBatch', 'batch', batch, BATCH);
  checkArgument('formatBatch', 'format', format, oneOf(...FORMATS));
  checkOptions('formatBatch', options, { color: flag });
  let text = '';
  for (const line of linesOf(batch, format, options)) text += line;
  return text;
}

/** The lines of a batch, from the one with the index `first` on. */
export function* linesOf(
  batch: LogBatch,
  format: Format,
  { color = false }: FormatOptions = {},
  first = 0,
): Generator<string> {
  const line = LINES[format];
  const request: ReportBoundaryLogsRequest = Object.create(batch.request);
  for (const name of REPEATED_TEXTS) request[name] = cut(request[name], SHOWN[format]);
  for (let i = first; i < request.logs.length; i++) {
    yield `${line(eventOf(request, request.logs[i] as BoundaryLog), color)}\n`;
  }
}

/** How a text is written in a line. */
const SHOWN: Record<Format, (text: string) => string> = {
  json: quoted,
  logfmt: token,
  pretty: unspaced,
};

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
