import type { BoundaryLog, LogBatch, ReportBoundaryLogsRequest } from '../../codec/index.js';
import { checkArgument, checkOptions, flag, oneOf } from '../options.js';
import { escapeUnprintable, quoted } from '../printable.js';
import { cut } from './cut.js';
import { BATCH, type BoundaryEvent, MESSAGE } from './event.js';
import { eventOf, REPEATED_TEXTS } from './generated/event.js';
import { logfmtValue } from './logfmt-value.js';
import { paint } from './paint.js';
import { NONE, positional, unspaced } from './pretty-value.js';
import { millisecondsOf, timeOfDay } from './time-of-day.js';

/** The formats of text. */
export const FORMATS = ['json', 'logfmt', 'pretty'] as const;
/** `json` and `logfmt` for programs, `pretty` for people. */
export type Format = (typeof FORMATS)[number];

/** A custom format: returns the lines of a batch, each with a line feed. A batch may have none. */
export type Lines = (batch: LogBatch) => Iterable<string>;

/** Options of {@link formatBatch}. */
export interface FormatOptions {
  /** Whether `pretty` uses colours. Default false. */
  color?: boolean | undefined;
  /** Whether `pretty` shows local time instead of UTC. Default false. */
  localTime?: boolean | undefined;
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
  checkOptions('formatBatch', options, { color: flag, localTime: flag });
  let text = '';
  for (const line of linesOf(batch, format, options)) text += line;
  return text;
}

/** The lines of a batch, from the one with the index `first` on. */
export function* linesOf(
  batch: Pick<LogBatch, 'request'>,
  format: Format,
  options: FormatOptions = {},
  first = 0,
): Generator<string> {
  const line = LINES[format];
  const request = withCutTexts(batch.request, SHOWN[format]);
  for (let i = first; i < request.logs.length; i++) {
    yield `${line(eventOf(request, request.logs[i] as BoundaryLog), options)}\n`;
  }
}

/** The same request with the texts that each line repeats cut. @param shown See {@link cut}. */
export function withCutTexts(
  whole: ReportBoundaryLogsRequest,
  shown: (text: string) => string,
): ReportBoundaryLogsRequest {
  const request: ReportBoundaryLogsRequest = Object.create(whole);
  for (const name of REPEATED_TEXTS) request[name] = cut(request[name], shown);
  return request;
}

/** How a text is written in a line. */
const SHOWN: Record<Format, (text: string) => string> = {
  json: quoted,
  logfmt: logfmtValue,
  pretty: unspaced,
};

const LINES: Record<Format, (event: BoundaryEvent, options: FormatOptions) => string> = {
  json: (event) => escapeUnprintable(JSON.stringify({ msg: MESSAGE, ...event })),
  logfmt: (event) => pairs({ msg: MESSAGE, ...event }, logfmtValue),
  pretty,
};

/** `19:42:34.120 allow GET https://example.com/ matched_rule=… session_id=…` */
function pretty(event: BoundaryEvent, { color = false, localTime = false }: FormatOptions): string {
  const { decision, event_time, http_method, http_url, matched_rule, ...rest } = event;
  const time =
    event_time === undefined
      ? NONE
      : `${timeOfDay(event_time, localTime)}${millisecondsOf(event_time)}`.padEnd(12);
  const rule = matched_rule === undefined ? {} : { matched_rule };
  return [
    paint('dim', time, color),
    paint(decision === 'allow' ? 'green' : 'red', decision.padEnd(5), color),
    http_method === undefined ? NONE.padEnd(7) : positional(http_method).padEnd(7),
    http_url === undefined ? NONE : positional(http_url),
    paint('dim', pairs({ ...rule, ...rest }, unspaced), color),
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
