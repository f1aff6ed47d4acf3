import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { FileOutput } from './file-output.js';
import type { EventOutput } from './io.js';
import { PipeOutput } from './pipe-output.js';

/**
 * Returns an output that knows exactly how much was written, if standard output is a file or a pipe. For anything else,
 * such as a terminal, `serve` uses Node's stream.
 */
export function eventOutput(stdout: Writable, fd = 1): EventOutput | undefined {
  const kind = fstatSync(fd);
  if (kind.isFile()) return new FileOutput(fd);
  return kind.isFIFO() || kind.isSocket() ? new PipeOutput(stdout, fd) : undefined;
}
