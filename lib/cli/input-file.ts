import { createReadStream, fstatSync, type Stats, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { BoundaryLogError } from '../errors.js';
import { messageOf, quoted, token } from '../printable.js';
import type { Io } from './io.js';
import { isLasting } from './lasting-error.js';

/** The file that a command reads, or stdin. */
export function inputOf(file: string | undefined, { stdin }: Io): Readable {
  return file === undefined || file === '-' ? stdin : createReadStream(file);
}

/** Whether the second reading of an input finds nothing: that of stdin, a pipe, or anything else but a file or a folder. */
export function isReadOnce(file: string): boolean {
  if (file === '-') return true;
  const stats = statSync(file);
  return !stats.isFile() && !stats.isDirectory();
}

/** What is the same for each name of a pipe, as `-` and `/dev/stdin` are; undefined for everything else. */
export function pipeOf(file: string, { stdin }: Io): string | undefined {
  const { fd } = stdin as Readable & { fd?: number };
  let stats: Stats | undefined;
  if (file !== '-') stats = statSync(file);
  else if (fd !== undefined) stats = fstatSync(fd);
  if (stats?.isFIFO() || stats?.isSocket()) return `${stats.dev}:${stats.ino}`;
  return file === '-' ? file : undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'its permissions do not allow it',
  ENXIO: 'it is a socket',
};

/** An error of the input as the user's mistake, if it is one. Other errors of the system name the file. */
export function inputError(error: unknown, file: string | undefined, name = 'FILE'): unknown {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const isInput = syscall === 'open' || syscall === 'read';
  if (!isInput) return error;
  if (!(isLasting(error) || code === 'ENXIO')) {
    const what = file === undefined || file === '-' ? 'stdin' : token(file);
    const message = `${what} cannot be read: ${messageOf(error)}`;
    return Object.assign(new Error(message, { cause: error }), { code, syscall });
  }
  const why = REASONS[code] ?? messageOf(error);
  const message = `${name}: got ${quoted(file ?? '-')}, expected a file that can be read: ${why}`;
  return new BoundaryLogError('ERR_INVALID_OPTION', message, { cause: error });
}
