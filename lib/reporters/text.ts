import type { LogBatch } from '../../codec/index.js';
import type { Reporter } from '../forwarding/reporter.js';
import { flag, type OptionTable, objectWith, oneOf, orFunction, resolveOptions } from '../options.js';
import { appendBatch, type Rest } from '../text/batch-text.js';
import { FORMATS, type Format, type Lines } from '../text/format.js';
import { TextBuffer } from '../text/text-buffer.js';

/** A destination for text: any Writable, or an object with these two methods. */
export interface TextOutput {
  /**
   * Writes text, and calls back when it has been written or could not be.
   *
   * @param text Whole lines.
   * @param callback `written` is how many bytes were written. Default: all, or with an error none. If only a part was
   *   written without an error, the reporter writes the rest again.
   */
  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean;
  /** Registers a listener for errors, as every Node stream does. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Whether the memory of the text may be reused after the callback was called. Default: `false`. */
  readonly keepsNothing?: boolean;
}

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

/** A report that waits until its text is written. */
interface Waiting {
  /** Position of the end of its text in the text of the write. */
  end: number;
  /** Appends the next piece of its text, if this is not all of it. */
  rest: Rest | undefined;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Reporter: writes each event as a line of text. A batch is reported when the stream has passed on its lines, so a slow
 * reader slows the forwarder down. If lines cannot be written, the report fails. Most streams are destroyed by that, and
 * then all later reports fail, too.
 *
 * Reports that begin in the same turn of the event loop, or while a write is in progress, become one write: run the
 * Forwarder with `concurrency`. JSON is made from `raw`, so changes to a decoded `request` have no effect on it.
 *
 * If a batch has more than about 256 KiB of text, it is written in pieces of that size, and lines of other batches may
 * come between them. A batch that cannot be written as text is a permanent failure, `ERR_INVALID_BATCH`.
 */
export class TextReporter implements Reporter<LogBatch> {
  readonly #stream: TextOutput;
  readonly #format: Format | Lines;
  readonly #color: boolean;
  readonly #text = new TextBuffer();
  #waiting: Waiting[] = [];
  #isWriting = false;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: TextReporterOptions = {}) {
    const { stream, format, color } = resolveOptions('TextReporter', options, TEXT_REPORTER_OPTIONS);
    this.#stream = stream;
    this.#format = format;
    this.#color = color;
    // Each report that failed already rejects with the error.
    this.#stream.on('error', () => undefined);
  }

  report(batch: LogBatch): Promise<void> | undefined {
    const text = this.#text;
    const before = text.length;
    const rest = this.#append((text) => appendBatch(batch, this.#format, { color: this.#color }, text));
    if (text.length === before) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ end: text.length, rest, resolve, reject });
      if (text.length >= MAX_WAITING_BYTES) this.#begin();
      else if (this.#waiting.length === 1) process.nextTick(this.#begin);
    });
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
      report.rest = this.#append(report.rest);
      report.end = this.#text.length;
      this.#waiting.push(report);
    } catch (error) {
      report.reject(error);
    }
  }

  /** Writes the text that is waiting, unless a write is in progress. */
  readonly #begin = (): void => {
    if (this.#isWriting || this.#waiting.length === 0) return;
    const reports = this.#waiting;
    this.#waiting = [];
    this.#isWriting = true;
    this.#write(this.#text.take(), 0, reports);
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
      const isDone = ({ end }: Waiting) => end <= before + written;
      const done = reports.filter(isDone);
      const left = done.length === reports.length ? [] : reports.slice(done.length);
      if (!error && written < text.length) {
        for (const report of done) this.#continue(report);
        this.#write(text.subarray(written), before + written, left);
        return;
      }
      for (const { reject } of left) reject(error);
      this.#isWriting = false;
      if (this.#stream.keepsNothing === true) this.#text.reuse();
      for (const report of done) this.#continue(report);
      this.#begin();
    };
    try {
      this.#stream.write(text, settle);
    } catch (error) {
      settle(error as Error);
    }
  }
}
