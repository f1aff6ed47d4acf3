import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type OptionCheck, text } from './options.js';

/** Longest path that a Unix socket can be bound to or connected to, in bytes (sun_path, less its NUL). */
export const MAX_SOCKET_PATH_LENGTH = process.platform === 'linux' ? 107 : 103;

/** The path of a Unix socket. The system would cut a longer one without saying so. */
export const SOCKET_PATH: OptionCheck = {
  expected: `a path of 1 to ${MAX_SOCKET_PATH_LENGTH} bytes, without NUL and lone surrogates`,
  accepts: (value) => text.accepts(value) && Buffer.byteLength(value as string) <= MAX_SOCKET_PATH_LENGTH,
};

/** The environment variable from which boundary and Coder's workspace agent read the path of the socket. */
export const SOCKET_PATH_ENV = 'CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH';

/**
 * The path that boundary uses if {@link SOCKET_PATH_ENV} is not set: `boundary-audit.sock` in `$TMPDIR`, or in
 * `/tmp` if `TMPDIR` is not set or empty.
 */
export function defaultSocketPath(): string {
  return join(process.env.TMPDIR || '/tmp', 'boundary-audit.sock');
}

/** Whether two paths lead to the same socket, also through links, and if it does not exist yet. */
export function isSameSocket(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    try {
      return join(realpathSync(dirname(path)), basename(path));
    } catch {
      return resolve(path);
    }
  }
}
