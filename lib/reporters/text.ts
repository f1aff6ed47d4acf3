import type { LogBatch } from '../../codec/index.js';
import type { Reporter } from '../forwarding/reporter.js';
import { flag, type OptionTable, objectWith, oneOf, resolveOptions } from '../options.js';
import { FORMATS, type Format, formatBatch } from '../text/format.js';
import { appendJsonLines } from '../text/json-lines.js';
import { TextBuffer } from '../text/text-buffer.js';

/** A destination for text: any Writable, or an object with these two methods. */
export interface TextOutput {
  /**
   * @param text Complete lines.
   * @param callback Is called when the text is written, or with an error. In the latter case `written` is the number of
   *   bytes that were written before the error. Default: `0`.
   */
  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Whether the memory of the text may be reused after the callback was called. Default: `false`. */
  readonly keepsNothing?: boolean;
}

export interface TextReporterOptions {
  /** The stream that receives the lines. Default: stdout. */
  stream?: TextOutput | undefined;
  /** Format of the lines: `'json'`, `'logfmt'` or `'pretty'`. Default: `'json'`. */
  format?: Format | undefined;
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
    ...oneOf(...FORMATS),
    default: 'json',
    doc: "Format of the lines: `'json'`, `'logfmt'` or `'pretty'`",
  },
  color: { ...flag, default: false, doc: "Whether `'pretty'` uses colours" },
} satisfies OptionTable<TextReporterOptions>;

/** If this many bytes of text are waiting, they are written at once. */
const MAX_WAITING_BYTES = 1 << 18;

/** A report that waits until its text is written. */
interface Waiting {
  /** Where its text ends in the text of the write. */
  end: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Writes each event as a line of text. A report succeeds when the stream has written its lines, so a slow stream slows
 * down the forwarder. A report fails if its lines could not be written. Most streams are destroyed by an error; then all
 * later reports fail, too.
 *
 * Reports of the same turn of the event loop, which `concurrency` makes possible, are one write. JSON is made from
 * `raw`, so changes of a decoded `request` have no effect on it.
 */
export class TextReporter implements Reporter<LogBatch> {
  readonly #stream: TextOutput;
  readonly #format: Format;
  readonly #color: boolean;
  readonly #text = new TextBuffer();
  #waiting: Waiting[] = [];

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
    if (this.#format !== 'json' || !appendJsonLines(batch, text)) {
      text.append(formatBatch(batch, this.#format, { color: this.#color }));
    }
    if (text.length === before) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ end: text.length, resolve, reject });
      if (text.length >= MAX_WAITING_BYTES) this.#write();
      else if (this.#waiting.length === 1) process.nextTick(this.#write);
    });
  }

  readonly #write = (): void => {
    const reports = this.#waiting;
    if (reports.length === 0) return;
    this.#waiting = [];
    let isSettled = false;
    const settle = (error?: Error | null, written = 0) => {
      isSettled = true;
      for (const { end, resolve, reject } of reports) {
        if (!error || end <= written) resolve();
        else reject(error);
      }
    };
    try {
      this.#stream.write(this.#text.take(), settle);
      if (isSettled && this.#stream.keepsNothing === true) this.#text.reuse();
    } catch (error) {
      settle(error as Error);
    }
  };
}
