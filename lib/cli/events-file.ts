import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Logger } from '../logger.js';
import { invalidOption } from '../options.js';
import { messageOf } from '../printable.js';
import { FileOutput } from './file-output.js';
import type { EventOutput } from './io.js';
import { isLasting } from './lasting-error.js';

const { O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
const LINE_FEED = 0x0a;

type Written = (error?: Error | null, written?: number) => void;

/**
 * A file for events that can be rotated: somebody renames it, and {@link EventsFile.reopen} makes a new one. Each line is
 * completely in one of the two. While the file cannot be opened, each write fails, so that whoever writes retries.
 */
export class EventsFile implements EventOutput {
  readonly keepsNothing = true;
  readonly atOnce = 1000;
  readonly #path: string;
  readonly #logger: Logger;
  #fd: number | undefined;
  #output: FileOutput | undefined;
  /** Whether the last write failed inside a line. */
  #isInsideLine = false;
  /** Whether to reopen the file as soon as the line is complete. */
  #isReopening = false;

  private constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** @throws ERR_INVALID_OPTION if the path can never be written to. */
  static open(path: string, logger: Logger): EventsFile {
    const file = new EventsFile(path, logger);
    try {
      file.#open();
    } catch (error) {
      if (isLasting(error)) {
        throw invalidOption('--events-file', path, `a file that can be written (${messageOf(error)})`);
      }
      file.#warn(error);
    }
    return file;
  }

  write(text: Uint8Array, callback: Written): boolean {
    try {
      if (this.#isReopening && this.#isInsideLine) return this.#completeLine(text, callback);
      const output = this.#output ?? this.#open();
      return output.write(text, this.#noted(text, callback));
    } catch (error) {
      callback(error as Error, 0);
      return true;
    }
  }

  on(): this {
    return this;
  }

  /** Closes the file, and opens what is at its path now: a new file, if it was renamed. */
  reopen(): void {
    this.#isReopening = true;
    if (this.#isInsideLine && !this.#isDeleted()) return;
    this.#isInsideLine = false;
    try {
      this.close();
      this.#open();
      this.#logger.info({ file: this.#path }, 'the events file was reopened');
    } catch (error) {
      // The old file may be compressed or deleted by now, so it is not the place to write to.
      this.#warn(error);
    }
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    this.#output = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  #open(): FileOutput {
    const fd = openSync(this.#path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o600);
    let output: FileOutput;
    try {
      if (!fstatSync(fd).isFile())
        throw Object.assign(new Error('it is not a file'), { code: 'ERR_NOT_A_FILE' });
      output = new FileOutput(fd);
      // A process that was killed on a full disk leaves a line without its end.
      if (output.isCutShort) writeSync(fd, '\n');
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#fd = fd;
    this.#output = output;
    this.#isReopening = false;
    return output;
  }

  /** Writes the rest of the line to the old file, and everything else to the new one. */
  #completeLine(text: Uint8Array, callback: Written): boolean {
    const end = text.indexOf(LINE_FEED) + 1 || text.length;
    const rest = (error?: Error | null, written?: number) => {
      if (error) {
        callback(error, written);
        return;
      }
      this.reopen();
      callback(null, end);
    };
    const line = text.subarray(0, end);
    return (this.#output as FileOutput).write(line, this.#noted(line, rest));
  }

  #noted(text: Uint8Array, callback: Written): Written {
    return (error, written = error ? 0 : text.length) => {
      if (written > 0) this.#isInsideLine = text[written - 1] !== LINE_FEED;
      callback(error, written);
    };
  }

  /** Nobody can read the beginning of the line any more, and only closing the file releases its space. */
  #isDeleted(): boolean {
    return this.#fd !== undefined && fstatSync(this.#fd).nlink === 0;
  }

  #warn(error: unknown): void {
    const message = 'the events file cannot be opened: batches wait until it can';
    this.#logger.warn({ err: error, file: this.#path }, message);
  }
}
