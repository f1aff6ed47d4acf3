import { writeSync } from 'node:fs';
import type { EventOutput } from './io.js';

const LINE_FEED = Buffer.from('\n');

/**
 * Writes a text to a file completely, or fails. If stdout is a file, Node's stream reports a short write, as on a full
 * disk, as a complete one.
 *
 * After a line that was cut short, the next write begins with a line feed, so that no two lines are joined.
 */
export class FileOutput implements EventOutput {
  readonly keepsNothing = true;
  /** About as many batches as one read of a socket contains. */
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
