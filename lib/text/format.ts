import type { BoundaryLog, LogBatch, ReportBoundaryLogsRequest } from '../../codec/index.js';
import { cut } from './cut.js';
import { type BoundaryEvent, MESSAGE } from './event.js';
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
 * @throws RangeError if a larger batch, which did not come from a frame, has more text than a string can have.
 */
export function formatBatch(batch: LogBatch, format: Format, options: FormatOptions = {}): string {
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
  json: (text) => escapeUnprintable(JSON.stringify(text)),
  logfmt: logfmtValue,
  pretty: logfmtValue,
};

const LINES: Record<Format, (event: BoundaryEvent, color: boolean) => string> = {
  json: (event) => escapeUnprintable(JSON.stringify({ msg: MESSAGE, ...event })),
  logfmt: (event) => pairs({ msg: MESSAGE, ...event }),
  pretty,
};

/** ANSI codes that switch a style on and off. */
const STYLES = { dim: [2, 22], red: [31, 39], green: [32, 39] } as const;

/** `19:42:34.120 allow GET https://example.com/ matched_rule=… session_id=…` */
function pretty(event: BoundaryEvent, color: boolean): string {
  const { decision, event_time = '-', http_method = '-', http_url = '-', matched_rule, ...rest } = event;
  const paint = (style: keyof typeof STYLES, text: string) =>
    color && text !== '' ? `\u001b[${STYLES[style][0]}m${text}\u001b[${STYLES[style][1]}m` : text;
  const time = event_time.includes('T') ? event_time.slice(11, 23).replace('Z', '').padEnd(12) : event_time;
  const rule = matched_rule === undefined ? {} : { matched_rule };
  return [
    paint('dim', time),
    paint(decision === 'allow' ? 'green' : 'red', decision.padEnd(5)),
    escapeUnprintable(http_method).padEnd(7),
    escapeUnprintable(http_url),
    paint('dim', pairs({ ...rule, ...rest })),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** `name=value …`, with quotes around values that a reader of logfmt would misread. */
function pairs(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${logfmtValue(String(value))}`)
    .join(' ');
}

function logfmtValue(value: string): string {
  return /[\s="\\]/.test(value) || value === '' || UNPRINTABLE.test(value)
    ? escapeUnprintable(JSON.stringify(value))
    : value;
}

/**
 * Characters that a terminal or a reader of lines would act upon instead of showing them: control characters,
 * line and paragraph separators, and marks that change the direction of writing. A jailed agent chooses the
 * URLs that it requests, so it could use them to forge or to hide lines.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this expression searches for them.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const EACH_UNPRINTABLE = new RegExp(UNPRINTABLE, 'g');

function escapeUnprintable(text: string): string {
  if (!UNPRINTABLE.test(text)) return text;
  return text.replace(EACH_UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
