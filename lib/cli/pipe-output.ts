import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { EventOutput } from './io.js';

const LINE_FEED = 0x0a;

/** Bytes in one write at most. A Unix socket accepts so much completely or not at all. */
const PIECE = 1 << 15;

/**
 * Writes to a pipe as much as it can hold, and waits for its reader with the rest. A stream alone would say only when
 * all of a write is in the pipe: what a stop or a kill interrupts would be forwarded again as a whole.
 */
export class PipeOutput implements EventOutput {
  readonly keepsNothing = true;
  /**
   * Some 50 KB of text, which a pipe of 64 KB can hold: more in one write costs more, because the kernel splits it. It
   * is also the most that is forwarded again after a kill.
   */
  readonly atOnce = 16;
  readonly #stream: Writable;
  readonly #fd: number;

  /** @param stream The stream of `fd`, by which Node has made it non-blocking. */
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

  /** The pipe is full. The stream waits for room, for no more than one line. */
  #writeLine(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): void {
    const end = text.indexOf(LINE_FEED) + 1 || text.length;
    this.#stream.write(text.subarray(0, end), (error) => callback(error, error ? 0 : end));
  }
}

/** The end of the next piece to write: that of a line if possible, so that a line is not cut if the process ends. */
function pieceEnd(text: Uint8Array, start: number): number {
  if (text.length - start <= PIECE) return text.length;
  const lineFeed = text.lastIndexOf(LINE_FEED, start + PIECE - 1);
  return lineFeed < start ? start + PIECE : lineFeed + 1;
}
