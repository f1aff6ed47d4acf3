import { randomBytes } from 'node:crypto';
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { token } from '../../printable.js';

/** Who may connect through a socket file. */
export interface Access {
  /** Permission bits. */
  readonly mode: number;
  /** Number of the group that the file is given to. Default: that of the process, or of the folder. */
  readonly gid?: number | undefined;
}

export interface SocketFile {
  /** When it was made, in ms since 1970. */
  readonly bornAt: number;
  /** Differs from that of each other file. An inode number alone is reused at once, so the time of birth counts, too. */
  readonly id: string;
  readonly isSocket: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What is at a path, or undefined if there is nothing. A link is not followed. */
export function fileAt(path: string): SocketFile | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && described(stats);
}

/** The same, without waiting for the disk in this turn. */
export async function findFile(path: string): Promise<SocketFile | undefined> {
  try {
    return described(await lstat(path, { bigint: true }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function described(stats: BigIntStats): SocketFile {
  return {
    bornAt: Number(stats.birthtimeMs),
    id: `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`,
    isSocket: stats.isSocket(),
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

/**
 * Makes a server listen at a path, in this turn of the event loop. No other user can connect before the file has its
 * final access.
 *
 * A socket is bound under its final name, because `systemd-tmpfiles` deletes old files from `/tmp`, and recognizes a
 * socket that is in use only by the name that it was bound to.
 *
 * @param displaced The id of a file that may be replaced. If the server cannot listen, that file stays.
 * @throws EADDRINUSE if another file is at the path.
 */
export async function listenAt(
  server: Server,
  path: string,
  access: Access,
  displaced?: string,
): Promise<SocketFile> {
  const { listening, file } = (isMainThread ? bindInPlace : bindElsewhere)(server, path, access, displaced);
  await listening;
  if (file === undefined) throw new Error(`${token(path)} was deleted while it was made`);
  return file;
}

interface Bound {
  /** Rejects if the server does not listen. */
  readonly listening: Promise<void>;
  /** Present if it listens. */
  readonly file: SocketFile | undefined;
}

/** The mode is right from the first moment: the umask leaves the owner's permissions, and chmod adds the others'. */
function bindInPlace(server: Server, path: string, access: Access, displaced: string | undefined): Bound {
  // Never in place of the old file: a failure has to leave that where it is.
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  let isAside = false;
  const umask = process.umask(0o777 & ~(access.mode & 0o600));
  try {
    if (displaced !== undefined && fileAt(path)?.id === displaced) {
      renameSync(path, aside);
      isAside = true;
    }
    const listening = listen(server, path);
    const file = server.listening ? givenTo(path, access) : undefined;
    if (isAside && file !== undefined) {
      rmSync(aside, { force: true });
      isAside = false;
    }
    return { listening, file };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    process.umask(umask);
    if (isAside) renameSync(aside, path);
  }
}

/**
 * In a worker thread, which cannot change the umask: binds in a folder that nobody else may enter, and moves the file.
 * `systemd-tmpfiles` may delete such a file, and then the listener makes it again.
 */
function bindElsewhere(server: Server, path: string, access: Access, displaced: string | undefined): Bound {
  const parent = openSync(dirname(path), 'r');
  let folder: string | undefined;
  try {
    folder = mkdtempSync(`${dirname(path)}/.`);
    // The path of the folder may be too long for a socket.
    const short = process.platform === 'linux' ? `/proc/self/fd/${parent}/${basename(folder)}` : folder;
    const listening = listen(server, `${short}/s`);
    if (!server.listening) return { listening, file: undefined };
    const file = givenTo(`${folder}/s`, access);
    if (displaced !== undefined && fileAt(path)?.id === displaced) renameSync(`${folder}/s`, path);
    else linkSync(`${folder}/s`, path);
    return { listening, file };
  } catch (error) {
    server.close();
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      Object.assign(error as Error, { code: 'EADDRINUSE' });
    throw error;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    closeSync(parent);
  }
}

/** Binds and listens before it returns. In a worker of a cluster, the option keeps the primary out of it. */
function listen(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // The caller may throw before it waits for this.
  listening.catch(() => undefined);
  return listening;
}

/** The group comes first: until then, wider permissions would be those of another group. */
function givenTo(path: string, { mode, gid }: Access): SocketFile | undefined {
  if (gid !== undefined) lchownSync(path, -1, gid);
  chmodSync(path, mode);
  return fileAt(path);
}

/** Removes the file at a path if it has this id. */
export function removeFile(path: string, id: string): void {
  try {
    if (fileAt(path)?.id === id) rmSync(path, { force: true });
  } catch {
    // The folder is gone, or cannot be written to any more. Then nobody can connect, either.
  }
}

/**
 * Closes a server. Node then removes the file at the path that the server was bound to, whoever owns it, so a file that
 * is there is moved out of the way in the same turn.
 */
export function closeServer(server: Server, path: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  let isAside = false;
  try {
    renameSync(path, aside);
    isAside = true;
  } catch {
    // There is none, or this process may not move it, and then may not remove it, either.
  }
  try {
    server.close();
  } finally {
    if (isAside) renameSync(aside, path);
  }
}

/** Whether there is a socket at a path. If that cannot be found out, there is no reason to deny it. */
export function hasSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
