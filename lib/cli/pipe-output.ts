import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { EventOutput } from './io.js';

const LINE_FEED = 0x0a;

/** Most bytes in one write. A Unix socket accepts a write of this size either completely or not at all. */
const PIECE = 1 << 15;

/**
 * Writes as much as the pipe can hold at once, and the rest when its reader makes room. Node's stream reports only that a
 * whole write is in the pipe, so a write that a stop or a kill interrupts would be forwarded again as a whole.
 */
export class PipeOutput implements EventOutput {
  readonly keepsNothing = true;
  /**
   * About 50 KB of text, which fits into a pipe of 64 KB. A larger write costs more, because the kernel splits it. After a
   * kill, at most this many batches are forwarded again.
   */
  readonly atOnce = 16;
  readonly #stream: Writable;
  readonly #fd: number;

  /** @param stream Node's stream for `fd`, which has made `fd` non-blocking. */
  constructor(stream: Writable, fd: number) {
    this.#stream = stream;
    this.#fd = fd;
  }

  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean {
    let written = 0;
    try {
      while (written < text.length) {
        written += writeSync(this.#fd, text, written, pieceEnd(text, written) - written);
      }
      callback();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') callback(error as Error, written);
      else if (written > 0) callback(null, written);
      else this.#writeLine(text, callback);
    }
    return true;
  }

  on(event: 'error', listener: (error: Error) => void): this {
    this.#stream.on(event, listener);
    return this;
  }

  /** Lets the stream wait until the full pipe has room, for one line only. */
  #writeLine(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): void {
    const end = text.indexOf(LINE_FEED) + 1 || text.length;
    this.#stream.write(text.subarray(0, end), (error) => callback(error, error ? 0 : end));
  }
}

/** The end of the next piece: the end of a line if possible, so that a process that ends does not leave half a line. */
function pieceEnd(text: Uint8Array, start: number): number {
  if (text.length - start <= PIECE) return text.length;
  const lineFeed = text.lastIndexOf(LINE_FEED, start + PIECE - 1);
  return lineFeed < start ? start + PIECE : lineFeed + 1;
}
