import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { BoundaryLogError } from '../errors.js';
import { quoted } from '../printable.js';
import type { Io } from './io.js';

/** The file that a command reads, or stdin. */
export function inputOf(file: string | undefined, { stdin }: Io): Readable {
  return file === undefined || file === '-' ? stdin : createReadStream(file);
}

/** An error of the input as the user's mistake, if it is one. */
export function inputError(error: unknown, file: string | undefined): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const isInput = syscall === 'open' || syscall === 'read';
  if (!isInput || (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'EACCES')) return error;
  const message = `FILE: got ${quoted(file ?? '-')}, expected a file that can be read`;
  return new BoundaryLogError('ERR_INVALID_OPTION', message, { cause: error });
}
