import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { BoundaryLogError } from '../errors.js';
import { token } from '../printable.js';

/** The right to change what is in a folder. It ends with the process, however that ends. */
export interface Lock {
  /**
   * How the process ended that had it last: whether it gave it back, or whether the machine was started since then, which
   * may have undone what that process wrote. If nobody had it, that is `clean`.
   */
  readonly lastEnd: 'clean' | 'crash' | 'reboot';
  /** After a `reboot`: what that process left was looked at, so that later processes need not know of it. */
  confirm(): void;
  /** Whether the folder at this path still has this lock: it may have been deleted, or replaced by another one. */
  isHeld(): boolean;
  release(): void;
}

const LOCK = /^lock\.(\d+)(?:\.([0-9a-f]{12}))?(\.released)?$/;
/** The beginning of the name of a socket that is about to become a lock. */
const CANDIDATE = 'lock.new-';

/**
 * Locks a folder. The lock is a listening Unix socket: the system closes it with the process, whatever happens,
 * and process ids do not matter.
 *
 * A process listens under a unique name, links that to `lock.<n>.<boot>`, with `n` above all that are there, and has
 * the lock if no higher one appeared meanwhile. Nobody removes the highest name, so that numbers only grow, and two
 * processes that find the same dead lock cannot both believe that they have the next one.
 *
 * @throws ERR_SPOOL_IN_USE
 */
export async function takeLock(folder: string): Promise<Lock> {
  const candidate = `${CANDIDATE}${randomBytes(8).toString('hex')}`;
  const fd = fs.openSync(folder, 'r');
  // The path of a socket may have 107 bytes, and that of a folder many more.
  const short = fs.existsSync(`/proc/self/fd/${fd}`) ? `/proc/self/fd/${fd}` : folder;
  const path = (name: string) => `${short}/${name}`;
  let server: Server | undefined;
  try {
    for (;;) {
      const last = locksIn(short).at(-1);
      if (last !== undefined && !last.isReleased && (await isAlive(path(last.name)))) throw inUse(folder);
      server ??= await listen(path(candidate));
      const number = (last?.number ?? 0) + 1;
      const boot = bootId();
      const lastEnd = lastEndOf(last, boot);
      // Until it is confirmed, the name tells the other run of the machine.
      const name = nameOf(number, lastEnd === 'reboot' ? (last as Found).boot : boot);
      try {
        fs.chmodSync(path(candidate), 0o600);
        giveToOwnerOf(folder, (uid, gid) => fs.chownSync(path(candidate), uid, gid));
        fs.linkSync(path(candidate), path(name));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Another process was faster; or it has the lock already, and has removed this candidate.
        if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
        if (code === 'ENOENT') server = void server.close();
        continue;
      }
      // The same number a second time is that of a lock which was taken and released in between.
      if (locksIn(short).some((lock) => lock.name !== name && lock.number >= number)) {
        fs.rmSync(path(name), { force: true });
        continue;
      }
      tidy(short, number);
      return held(server, fd, folder, short, [name, nameOf(number, boot)], lastEnd);
    }
  } catch (error) {
    server?.close();
    fs.rmSync(path(candidate), { force: true });
    fs.closeSync(fd);
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
  [first, confirmed]: [string, string],
  lastEnd: Lock['lastEnd'],
): Lock {
  let isReleased = false;
  let name = first;
  const inode = fs.statSync(`${folder}/${name}`).ino;
  return {
    lastEnd,
    confirm() {
      fs.renameSync(`${folder}/${name}`, `${folder}/${confirmed}`);
      name = confirmed;
    },
    isHeld: () => fs.statSync(`${named}/${name}`, { throwIfNoEntry: false })?.ino === inode,
    release() {
      if (isReleased) return;
      isReleased = true;
      try {
        fs.renameSync(`${folder}/${name}`, `${folder}/${name}.released`);
      } catch {
        // Then the next process believes that this one was killed, and is only more careful for that.
      }
      server.close();
      fs.closeSync(fd);
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

interface Found {
  readonly name: string;
  readonly number: number;
  /** In which run of the machine it was taken; empty if the system does not tell. */
  readonly boot: string;
  readonly isReleased: boolean;
}

/** The locks of a folder, the highest last. */
function locksIn(folder: string): Found[] {
  return fs
    .readdirSync(folder)
    .flatMap((name): Found[] => {
      const [, number, boot = '', released] = LOCK.exec(name) ?? [];
      if (number === undefined) return [];
      return [{ name, number: Number(number), boot, isReleased: released !== undefined }];
    })
    .sort((a, b) => a.number - b.number);
}

function nameOf(number: number, boot: string): string {
  return boot === '' ? `lock.${number}` : `lock.${number}.${boot}`;
}

function lastEndOf(last: Found | undefined, boot: string): Lock['lastEnd'] {
  if (last === undefined) return 'clean';
  if (last.boot !== boot) return 'reboot';
  return last.isReleased ? 'clean' : 'crash';
}

/** A name for this run of the machine; empty if the system has none. */
function bootId(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll('-', '').slice(0, 12);
  } catch {
    return '';
  }
}

/**
 * Whether a process listens. One of another user does not let this one connect: whether it lives cannot be known then,
 * so it counts as alive. This user's own socket is only out of reach, and that is a shortage.
 */
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
      else if (error.code === 'EAGAIN' || (error.code === 'EACCES' && isOfAnother(path))) resolve(true);
      else reject(error);
    });
  });
}

function isOfAnother(path: string): boolean {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.uid !== process.geteuid?.();
}

/** Gives what root creates in a folder of another user to that user, who could not use it otherwise. */
export function giveToOwnerOf(folder: string, chown: (uid: number, gid: number) => void): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = fs.statSync(folder);
  if (uid !== 0) chown(uid, gid);
}

/** Removes the locks below this one, and what is left of attempts. */
function tidy(folder: string, number: number): void {
  for (const name of fs.readdirSync(folder)) {
    const [, found] = LOCK.exec(name) ?? [];
    const isOld = found === undefined ? name.startsWith(CANDIDATE) : Number(found) < number;
    if (isOld) fs.rmSync(`${folder}/${name}`, { force: true });
  }
}

function inUse(folder: string): BoundaryLogError {
  return new BoundaryLogError(
    'ERR_SPOOL_IN_USE',
    `the spool ${token(folder)} is in use: it is open in another process, or twice in this one`,
  );
}
