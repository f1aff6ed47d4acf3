import { constants, openSync, writeSync } from 'node:fs';
import type { EventOutput } from './io.js';

/** How long to wait before the first attempt to write to a full terminal, and the longest wait, in ms. */
const SHORTEST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;

/**
 * Writes to a terminal without ever waiting for it. Node's stream blocks the process while the terminal is paused, as
 * with Ctrl-S: no signal, no timer and no connection is served then.
 *
 * It does not keep the process alive. What a paused terminal has not received is lost when the process ends.
 */
export class TerminalOutput implements EventOutput {
  readonly keepsNothing = true;
  readonly atOnce = 16;
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Opens the terminal of a descriptor again. The new descriptor does not block, and the other one, which belongs to
   * other processes as well, remains as it is.
   *
   * @returns undefined if it cannot be opened: it may belong to another user, or this may not be Linux.
   */
  static open(fd: number): TerminalOutput | undefined {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    try {
      return new TerminalOutput(openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY));
    } catch {
      return undefined;
    }
  }

  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean {
    this.#write(text, 0, SHORTEST_WAIT_MS, callback);
    return true;
  }

  on(): this {
    return this;
  }

  #write(
    text: Uint8Array,
    from: number,
    waitMs: number,
    callback: (error?: Error | null, written?: number) => void,
  ): void {
    let written = from;
    try {
      while (written < text.length) written += writeSync(this.#fd, text, written);
      callback();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        callback(hungUp(error as NodeJS.ErrnoException), written);
        return;
      }
      const nextMs = written > from ? SHORTEST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
      setTimeout(() => this.#write(text, written, nextMs, callback), waitMs).unref();
    }
  }
}

/** A terminal that was closed never comes back. This is what the end of a reader is for a pipe. */
function hungUp(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'EIO') return error;
  return Object.assign(new Error('the terminal was closed', { cause: error }), { code: 'EPIPE' });
}
