import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { FileOutput } from './file-output.js';
import type { EventOutput } from './io.js';
import { PipeOutput } from './pipe-output.js';

/**
 * Returns the output that writes to standard output with an exact account of what got through, if that is a file or a
 * pipe. For anything else, such as a terminal, its own stream has to do.
 */
export function eventOutput(stdout: Writable, fd = 1): EventOutput | undefined {
  const kind = fstatSync(fd);
  if (kind.isFile()) return new FileOutput(fd);
  return kind.isFIFO() || kind.isSocket() ? new PipeOutput(stdout, fd) : undefined;
}
