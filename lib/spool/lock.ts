import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { BoundaryLogError } from '../errors.js';
import { giveToOwnerOf } from './owner.js';

/** The right to change what is in a folder. It ends with the process, however that ends. */
export interface Lock {
  /** Whether the process that had it last ended without giving it back. */
  readonly wasAbandoned: boolean;
  /** Whether the folder at this path still has this lock: it may have been deleted, or replaced by another one. */
  isHeld(): boolean;
  release(): void;
}

const LOCK = /^lock\.(\d+)(\.released)?$/;
/** A socket that is about to become a lock. */
const CANDIDATE = /^lock\.new-/;

/**
 * Locks a folder. The lock is a listening Unix socket: the system closes it with the process, whatever happens,
 * and process ids do not matter.
 *
 * A process listens under a unique name, links that to `lock.<n>`, with `n` above all that are there, and has the
 * lock if no higher one appeared meanwhile. Nobody removes the highest name, so that numbers only grow, and two
 * processes that find the same dead lock cannot both believe that they have the next one.
 *
 * @throws ERR_SPOOL_IN_USE
 */
export async function takeLock(folder: string): Promise<Lock> {
  const candidate = `lock.new-${randomBytes(8).toString('hex')}`;
  const fd = openSync(folder, 'r');
  // The path of a socket may have 107 bytes, and that of a folder many more.
  const short = existsSync(`/proc/self/fd/${fd}`) ? `/proc/self/fd/${fd}` : folder;
  const path = (name: string) => `${short}/${name}`;
  let server: Server | undefined;
  try {
    for (;;) {
      server ??= await listen(path(candidate));
      const last = locksIn(short).at(-1);
      if (last !== undefined && !last.isReleased && (await isAlive(path(last.name)))) throw inUse(folder);
      const number = (last?.number ?? 0) + 1;
      try {
        chmodSync(path(candidate), 0o600);
        giveToOwnerOf(folder, (uid, gid) => chownSync(path(candidate), uid, gid));
        linkSync(path(candidate), path(`lock.${number}`));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Another process was faster; or it has the lock already, and has removed this candidate.
        if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
        if (code === 'ENOENT') server = void server.close();
        continue;
      }
      const now = locksIn(short);
      // The same number a second time is that of a lock which was taken and released in between.
      if (now.some((lock) => lock.number > number || (lock.number === number && lock.isReleased))) {
        rmSync(path(`lock.${number}`), { force: true });
        continue;
      }
      tidy(short, number);
      const wasAbandoned = last !== undefined && !last.isReleased;
      return held(server, fd, folder, short, `lock.${number}`, wasAbandoned);
    }
  } catch (error) {
    server?.close();
    rmSync(path(candidate), { force: true });
    closeSync(fd);
    // Nobody can look up the descriptor of another process.
    (error as Error).message = (error as Error).message.replaceAll(short, folder);
    throw error;
  }
}

function held(
  server: Server,
  fd: number,
  named: string,
  folder: string,
  name: string,
  wasAbandoned: boolean,
): Lock {
  let isReleased = false;
  const inode = statSync(`${folder}/${name}`).ino;
  return {
    wasAbandoned,
    isHeld: () => statSync(`${named}/${name}`, { throwIfNoEntry: false })?.ino === inode,
    release() {
      if (isReleased) return;
      isReleased = true;
      try {
        renameSync(`${folder}/${name}`, `${folder}/${name}.released`);
      } catch {
        // Then the next process believes that this one was killed, and is only more careful for that.
      }
      server.close();
      closeSync(fd);
    },
  };
}

function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, () => {
      server.off('error', reject);
      // Connections that cannot be accepted, for want of descriptors, were made all the same.
      server.on('error', () => undefined);
      resolve(server.unref());
    });
  });
}

/** The locks of a folder, the highest last. */
function locksIn(folder: string): { name: string; number: number; isReleased: boolean }[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const [, number, released] = LOCK.exec(name) ?? [];
      return number === undefined
        ? []
        : [{ name, number: Number(number), isReleased: released !== undefined }];
    })
    .sort((a, b) => a.number - b.number);
}

/** Whether a process listens. One of another user does not let this one connect. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => {
      // It is ending, or giving the lock back: the next attempt tells whether it has.
      if (error.code === 'ECONNRESET') resolve(isAlive(path));
      else if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EACCES' || error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

/** Removes the locks below this one, and what is left of attempts. */
function tidy(folder: string, number: number): void {
  const lower = locksIn(folder).filter((lock) => lock.number < number);
  const candidates = readdirSync(folder).filter((name) => CANDIDATE.test(name));
  for (const name of [...lower.map((lock) => lock.name), ...candidates]) {
    rmSync(`${folder}/${name}`, { force: true });
  }
}

function inUse(folder: string): BoundaryLogError {
  return new BoundaryLogError(
    'ERR_SPOOL_IN_USE',
    `the spool ${folder} is in use: it is open in another process, or twice in this one`,
  );
}
