import type { LogBatch } from '../../codec/index.js';
import { cellsOf } from './cells.js';
import type { BoundaryEvent } from './event.js';
import { withCutTexts } from './format.js';
import { eventOf } from './generated/event.js';
import { paint } from './paint.js';
import { misleads, NONE } from './pretty-value.js';
import { SessionPrefixes } from './session-prefixes.js';
import { ShownUrl } from './shown-url.js';
import { wordFor } from './terminal-word.js';
import { timeOfDay } from './time-of-day.js';

/** What comes before a session, and before nothing else. */
const SESSION_MARK = '#';

/** A rule that looks like a session, or like the decision of the next line. */
const NOT_A_RULE = /^(?:#|(?:allow|deny)$)/;

/** Widths of the columns that are aligned. */
const [TIME, DECISION, METHOD] = [8, 5, 6];

/** Options of {@link TerminalView}. */
export interface TerminalViewOptions {
  /** The width of the terminal at this moment, in cells; undefined or 0 if it is not known. */
  width(): number | undefined;
  color: boolean;
  localTime: boolean;
}

/**
 * Shows each event on one row of a terminal: `19:42:34 allow GET    https://example.com/a/b… domain=example.com #5f3c`.
 * That is the time, the decision, the method, the URL, the rule, and the first characters of the session if there is more
 * than one.
 *
 * Only what follows the host of the URL is cut. If the line is too long even so, it continues on the next row, and what
 * follows the host is cut so that the line has as few rows as possible. If the width is not known, nothing is cut.
 */
export class TerminalView {
  readonly #options: TerminalViewOptions;
  readonly #sessions = new SessionPrefixes();

  constructor(options: TerminalViewOptions) {
    this.#options = options;
  }

  *lines({ request: whole }: Pick<LogBatch, 'request'>): Generator<string> {
    const request = withCutTexts(whole, sessionWord);
    for (const log of request.logs) yield `${this.line(eventOf(request, log))}\n`;
  }

  /** The line of an event, without its line feed. */
  line(event: BoundaryEvent): string {
    const { color, localTime } = this.#options;
    const { decision, event_time, http_method: method, http_url, matched_rule: rule, session_id } = event;
    const time = event_time === undefined ? NONE : timeOfDay(event_time, localTime);
    const shownMethod = method === undefined ? NONE : wordFor(method, misleads(method)).write(method);
    const url = http_url === undefined ? undefined : new ShownUrl(http_url);
    const tail: string[] = [];
    if (rule !== undefined) tail.push(wordFor(rule, NOT_A_RULE.test(rule)).write(rule));
    const session = session_id === undefined ? '' : this.#sessions.of(session_id);
    if (session !== '') tail.push(SESSION_MARK + sessionWord(session));

    const fewest = sum(tail) + (url?.fewestCells ?? NONE.length);
    let columns = [time.padEnd(TIME), decision.padEnd(DECISION), padEnd(shownMethod, METHOD)];
    const width = this.#options.width() || Number.POSITIVE_INFINITY;
    // Alignment is worth nothing if the line has several rows.
    if (sum(columns) + fewest > width) columns = [time, decision, shownMethod];
    const rows = Math.ceil((sum(columns) + fewest) / width) || 1;
    const room = width * rows - sum(columns) - sum(tail);

    const [shownTime = '', shownDecision = '', alignedMethod = ''] = columns;
    return [
      paint('dim', shownTime, color),
      paint(decision === 'allow' ? 'green' : 'red', shownDecision, color),
      alignedMethod,
      url?.within(room) ?? NONE,
      ...tail.map((word) => paint('dim', word, color)),
    ].join(' ');
  }
}

/** How a session is written, without its mark. */
function sessionWord(session: string): string {
  return wordFor(session).write(session);
}

/** The cells of words, and of a space beside each. */
function sum(words: readonly string[]): number {
  return words.reduce((cells, word) => cells + cellsOf(word) + 1, 0);
}

function padEnd(word: string, cells: number): string {
  return word + ' '.repeat(Math.max(0, cells - cellsOf(word)));
}
