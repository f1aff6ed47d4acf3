import type { ServerResponse } from 'node:http';
import { LogBatch } from '../../codec/index.js';
import { appendBatch, type Rest } from '../text/batch-text.js';
import { TextBuffer } from '../text/text-buffer.js';
import type { Hello, Messages, State } from './messages.js';
import type { RecentBatches } from './recent-batches.js';

/** Events are sent in pieces of about so many bytes, and the proxy does other work after each of them. */
const PIECE_BYTES = 64 * 1024;

const BEGIN = 'event: batch\ndata: [';
const LINE_FEED = 0x0a;
const COMMA = 0x2c;

/**
 * One open page, and what it has been sent. It has a place in the recent batches and no queue of its own, so a slow browser
 * costs no memory. When it falls too far behind, it is told how many events it has missed.
 */
export class Viewer {
  readonly #response: ServerResponse;
  readonly #batches: RecentBatches;
  readonly #run: string;
  readonly #maxAllowance: number;
  /** The number of the next batch, and that of the next event. */
  #next: number;
  #event: number;
  /** How to write the rest of the batch that was begun. */
  #rest: Rest | undefined;
  /** Number of the event after that batch. */
  #endOfBegun = 0;
  /** How many events may be sent before the next {@link allow}. */
  #allowance: number;
  /** Since when the browser has not read what it was sent, in ms of the clock of the process. */
  #blockedSince: number | undefined;
  readonly #text = new TextBuffer();

  /**
   * @param from The first event that it has not yet received.
   * @param allowance How many events may be sent at once.
   */
  constructor(
    response: ServerResponse,
    batches: RecentBatches,
    { run, from, allowance }: { run: string; from: number; allowance: number },
  ) {
    this.#response = response;
    this.#batches = batches;
    this.#run = run;
    this.#event = from;
    this.#next = batches.batchOf(from);
    this.#allowance = allowance;
    this.#maxAllowance = allowance;
    response.on('drain', () => {
      this.#blockedSince = undefined;
      this.pump();
    });
  }

  /** How long the browser has not read, in ms. */
  get blockedMs(): number {
    return this.#blockedSince === undefined ? 0 : performance.now() - this.#blockedSince;
  }

  /** Allows so many events more. */
  allow(events: number): void {
    this.#allowance = Math.min(this.#maxAllowance, this.#allowance + events);
  }

  /** Sends what a page needs before it can show anything. */
  greet(hello: Hello, state: State): void {
    this.#write(textOf('hello', hello) + textOf('state', state));
  }

  /** Sends a message. One that the browser cannot receive now is left out: the next one says what is true by then. */
  send<Name extends keyof Messages>(name: Name, message: Messages[Name]): void {
    if (this.#blockedSince === undefined) this.#write(textOf(name, message));
  }

  /** Sends what has arrived, as far as the browser reads and the allowance goes. */
  pump(): void {
    while (this.#blockedSince === undefined && this.#allowance > 0 && this.#sendPiece());
  }

  /** @returns whether there was something to send. */
  #sendPiece(): boolean {
    const text = this.#text;
    text.append(BEGIN);
    while (text.length < PIECE_BYTES && this.#append());
    if (text.length > BEGIN.length) {
      const sent = separateByCommas(text, BEGIN.length);
      this.#event += sent;
      this.#allowance -= sent;
      text.append(`]\nid: ${this.#run}-${this.#event}\n\n`);
      this.#write(text.take());
      return true;
    }
    text.truncate(0);
    const kept = this.#batches.at(this.#next);
    const missed = (kept?.firstEvent ?? this.#batches.events) - this.#event;
    if (missed <= 0) return false;
    this.#event += missed;
    this.send('missed', { events: missed });
    return true;
  }

  /** Appends the next piece of text. @returns false if there is none, or if events are missing before it. */
  #append(): boolean {
    if (this.#rest !== undefined) {
      this.#continue(this.#rest);
      return true;
    }
    const kept = this.#batches.at(this.#next);
    const isFirst = this.#text.length === BEGIN.length;
    if (kept === undefined || kept.firstEvent > (isFirst ? this.#event : this.#endOfBegun)) return false;
    // The page ignores events that it has.
    if (isFirst) this.#event = kept.firstEvent;
    this.#next = kept.next;
    this.#endOfBegun = kept.firstEvent + kept.count;
    // A copy, because the rest of the batch may be written later.
    const batch = new LogBatch(1, kept.count, Buffer.from(kept.raw));
    this.#continue((to) => appendBatch(batch, 'json', {}, to));
    return true;
  }

  #continue(rest: Rest): void {
    try {
      this.#rest = rest(this.#text);
    } catch {
      // What cannot be written counts as missed: the numbers say so.
      this.#rest = undefined;
    }
  }

  #write(text: string | Buffer): void {
    if (!this.#response.write(text)) this.#blockedSince ??= performance.now();
  }
}

function textOf(name: keyof Messages, message: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(message)}\n\n`;
}

/**
 * Turns the lines of JSON in a text, from a position on, into the elements of an array. Their line feeds are looked for as
 * bytes, as the cost of strings would be several times that of the JSON.
 *
 * @returns how many lines there are.
 */
function separateByCommas(text: TextBuffer, from: number): number {
  const bytes = text.bytes.subarray(text.end - text.length + from, text.end);
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) {
    bytes[at] = COMMA;
    lines += 1;
  }
  text.truncate(text.length - 1);
  return lines;
}
