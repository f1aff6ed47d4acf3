import type { LogBatch } from '../../codec/index.js';
import { type BoundaryEvent, eventsOf, MESSAGE } from './event.js';

export const FORMATS = ['json', 'logfmt', 'pretty'] as const;
/** How events look as text. */
export type Format = (typeof FORMATS)[number];

/** Options of {@link formatBatch}. */
export interface FormatOptions {
  /** Whether `pretty` uses colours. Default false. */
  color?: boolean | undefined;
}

/** A batch as text: one line for each of its events, each with its line feed. */
export function formatBatch(batch: LogBatch, format: Format, { color = false }: FormatOptions = {}): string {
  const line = LINES[format];
  let text = '';
  for (const event of eventsOf(batch)) text += `${line(event, color)}\n`;
  return text;
}

const LINES: Record<Format, (event: BoundaryEvent, color: boolean) => string> = {
  json: (event) => plain(JSON.stringify({ msg: MESSAGE, ...event })),
  logfmt: (event) => pairs({ msg: MESSAGE, ...event }),
  pretty,
};

/** ANSI codes: on, off. */
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
    plain(http_method).padEnd(7),
    plain(http_url),
    paint('dim', pairs({ ...rule, ...rest })),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** `name=value …`, quoted where a reader of logfmt would stumble. */
function pairs(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${logfmtValue(String(value))}`)
    .join(' ');
}

function logfmtValue(value: string): string {
  return /[\s="\\]/.test(value) || value === '' || UNPRINTABLE.test(value)
    ? plain(JSON.stringify(value))
    : value;
}

/**
 * What a terminal or a reader of lines would act upon, rather than show: control characters, line and
 * paragraph separators, and the marks that turn the direction of writing. Agents choose what they ask for.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const EACH_UNPRINTABLE = new RegExp(UNPRINTABLE, 'g');

function plain(text: string): string {
  if (!UNPRINTABLE.test(text)) return text;
  return text.replace(EACH_UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
