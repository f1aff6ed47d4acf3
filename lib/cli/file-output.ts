import { writeSync } from 'node:fs';
import type { EventOutput } from './io.js';

const LINE_FEED = Buffer.from('\n');

/**
 * Writes all of a text to a file, or fails. Node's stream for a stdout that is a file reports a short write, as on a
 * full disk, as a complete one.
 *
 * A line that was cut short stays alone on its line: the next write begins with a line feed.
 */
export class FileOutput implements EventOutput {
  readonly keepsNothing = true;
  /** As much as one read of a socket contains. */
  readonly atOnce = 1000;
  readonly #fd: number;
  #isCutShort = false;

  constructor(fd: number) {
    this.#fd = fd;
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
