import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { BoundaryLogError } from '../errors.js';
import { messageOf, token } from '../printable.js';

/** How long a file that could not be written is left alone, in ms. */
const RETRY_MS = 100;
/** How many names are tried, if the first ones exist. */
const MAX_NAMES = 10_000;
/** Failures that may pass, so they do not prevent a start. */
const SHORTAGES = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM']);

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/**
 * A file that only grows, and only by whole pieces: a piece is in it completely or not at all. After a failure the file
 * is left alone for a moment, so that a full disk costs its users no time.
 *
 * No existing file is ever changed. If there is one, the file gets the name `<path>.2`, or the next one that is free.
 */
export class CaptureFile {
  /** What the last attempt failed with, if it failed. */
  failure: unknown;
  readonly #wanted: string;
  readonly #header: Buffer;
  readonly #maxBytes: number;
  readonly #retryMs: number;
  #path: string;
  #fd: number | undefined;
  #size = 0;
  /** Bytes of a piece that was not written completely may be behind the end. */
  #isTorn = false;
  #retryAt = Number.NEGATIVE_INFINITY;

  /** @param header The first bytes of the file. */
  constructor(path: string, maxBytes: number, header: Buffer, retryMs = RETRY_MS) {
    this.#wanted = path;
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#header = header;
    this.#retryMs = retryMs;
  }

  /** The name that it has. */
  get path(): string {
    return this.#path;
  }

  /** Its length in bytes. */
  get size(): number {
    return this.#size;
  }

  /**
   * Creates the file. If only a resource is short, it is created later.
   *
   * @throws ERR_RECORD_FAILED
   */
  open(): void {
    if (this.write([])) return;
    const { failure } = this;
    if (SHORTAGES.has((failure as NodeJS.ErrnoException)?.code ?? '')) return;
    const message = `cannot record to ${token(this.#wanted)}: ${messageOf(failure)}. Choose another file`;
    throw new BoundaryLogError('ERR_RECORD_FAILED', message, { cause: failure });
  }

  /** Whether there is room for so many bytes. */
  hasRoom(length: number): boolean {
    return Math.max(this.#size, this.#header.length) + length <= this.#maxBytes;
  }

  /** Appends a piece, given in parts. @returns whether it is in the file. */
  write(parts: readonly Buffer[]): boolean {
    const now = performance.now();
    if (now < this.#retryAt) return false;
    try {
      this.#fd ??= this.#create();
      if (this.#isTorn) ftruncateSync(this.#fd, this.#size);
      this.#isTorn = false;
      this.#size += writeAll(this.#fd, this.#size === 0 ? [this.#header, ...parts] : parts, this.#size);
      this.failure = undefined;
      return true;
    } catch (error) {
      this.failure = error;
      this.#retryAt = now + this.#retryMs;
      this.#isTorn = true;
      this.#repair();
      return false;
    }
  }

  /** The next write is attempted at once. */
  hurry(): void {
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }

  /** @returns what went wrong: it could not be closed, or it was deleted. */
  close(): unknown {
    if (this.#fd === undefined) return this.failure;
    try {
      const { nlink } = fstatSync(this.#fd);
      closeSync(this.#fd);
      return nlink > 0 ? undefined : new Error('the file was deleted while it was written');
    } catch (error) {
      return error;
    } finally {
      this.#fd = undefined;
    }
  }

  /** Closes and deletes the file. Nobody needs it, because nothing was written. */
  discard(): void {
    if (this.#fd === undefined) return;
    this.close();
    this.#size = 0;
    try {
      unlinkSync(this.#path);
    } catch {
      // Then an empty capture is left.
    }
  }

  /** Frees the space of what was not written completely. */
  #repair(): void {
    if (this.#fd === undefined) return;
    try {
      ftruncateSync(this.#fd, this.#size);
      this.#isTorn = false;
    } catch {
      // The next write tries again.
    }
  }

  #create(): number {
    for (let n = 1; ; n++) {
      const path = n === 1 ? this.#wanted : `${this.#wanted}.${n}`;
      try {
        const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
        this.#path = path;
        this.#size = 0;
        return fd;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || n === MAX_NAMES) throw error;
        if (n === 1 && !lstatSync(path).isFile())
          throw new Error('it is not a regular file', { cause: error });
      }
    }
  }
}

/** Writes at a position. @returns how many bytes these are. @throws if they were not written completely. */
function writeAll(fd: number, parts: readonly Buffer[], position: number): number {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length === 0) return 0;
  let written = writevSync(fd, parts, position);
  if (written === length) return length;
  const all = Buffer.concat(parts);
  while (written < length) {
    const more = writeSync(fd, all, written, length - written, position + written);
    if (more === 0) throw new Error('the system wrote nothing');
    written += more;
  }
  return length;
}
