import type { ServerResponse } from 'node:http';
import { LogBatch } from '../../codec/index.js';
import { appendBatch, type Rest } from '../text/batch-text.js';
import { TextBuffer } from '../text/text-buffer.js';
import type { Messages } from './messages.js';
import type { RecentBatches } from './recent-batches.js';

/** Events are sent in pieces of about so many bytes, and the proxy does other work after each of them. */
const PIECE_BYTES = 64 * 1024;

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

  /** Sends a message. One that the browser cannot receive now is left out: the next one says what is true by then. */
  send<Name extends keyof Messages>(name: Name, message: Messages[Name]): void {
    if (this.#blockedSince === undefined) this.#write(`event: ${name}\ndata: ${JSON.stringify(message)}\n\n`);
  }

  /** Sends what has arrived, as far as the browser reads and the allowance goes. */
  pump(): void {
    while (this.#blockedSince === undefined && this.#allowance > 0 && this.#sendPiece());
  }

  /** @returns whether there was something to send. */
  #sendPiece(): boolean {
    while (this.#text.length < PIECE_BYTES && this.#append());
    if (this.#text.length > 0) {
      const lines = this.#text.take().toString().split('\n');
      this.#text.reuse();
      // What follows the last line feed is empty.
      lines.pop();
      this.#event += lines.length;
      this.#allowance -= lines.length;
      this.#write(`event: batch\nid: ${this.#run}-${this.#event}\ndata: ${lines.join('\ndata: ')}\n\n`);
      return true;
    }
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
    const isFirst = this.#text.length === 0;
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

  #write(text: string): void {
    if (!this.#response.write(text)) this.#blockedSince ??= performance.now();
  }
}
