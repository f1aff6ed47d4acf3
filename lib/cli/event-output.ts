import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { FileOutput } from './file-output.js';
import type { EventOutput } from './io.js';
import { PipeOutput } from './pipe-output.js';
import { TerminalOutput } from './terminal-output.js';

/**
 * Returns an output that knows exactly how much was written, and that never blocks the process, except for a file.
 *
 * @param stream Node's stream for `fd`.
 * @returns undefined for a terminal that cannot be opened again: only Node's stream can write to it.
 */
export function eventOutput(stream: Writable, fd: number): EventOutput | undefined {
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) return new PipeOutput(stream, fd);
  return isatty(fd) ? TerminalOutput.open(fd) : new FileOutput(fd);
}
