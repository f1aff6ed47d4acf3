import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';

/** The environment of a process, as far as it decides where the file is. */
type Env = Readonly<Record<string, string | undefined>>;

const NAME = 'console-token';
/** 256 random bits in base64url. */
const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}\n?$/;
const MAX_LENGTH = 64;

/**
 * Where the token is kept: in the state folder of the service if systemd made one, otherwise in
 * `$XDG_STATE_HOME/boundary-log-proxy`, whose default is `~/.local/state/boundary-log-proxy`.
 *
 * @returns undefined if the environment names no such folder.
 */
export function tokenPath({ STATE_DIRECTORY, XDG_STATE_HOME, HOME }: Env): string | undefined {
  // systemd separates several folders by colons.
  const [ofService = ''] = (STATE_DIRECTORY ?? '').split(':');
  if (isAbsolute(ofService)) return join(ofService, NAME);
  // The specification says that a relative path is ignored.
  const state = [XDG_STATE_HOME, HOME && join(HOME, '.local/state')].find((path) => path && isAbsolute(path));
  return state ? join(state, 'boundary-log-proxy', NAME) : undefined;
}

/**
 * The token that whoever opens the console must have: that of the file, or a new one, which the file then contains. So the
 * link stays the same when the proxy restarts.
 *
 * A token that somebody else may know is replaced. If the file cannot be used, the token is only that of this run.
 */
export function consoleToken(path: string | undefined, logger: Logger): string {
  const made = randomBytes(TOKEN_BYTES).toString('base64url');
  if (path === undefined) {
    logger.warn({}, `the link to the console changes with each start: set HOME or XDG_STATE_HOME to keep it`);
    return made;
  }
  try {
    return keptToken(path, made, logger);
  } catch (err) {
    logger.warn(
      { err, file: path },
      'the token of the console cannot be kept: its link changes with each start',
    );
    return made;
  }
}

function keptToken(path: string, made: string, logger: Logger): string {
  checkFolder(dirname(path));
  const found = read(path);
  if ('token' in found) return found.token;
  if (found.why === undefined) return create(path, made);
  logger.warn(
    { file: path, why: found.why },
    'the token of the console is replaced: earlier links no longer work',
  );
  const fresh = writeBeside(path, made);
  renameSync(fresh, path);
  return made;
}

/** Creates the folder, and refuses one in which others could replace the file. */
function checkFolder(folder: string): void {
  makeFolder(folder);
  const stats = lstatSync(folder);
  if (!stats.isDirectory() || !isOurs(stats) || (stats.mode & 0o022) !== 0)
    refuse('its folder must belong to the user of the proxy, and nobody else may write to it: chmod go-w');
}

/** Not with `recursive`: for some paths, such as those in /proc, Node would never return. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    makeFolder(dirname(folder));
    mkdirSync(folder, { mode: 0o700 });
  }
}

/** Reads the token. @returns why the file must be replaced; with `why: undefined` there is none. */
function read(path: string): { token: string } | { why: string | undefined } {
  let fd: number;
  try {
    // A link could lead to a file of somebody else, and a pipe would never end.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { why: undefined };
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || !isOurs(stats)) refuse('it is not a file of the user of the proxy: remove it');
    if ((stats.mode & 0o077) !== 0) return { why: 'other users could read or write it' };
    const bytes = Buffer.alloc(MAX_LENGTH);
    const text = bytes.toString('latin1', 0, readSync(fd, bytes));
    return TOKEN.test(text) ? { token: text.trimEnd() } : { why: 'it does not contain a token' };
  } finally {
    closeSync(fd);
  }
}

/** Creates the file, unless another process does at the same time: then both use its token. */
function create(path: string, made: string): string {
  const fresh = writeBeside(path, made);
  try {
    linkSync(fresh, path);
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const found = read(path);
    if ('token' in found) return found.token;
    throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Writes a complete file of which nobody else knows the content. */
function writeBeside(path: string, token: string): string {
  const fresh = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  writeFileSync(fresh, `${token}\n`, { flag: 'wx', mode: 0o600, flush: true });
  return fresh;
}

function isOurs({ uid }: Stats): boolean {
  // On Windows, Node does not know who owns a file.
  return process.geteuid === undefined || uid === process.geteuid();
}

function refuse(message: string): never {
  throw new BoundaryLogError('ERR_INVALID_OPTION', message);
}
