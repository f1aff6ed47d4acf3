import { messageOf } from '../printable.js';
import type { Io } from './io.js';

/** About as much as one write should contain, in characters. */
const PIECE = 1 << 16;

/**
 * Writes to stdout completely, or fails: Node's stream takes a short write to a file for a complete one, and ends the
 * process with a stack trace if the disk is full.
 */
export async function writeAll({ stdout, output }: Io, bytes: Uint8Array): Promise<void> {
  // Node's stream waits for a paused terminal.
  const target = stdout.isTTY === true || output === undefined ? stdout : output;
  let rest = bytes;
  while (rest.length > 0) {
    const written = await new Promise<number>((resolve, reject) => {
      target.write(rest, (error?: Error | null, done = rest.length) => {
        if (error) reject(failure(error));
        else resolve(done);
      });
    });
    rest = rest.subarray(written);
  }
}

/** Writes pieces of text, several of them at once. */
export async function writeText(io: Io, pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
  let text = '';
  try {
    for await (const piece of pieces) {
      text += piece;
      if (text.length < PIECE) continue;
      const full = text;
      text = '';
      await writeAll(io, Buffer.from(full));
    }
  } finally {
    // What comes before an error of the source is worth reading.
    if (text !== '') await writeAll(io, Buffer.from(text));
  }
}

function failure(cause: Error): Error {
  const { code } = cause as NodeJS.ErrnoException;
  const message = `stdout cannot be written, so the output is incomplete: ${messageOf(cause)}`;
  return Object.assign(new Error(message, { cause }), { code, syscall: 'write' });
}
