import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { token } from '../printable.js';
import { realSleep } from '../real-time.js';
import { giveToOwnerOf, type Lock, takeLock } from './lock.js';

/**
 * Everything that the spool needs of the world: files, one lock, and the time. Tests implement it in memory.
 *
 * What moves data is asynchronous, because a disk may be slow. What is small and rare is synchronous, because
 * nothing else can happen meanwhile: a file descriptor that was just closed is still free.
 */
export interface Disk {
  /** Creates the folder with mode 0700 if it is missing. @returns its mode. */
  makeFolder(folder: string): number;
  /** @throws ERR_SPOOL_IN_USE */
  lock(folder: string): Promise<Lock>;
  /** The names in a folder. A symbolic link among them is an error. */
  list(folder: string): string[];
  /** The length of a regular file; a symbolic link is not one. */
  sizeOf(path: string): number;
  /** Opens a regular file. `create`: an empty one with mode 0600, in place of any other. */
  open(path: string, how: 'read' | 'update' | 'create'): DiskFile;
  remove(path: string): void;
  /** Waits until the names in a folder are on the disk. */
  syncFolder(folder: string): Promise<void>;
  /** ms since 1970. */
  now(): number;
  /** Returns early if the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** An open file. Reads and writes may be short. */
export interface DiskFile {
  read(into: Buffer, position: number): Promise<number>;
  readSync(into: Buffer, position: number): number;
  write(bytes: Buffer, position: number): Promise<number>;
  writeSync(bytes: Buffer, position: number): number;
  truncate(length: number): void;
  /** Waits until what was written is on the disk. */
  sync(): Promise<void>;
  /** Whether the file still has a name. */
  isLinked(): boolean;
  /** Takes effect when the reads and writes under way are done. */
  close(): void;
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** The disk of this computer. */
export const realDisk: Disk = {
  makeFolder(folder) {
    const created = fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (created !== undefined) giveAllToOwner(resolve(created), resolve(folder));
    const found = fs.statSync(folder);
    if (!found.isDirectory())
      throw Object.assign(new Error(`${token(folder)} is not a folder`), { code: 'ENOTDIR' });
    return found.mode;
  },
  lock: takeLock,
  list: (folder) =>
    fs.readdirSync(folder, { withFileTypes: true }).map((entry) => {
      if (entry.isSymbolicLink()) throw irregular(`${folder}/${entry.name}`);
      return entry.name;
    }),
  sizeOf(path) {
    const found = fs.lstatSync(path);
    if (!found.isFile()) throw irregular(path);
    return found.size;
  },
  open(path, how) {
    const flags = how === 'read' ? O_RDONLY : how === 'update' ? O_RDWR : O_RDWR | O_CREAT | O_EXCL;
    let fd: number;
    try {
      // A pipe in place of the file would block without O_NONBLOCK.
      fd = fs.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ELOOP') throw irregular(path);
      if (how !== 'create' || code !== 'EEXIST') throw error;
      fs.unlinkSync(path);
      return this.open(path, how);
    }
    try {
      if (!fs.fstatSync(fd).isFile()) throw irregular(path);
      if (how === 'create') giveToOwnerOf(dirname(path), (uid, gid) => fs.fchownSync(fd, uid, gid));
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    return realFile(fd);
  },
  remove: (path) => fs.unlinkSync(path),
  async syncFolder(folder) {
    const handle = await open(folder);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  now: () => Date.now(),
  wait: (ms, signal) => realSleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
};

/** Gives folders to the user who owns the one above them: from the outermost one to the innermost one. */
function giveAllToOwner(outermost: string, innermost: string): void {
  giveToOwnerOf(dirname(outermost), (uid, gid) => {
    for (let path = innermost; path.length >= outermost.length; path = dirname(path))
      fs.chownSync(path, uid, gid);
  });
}

function realFile(fd: number): DiskFile {
  let busy = 0;
  let isClosed = false;
  /** The number of the descriptor must not go to another file while an operation on this one is under way. */
  const run = (operation: (done: (error: Error | null, n: number) => void) => void): Promise<number> => {
    if (isClosed) return Promise.reject(new Error('the file was closed'));
    busy += 1;
    return new Promise((resolve, reject) => {
      operation((error, n) => {
        busy -= 1;
        if (isClosed && busy === 0) fs.close(fd);
        if (error) reject(error);
        else resolve(n);
      });
    });
  };
  return {
    read: (into, position) => run((done) => fs.read(fd, into, 0, into.length, position, done)),
    readSync: (into, position) => fs.readSync(fd, into, 0, into.length, position),
    write: (bytes, position) => run((done) => fs.write(fd, bytes, 0, bytes.length, position, done)),
    writeSync: (bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position),
    truncate: (length) => fs.ftruncateSync(fd, length),
    async sync() {
      await run((done) => fs.fdatasync(fd, (error) => done(error, 0)));
    },
    isLinked: () => fs.fstatSync(fd).nlink > 0,
    close() {
      isClosed = true;
      if (busy === 0) fs.closeSync(fd);
    },
  };
}

function irregular(path: string): Error {
  const message = `${token(path)} is not a regular file, and a spool follows no links: remove it`;
  return Object.assign(new Error(message), { code: 'ELOOP' });
}
