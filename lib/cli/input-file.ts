import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { BoundaryLogError } from '../errors.js';
import { messageOf, quoted } from '../printable.js';
import type { Io } from './io.js';
import { isLasting } from './lasting-error.js';

/** The file that a command reads, or stdin. */
export function inputOf(file: string | undefined, { stdin }: Io): Readable {
  return file === undefined || file === '-' ? stdin : createReadStream(file);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'its permissions do not allow it',
  ENXIO: 'it is a socket',
};

/** An error of the input as the user's mistake, if it is one. */
export function inputError(error: unknown, file: string | undefined, name = 'FILE'): unknown {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const isInput = syscall === 'open' || syscall === 'read';
  if (!isInput || !(isLasting(error) || code === 'ENXIO')) return error;
  const why = REASONS[code] ?? messageOf(error);
  const message = `${name}: got ${quoted(file ?? '-')}, expected a file that can be read: ${why}`;
  return new BoundaryLogError('ERR_INVALID_OPTION', message, { cause: error });
}
