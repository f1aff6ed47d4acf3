import { invalidOption } from '../options.js';
import type { Io } from './io.js';

/**
 * Writes bytes that are not text to stdout, completely or with an error.
 *
 * @throws ERR_INVALID_OPTION if stdout is a terminal.
 */
export function binaryOutput({ stdout, output }: Io): (bytes: Uint8Array) => Promise<void> {
  if (stdout.isTTY === true) throw invalidOption('stdout', 'a terminal', 'a file or a pipe, such as > FILE');
  if (output === undefined) {
    return (bytes) =>
      new Promise((resolve, reject) => {
        stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
  }
  return async (bytes) => {
    let rest = bytes;
    while (rest.length > 0) {
      const written = await new Promise<number>((resolve, reject) => {
        output.write(rest, (error, done = rest.length) => (error ? reject(error) : resolve(done)));
      });
      rest = rest.subarray(written);
    }
  };
}
