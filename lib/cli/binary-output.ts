import { invalidOption } from '../options.js';
import type { Io } from './io.js';
import { writeAll } from './stdout.js';

/**
 * Writes bytes that are not text to stdout, completely or with an error.
 *
 * @throws ERR_INVALID_OPTION if stdout is a terminal.
 */
export function binaryOutput(io: Io): (bytes: Uint8Array) => Promise<void> {
  if (io.stdout.isTTY === true)
    throw invalidOption('stdout', 'a terminal', 'a file or a pipe, such as > FILE');
  return (bytes) => writeAll(io, bytes);
}
