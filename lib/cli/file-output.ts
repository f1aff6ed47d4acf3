import { fstatSync, writeSync } from 'node:fs';
import type { TextOutput } from '../reporters/text.js';

const LINE_FEED = Buffer.from('\n');

/**
 * Writes all of a text to a file, or fails. Node's stream for a stdout that is a file reports a short write, as on a
 * full disk, as a complete one.
 *
 * A line that was cut short stays alone on its line: the next write begins with a line feed.
 */
export class FileOutput implements TextOutput {
  readonly keepsNothing = true;
  readonly #fd: number;
  #isCutShort = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** An output to standard output, if that is a file. */
  static ofStdout(fd = 1): FileOutput | undefined {
    return fstatSync(fd).isFile() ? new FileOutput(fd) : undefined;
  }

  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean {
    let written = 0;
    try {
      if (this.#isCutShort) writeSync(this.#fd, LINE_FEED);
      this.#isCutShort = false;
      while (written < text.length) written += writeSync(this.#fd, text, written);
      callback();
    } catch (error) {
      if (written > 0) this.#isCutShort = text[written - 1] !== LINE_FEED[0];
      callback(error as Error, written);
    }
    return true;
  }

  on(): this {
    return this;
  }
}
