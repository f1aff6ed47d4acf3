import type { LogBatch } from '../../codec/index.js';
import { checkOptions, objectWith, oneOf } from '../options.js';
import type { Reporter } from '../reporter.js';
import { FORMATS, type Format, formatBatch } from '../text/format.js';

/** Where text goes: any Writable, or what has these two of its methods. */
export interface TextOutput {
  write(text: string, callback: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface TextReporterOptions {
  /** Where the lines go. Default: stdout. */
  stream?: TextOutput | undefined;
  /** Default `json`. */
  format?: Format | undefined;
  /** Whether `pretty` uses colours. Default false. */
  color?: boolean | undefined;
}

/**
 * Writes each event as a line of text. A batch is reported when the stream has passed its lines on, so a
 * slow reader holds the forwarder back. What could not be written is a failure of its report; a stream that
 * was destroyed by it, as most are, fails all reports that follow.
 */
export class TextReporter implements Reporter<LogBatch> {
  readonly #stream: TextOutput;
  readonly #format: Format;
  readonly #color: boolean;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: TextReporterOptions = {}) {
    checkOptions('TextReporter', options, {
      stream: objectWith('write', 'on'),
      format: oneOf(...FORMATS),
      color: { takes: 'true or false', accepts: (value) => typeof value === 'boolean' },
    });
    this.#stream = options.stream ?? process.stdout;
    this.#format = options.format ?? 'json';
    this.#color = options.color ?? false;
    // Each failed report has the error, too.
    this.#stream.on('error', () => undefined);
  }

  report(batch: LogBatch): Promise<void> | undefined {
    const text = formatBatch(batch, this.#format, { color: this.#color });
    if (text === '') return undefined;
    return new Promise((resolve, reject) => {
      this.#stream.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }
}
