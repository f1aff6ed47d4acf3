import type { Stats } from 'node:fs';
import { chmod, link, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { BoundaryLogError } from '../errors.js';
import { messageOf, token } from '../printable.js';

/** Longest path that a Unix socket can be bound to or connected to, in bytes (sun_path, less its NUL). */
export const MAX_SOCKET_PATH_LENGTH = process.platform === 'linux' ? 107 : 103;

const MAX_ATTEMPTS = 10;

/**
 * A listening Unix socket. Its file appears at the path atomically, with its final permissions, and replaces the file of
 * a server that has died. A sender that looks for the file finds either none or one on which a server answers.
 */
export class UnixListener {
  readonly path: string;
  readonly #server: Server;
  readonly #file: Stats;
  #accepted = 0;

  private constructor(path: string, server: Server, file: Stats) {
    this.path = path;
    this.#server = server;
    this.#file = file;
    server.on('connection', () => {
      this.#accepted += 1;
    });
  }

  /**
   * @param mode The permissions of the socket file.
   * @param onError Called when a connection could not be accepted. The server continues to listen.
   * @throws ERR_SOCKET_IN_USE, ERR_NOT_A_SOCKET, ERR_LISTEN_FAILED
   */
  static async open(
    path: string,
    mode: number,
    onConnection: (socket: Socket) => void,
    onError: (error: Error) => void,
  ): Promise<UnixListener> {
    const server = createServer(onConnection);
    try {
      const file = await place(server, path, mode);
      server.on('error', onError);
      return new UnixListener(path, server, file);
    } catch (cause) {
      server.close();
      if (cause instanceof BoundaryLogError) throw cause;
      const message = `cannot listen on ${token(path)}: ${reason(cause as NodeJS.ErrnoException, path)}`;
      throw new BoundaryLogError('ERR_LISTEN_FAILED', message, { cause });
    }
  }

  /** Removes the file, unless it now belongs to another server, and then stops listening. */
  async close(): Promise<void> {
    const now = await lstat(this.path).catch(() => undefined);
    if (now !== undefined && isSame(now, this.#file)) await unlink(this.path).catch(() => undefined);
    // Accept everybody who connected before the file was removed. Each turn of the event loop accepts some of them.
    let before: number;
    do {
      before = this.#accepted;
      await turn();
      await turn();
    } while (this.#accepted > before);
    this.#server.close();
  }
}

/**
 * Binds in a folder that nobody else may enter, and moves the file to its path when its permissions are set. If it were
 * bound at its path, anybody could connect until then.
 */
async function place(server: Server, path: string, mode: number): Promise<Stats> {
  const folder = await mkdtemp(`${dirname(path)}/.`);
  try {
    const bound = join(folder, 's');
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(bound, () => {
        server.off('error', reject);
        resolve();
      });
    });
    await chmod(bound, mode);
    const file = await lstat(bound);
    for (let attempt = 1; ; attempt++) {
      const stale = await lookAt(path);
      try {
        // link() fails if there is a file at the path by now. rename() replaces a stale file in one step.
        if (stale === undefined) await link(bound, path);
        else if (isSame(await lstat(path), stale)) await rename(bound, path);
        else continue;
        return file;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Meanwhile another server has created or removed the file, so look again.
        if ((code !== 'EEXIST' && code !== 'ENOENT') || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Returns the stale socket file at the path, or undefined if the path is free.
 *
 * @throws ERR_SOCKET_IN_USE, ERR_NOT_A_SOCKET
 */
async function lookAt(path: string): Promise<Stats | undefined> {
  const file = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  if (!file.isSocket()) {
    const message = `${token(path)} is not a socket, so it is left alone: remove it, or choose another path`;
    throw new BoundaryLogError('ERR_NOT_A_SOCKET', message);
  }
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  switch (code) {
    case 'ECONNREFUSED':
      return file;
    case 'ENOENT':
      return undefined;
    case undefined:
    case 'EAGAIN':
      throw new BoundaryLogError(
        'ERR_SOCKET_IN_USE',
        `another server answers on ${token(path)}: stop it, or choose another path`,
      );
    default:
      throw new Error(`cannot connect to the existing socket (${code})`);
  }
}

function reason(error: NodeJS.ErrnoException, path: string): string {
  const { code } = error;
  if (code === 'ENOENT')
    return `the folder ${token(dirname(path))} does not exist: create it, or choose another path`;
  if (code === 'EACCES')
    return `no permission to create files in ${token(dirname(path))}: choose another path`;
  return messageOf(error);
}

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}
