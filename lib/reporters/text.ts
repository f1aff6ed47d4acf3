import type { LogBatch } from '../../codec/index.js';
import type { Reporter } from '../forwarding/reporter.js';
import { flag, type OptionTable, objectWith, oneOf, resolveOptions } from '../options.js';
import { FORMATS, type Format, formatBatch } from '../text/format.js';
import { appendJsonLines } from '../text/json-lines.js';
import { TextBuffer } from '../text/text-buffer.js';

/** Where text goes: any Writable, or what has these two of its methods. */
export interface TextOutput {
  /**
   * Writes text, and calls back when it has been written or could not be.
   *
   * @param text Whole lines.
   * @param callback With an error, `written` is how many bytes got through nevertheless. Default 0.
   */
  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean;
  /** Registers a listener for errors, as every Node stream does. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Whether it is done with the text when it calls back, and the memory may be used again. Default false. */
  readonly keepsNothing?: boolean;
}

/** Options of {@link TextReporter}. */
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

/** Bytes of text that are written without waiting for more. */
const ENOUGH = 1 << 18;

/** A report whose text ends at `end` of what is gathered. */
interface Waiting {
  end: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Writes each event as a line of text. A batch is reported when the stream has passed its lines on, so a
 * slow reader holds the forwarder back. What could not be written is a failure of its report; a stream that
 * was destroyed by it, as most are, fails all reports that follow.
 *
 * What is reported in one go, as with `concurrency` it is, is one write. JSON is made from `raw`: changes to
 * a decoded `request` do not show.
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
      if (text.length >= ENOUGH) this.#write();
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
