import type { LogBatch } from '../../codec/index.js';
import type { Reporter, ReportOptions } from '../forwarding/reporter.js';
import { flag, type OptionTable, objectWith, oneOf, orFunction, resolveOptions } from '../options.js';
import { appendBatch, type Rest } from '../text/batch-text.js';
import { FORMATS, type Format, type Lines } from '../text/format.js';
import { TextBuffer } from '../text/text-buffer.js';
import { ErrorListener } from './error-listener.js';
import type { TextOutput } from './text-output.js';

export type { TextOutput } from './text-output.js';

/** Options of {@link TextReporter}. */
export interface TextReporterOptions {
  /** The stream that receives the lines. Default: stdout. */
  stream?: TextOutput | undefined;
  /**
   * Format of the lines: `'json'`, `'logfmt'`, `'pretty'`, or a function that returns the lines of a batch, each with a
   * line feed. Default: `'json'`.
   */
  format?: Format | Lines | undefined;
  /** Whether `'pretty'` uses colours. Default: `false`. */
  color?: boolean | undefined;
}

export const TEXT_REPORTER_OPTIONS = {
  stream: {
    ...objectWith('write', 'on'),
    makeDefault: () => process.stdout as TextOutput,
    defaultDoc: 'stdout',
    doc: 'The stream that receives the lines',
  },
  format: {
    ...orFunction(oneOf(...FORMATS)),
    default: 'json' as Format | Lines,
    defaultDoc: "'json'",
    doc: "Format of the lines: `'json'`, `'logfmt'`, `'pretty'`, or a function that returns the lines of a batch, each with a line feed",
  },
  color: { ...flag, default: false, doc: "Whether `'pretty'` uses colours" },
} satisfies OptionTable<TextReporterOptions>;

/** If this many bytes of text are waiting, they are written at once. */
const MAX_WAITING_BYTES = 1 << 18;
const LINE_FEED = 0x0a;

/** A report that waits until its text is written. */
interface Waiting {
  readonly batch: LogBatch;
  /** Positions of the beginning and the end of its text in the text of the write. */
  start: number;
  end: number;
  /** Appends the next piece of its text, if this is not all of it. */
  rest: Rest | undefined;
  /** Whether a part of its text was written before. */
  isBegun: boolean;
  /** Set if whoever reports retries in order. */
  readonly onFailure: (() => void) | undefined;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** The text that is left of a batch, if its report failed when a part was written. */
interface Remainder {
  readonly batch: LogBatch;
  readonly text: Uint8Array;
  readonly rest: Rest | undefined;
}

/**
 * Reporter: writes each event as a line of text. A batch is reported when the stream has passed on its lines, so a slow
 * reader slows the forwarder down. If lines cannot be written, the report fails. Most streams are destroyed by that, and
 * then all later reports fail, too. The reporter listens for errors of the stream only while it writes.
 *
 * Reports that begin in the same turn of the event loop, or while a write is in progress, become one write: run the
 * Forwarder with `concurrency`. The lines keep the order of the reports, whatever fails: if a write fails and the
 * Forwarder retries, all reports behind it that have begun fail as well, and are retried in order. If a part of a batch
 * was written by then, the next report writes the rest if it is of that batch. JSON is made from `raw`, so changes to a
 * decoded `request` have no effect on it.
 *
 * A batch that cannot be written as text is a permanent failure, `ERR_INVALID_BATCH`.
 */
export class TextReporter implements Reporter<LogBatch> {
  /** Tells the Forwarder to retry in order. */
  readonly keepsOrder = true;
  readonly #stream: TextOutput;
  readonly #errors: ErrorListener;
  readonly #format: Format | Lines;
  readonly #color: boolean;
  readonly #text = new TextBuffer();
  #waiting: Waiting[] = [];
  /** Reports behind one whose text is written in pieces. */
  readonly #later: Pick<Waiting, 'batch' | 'onFailure' | 'resolve' | 'reject'>[] = [];
  /** Whether the last text is only a piece of that of its batch. */
  #isInPieces = false;
  #isWriting = false;
  /** Whether the output ends inside a line, because a write failed there. */
  #isCutShort: boolean;
  #remainder: Remainder | undefined;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: TextReporterOptions = {}) {
    const { stream, format, color } = resolveOptions('TextReporter', options, TEXT_REPORTER_OPTIONS);
    this.#stream = stream;
    this.#format = format;
    this.#color = color;
    this.#isCutShort = stream.isCutShort === true;
    this.#errors = new ErrorListener(stream);
  }

  /**
   * Writes the lines of a batch.
   *
   * @param batch The batch.
   * @param options `onFailure` is called at once if the report fails: see {@link Reporter.keepsOrder}.
   */
  report(batch: LogBatch, { onFailure }: Partial<ReportOptions> = {}): Promise<void> | undefined {
    if (this.#isInPieces)
      return new Promise((resolve, reject) => this.#later.push({ batch, onFailure, resolve, reject }));
    const piece = this.#appendNext(batch);
    if (piece === undefined) return undefined;
    return new Promise((resolve, reject) => this.#add({ batch, onFailure, ...piece, resolve, reject }));
  }

  /** Appends the text of a batch, or its first piece. @returns undefined if there is none. */
  #appendNext(batch: LogBatch): Pick<Waiting, 'start' | 'end' | 'rest' | 'isBegun'> | undefined {
    const start = this.#text.length;
    const left = this.#remainder?.batch === batch ? this.#remainder : undefined;
    let rest: Rest | undefined;
    if (left === undefined) {
      rest = this.#append((text) => appendBatch(batch, this.#format, { color: this.#color }, text));
    } else {
      this.#text.appendBytes(left.text);
      rest = left.text.length === 0 && left.rest !== undefined ? this.#append(left.rest) : left.rest;
      this.#remainder = undefined;
    }
    const end = this.#text.length;
    if (end === start) return undefined;
    this.#remainder = undefined;
    return { start, end, rest, isBegun: left !== undefined };
  }

  #add(report: Waiting): void {
    this.#waiting.push(report);
    this.#isInPieces = report.rest !== undefined;
    if (this.#text.length >= MAX_WAITING_BYTES) this.#begin();
    else if (this.#waiting.length === 1) process.nextTick(this.#begin);
  }

  /** Appends a piece of text, or nothing if that fails. */
  #append(piece: Rest): Rest | undefined {
    const { length } = this.#text;
    try {
      return piece(this.#text);
    } catch (error) {
      this.#text.truncate(length);
      throw error;
    }
  }

  /** Appends the next piece of a text of which one is written. */
  #continue(report: Waiting): void {
    if (report.rest === undefined) {
      report.resolve();
      return;
    }
    try {
      report.start = this.#text.length;
      report.rest = this.#append(report.rest);
      report.end = this.#text.length;
      report.isBegun = true;
      this.#waiting.push(report);
      this.#isInPieces = report.rest !== undefined;
    } catch (error) {
      this.#isInPieces = false;
      report.reject(error);
    }
    this.#addLater();
  }

  /** Adds the reports that waited for the last piece of one. */
  #addLater(): void {
    while (!this.#isInPieces) {
      const report = this.#later.shift();
      if (report === undefined) return;
      try {
        const piece = this.#appendNext(report.batch);
        if (piece === undefined) report.resolve();
        else this.#add({ ...report, ...piece });
      } catch (error) {
        report.reject(error);
      }
    }
  }

  /** Writes the text that is waiting, unless a write is in progress. */
  readonly #begin = (): void => {
    if (this.#isWriting || this.#waiting.length === 0) return;
    const reports = this.#waiting;
    this.#waiting = [];
    this.#isWriting = true;
    this.#errors.begin();
    const text = this.#text.take();
    const isJoined = this.#isCutShort && reports[0]?.isBegun === false;
    this.#write(isJoined ? behindCut(text, reports) : text, 0, reports);
  };

  /**
   * @param text The rest of the text.
   * @param before How many bytes of the text were written before.
   * @param reports The reports whose text is not completely written.
   */
  #write(text: Uint8Array, before: number, reports: readonly Waiting[]): void {
    let isSettled = false;
    const settle = (error?: Error | null, written = error ? 0 : text.length) => {
      // A stream may call back and then throw, or call back twice.
      if (isSettled) return;
      isSettled = true;
      if (written > 0) this.#isCutShort = text[written - 1] !== LINE_FEED;
      const isDone = ({ end }: Waiting) => end <= before + written;
      const done = reports.filter(isDone);
      const left = done.length === reports.length ? [] : reports.slice(done.length);
      if (error) {
        this.#isWriting = false;
        this.#errors.end(true);
        this.#fail(error, done, left, { text, start: before, end: before + written });
      } else if (written < text.length) {
        for (const report of done) report.resolve();
        this.#write(text.subarray(written), before + written, left);
      } else {
        this.#isWriting = false;
        this.#errors.end(false);
        if (this.#stream.keepsNothing === true) this.#text.reuse();
        for (const report of done) this.#continue(report);
        this.#begin();
      }
    };
    try {
      this.#stream.write(text, settle);
    } catch (error) {
      settle(error as Error);
    }
  }

  /** A write has failed: all reports fail that are not done. */
  #fail(
    error: unknown,
    done: readonly Waiting[],
    left: readonly Waiting[],
    write: { text: Uint8Array; start: number; end: number },
  ): void {
    const last = done.at(-1);
    const cut = last?.rest === undefined ? left[0] : last;
    if (cut !== undefined && (cut === last || cut.isBegun || cut.start < write.end)) {
      const from = Math.max(cut.start, write.end);
      // A copy, because the memory of the text may be reused.
      const text = Uint8Array.from(
        write.text.subarray(from - write.start, Math.max(cut.end, from) - write.start),
      );
      this.#remainder = { batch: cut.batch, text, rest: cut.rest };
    }
    if (this.#stream.keepsNothing === true) this.#text.reuse();
    const failed = [...(last !== undefined && cut === last ? [last] : []), ...left];
    for (const report of done) if (report !== failed[0]) report.resolve();
    this.#isInPieces &&= failed.at(-1)?.rest === undefined;
    // What is retried must not be overtaken.
    if (failed.some(({ onFailure }) => onFailure !== undefined)) {
      failed.push(...this.#waiting.splice(0));
      this.#text.truncate(0);
      this.#isInPieces = false;
      for (const report of this.#later.splice(0)) failed.push({ ...report, ...NOTHING });
    }
    // What is written next comes behind the text that was cut short, so that can have no end any more.
    if (this.#waiting.length > 0) this.#remainder = undefined;
    for (const { onFailure } of failed) onFailure?.();
    for (const { reject } of failed) reject(error);
    this.#addLater();
    this.#begin();
  }
}

const NOTHING = { start: 0, end: 0, rest: undefined, isBegun: false };

/** Puts a line feed before the text, so that no two lines are joined. */
function behindCut(text: Uint8Array, reports: readonly Waiting[]): Uint8Array {
  for (const report of reports) {
    report.start += 1;
    report.end += 1;
  }
  return Buffer.concat([Buffer.of(LINE_FEED), text]);
}
