import {
  chownSync,
  close,
  closeSync,
  constants,
  fchownSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
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

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

/** The disk of this computer. */
export const realDisk: Disk = {
  makeFolder(folder) {
    const created = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (created !== undefined) giveToOwnerOf(dirname(folder), (uid, gid) => chownSync(folder, uid, gid));
    const found = statSync(folder);
    if (!found.isDirectory())
      throw Object.assign(new Error(`${token(folder)} is not a folder`), { code: 'ENOTDIR' });
    return found.mode;
  },
  lock: takeLock,
  list: (folder) =>
    readdirSync(folder, { withFileTypes: true }).map((entry) => {
      if (entry.isSymbolicLink()) throw irregular(`${folder}/${entry.name}`);
      return entry.name;
    }),
  sizeOf(path) {
    const found = lstatSync(path);
    if (!found.isFile()) throw irregular(path);
    return found.size;
  },
  open(path, how) {
    const flags = how === 'read' ? O_RDONLY : how === 'update' ? O_RDWR : O_RDWR | O_CREAT | O_EXCL;
    let fd: number;
    try {
      // A pipe in place of the file would block without O_NONBLOCK.
      fd = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ELOOP') throw irregular(path);
      if (how !== 'create' || code !== 'EEXIST') throw error;
      unlinkSync(path);
      return this.open(path, how);
    }
    try {
      if (!fstatSync(fd).isFile()) throw irregular(path);
      if (how === 'create') giveToOwnerOf(dirname(path), (uid, gid) => fchownSync(fd, uid, gid));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return new RealFile(fd);
  },
  remove: (path) => unlinkSync(path),
  async syncFolder(folder) {
    const fd = openSync(folder, O_RDONLY);
    try {
      await new Promise<void>((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())));
    } finally {
      closeSync(fd);
    }
  },
  now: () => Date.now(),
  wait: (ms, signal) => realSleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
};

class RealFile implements DiskFile {
  readonly #fd: number;
  #busy = 0;
  #isClosed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(into: Buffer, position: number): Promise<number> {
    return this.#run((done) => read(this.#fd, into, 0, into.length, position, done));
  }

  readSync(into: Buffer, position: number): number {
    return readSync(this.#fd, into, 0, into.length, position);
  }

  write(bytes: Buffer, position: number): Promise<number> {
    return this.#run((done) => write(this.#fd, bytes, 0, bytes.length, position, done));
  }

  writeSync(bytes: Buffer, position: number): number {
    return writeSync(this.#fd, bytes, 0, bytes.length, position);
  }

  truncate(length: number): void {
    ftruncateSync(this.#fd, length);
  }

  async sync(): Promise<void> {
    await this.#run((done) => fdatasync(this.#fd, (error) => done(error, 0)));
  }

  isLinked(): boolean {
    return fstatSync(this.#fd).nlink > 0;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#busy === 0) closeSync(this.#fd);
  }

  /** The number of the descriptor must not go to another file while an operation on this one is under way. */
  #run(operation: (done: (error: Error | null, n: number) => void) => void): Promise<number> {
    if (this.#isClosed) return Promise.reject(new Error('the file was closed'));
    this.#busy += 1;
    return new Promise((resolve, reject) => {
      operation((error, n) => {
        this.#busy -= 1;
        if (this.#isClosed && this.#busy === 0) close(this.#fd);
        if (error) reject(error);
        else resolve(n);
      });
    });
  }
}

function irregular(path: string): Error {
  const message = `${token(path)} is not a regular file, and a spool follows no links: remove it`;
  return Object.assign(new Error(message), { code: 'ELOOP' });
}
