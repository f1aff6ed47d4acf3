import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { EventOutput } from './io.js';

const LINE_FEED = 0x0a;

/**
 * Writes a text to a file completely, or fails. If stdout is a file, Node's stream reports a short write, as on a full
 * disk, as a complete one.
 */
export class FileOutput implements EventOutput {
  readonly keepsNothing = true;
  /** About as many batches as one read of a socket contains. */
  readonly atOnce = 1000;
  /** Whether a process before this one ended inside a line, as on a full disk. */
  readonly isCutShort: boolean;
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
    this.isCutShort = endsInsideLine(fd);
  }

  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean {
    let written = 0;
    try {
      while (written < text.length) written += writeSync(this.#fd, text, written);
      callback();
    } catch (error) {
      callback(error as Error, written);
    }
    return true;
  }

  on(): this {
    return this;
  }
}

/** Looks at the last byte of a file, which may be open only for writing. False if that is not possible. */
function endsInsideLine(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size === 0) return false;
    const reading = openSync(`/proc/self/fd/${fd}`, 'r');
    try {
      const last = Buffer.alloc(1);
      return readSync(reading, last, 0, 1, stats.size - 1) === 1 && last[0] !== LINE_FEED;
    } finally {
      closeSync(reading);
    }
  } catch {
    return false;
  }
}
