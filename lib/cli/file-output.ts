import { fstatSync, writeSync } from 'node:fs';
import type { TextOutput } from '../reporters/text.js';

/**
 * Writes to a file, all of it or an error. Node's own stream for a stdout that is a file takes a write that
 * was cut short, as by a full disk, for a whole one.
 *
 * What was cut short is a line of its own in the end: the next write begins with a line feed.
 */
export class FileOutput implements TextOutput {
  readonly #fd: number;
  #isCutShort = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Of standard output, where it is a file. */
  static ofStdout(fd = 1): FileOutput | undefined {
    return fstatSync(fd).isFile() ? new FileOutput(fd) : undefined;
  }

  write(text: string, callback: (error?: Error | null) => void): boolean {
    const bytes = Buffer.from(this.#isCutShort ? `\n${text}` : text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
      this.#isCutShort = false;
      callback();
    } catch (error) {
      if (written > 0) this.#isCutShort = true;
      callback(error as Error);
    }
    return true;
  }

  on(): this {
    return this;
  }
}
