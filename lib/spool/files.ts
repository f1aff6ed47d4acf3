import type { Disk, DiskFile } from './disk.js';

/** How long to wait before the disk is asked again. */
const RETRY_MS = 1000;
/** A read error (EIO) is believed after so many attempts: they take a minute. */
export const READ_ATTEMPTS = 60;

/**
 * Errors that may end without anybody changing the spool. They are not damage: nothing is moved or deleted because of
 * them.
 */
const SHORTAGE =
  /^(EMFILE|ENFILE|ENOMEM|ENOBUFS|ENOSPC|EDQUOT|EIO|EAGAIN|EBUSY|ESTALE|ETIMEDOUT|EACCES|EPERM|EROFS)$/;

export function isShortage(error: unknown): boolean {
  return SHORTAGE.test(codeOf(error));
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** How a spool waits for the disk. */
export interface Patience {
  readonly disk: Disk;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
  /** Something failed, and is tried again. */
  onFailure(error: unknown): void;
  /** After so many attempts, a read error is believed. Default: never. */
  readonly readAttempts?: number;
}

/**
 * Tries until it works.
 *
 * @param giveUp What to do instead if a read error is believed.
 * @throws any error that is not a shortage, and the last one when the signal aborts.
 */
export async function insist<T>(
  operation: () => T | Promise<T>,
  patience: Patience,
  giveUp?: (error: unknown) => T | Promise<T>,
): Promise<T> {
  const { disk, signal, onFailure, readAttempts = Number.POSITIVE_INFINITY } = patience;
  for (let readErrors = 0; ; ) {
    try {
      return await operation();
    } catch (error) {
      if (!isShortage(error)) throw error;
      onFailure(error);
      if (codeOf(error) === 'EIO') readErrors += 1;
      if (readErrors >= readAttempts && giveUp !== undefined) return giveUp(error);
      if (!(await pause(disk, signal))) throw error;
    }
  }
}

/** What `read` returns. After a failure, nothing, as soon as it is worth trying again. */
export async function orNothing<T>(
  read: () => Promise<T[]>,
  { disk, signal, onFailure }: Patience,
): Promise<T[]> {
  try {
    return await read();
  } catch (error) {
    if (!signal.aborted) onFailure(error);
    await pause(disk, signal);
    return [];
  }
}

/** Waits until it is worth trying again. @returns whether the signal is still open. */
export async function pause(disk: Disk, signal: AbortSignal): Promise<boolean> {
  if (!signal.aborted) await disk.wait(RETRY_MS, signal);
  return !signal.aborted;
}

/** The result of an operation on a file or folder; undefined if that does not exist. */
export function ifThere<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

/** The first bytes of a file. */
export function readFile(disk: Disk, path: string, length = Number.POSITIVE_INFINITY): Buffer {
  const bytes = Buffer.alloc(Math.min(disk.sizeOf(path), length));
  const file = disk.open(path, 'read');
  try {
    let at = 0;
    for (let n = -1; at < bytes.length && n !== 0; at += n) n = file.readSync(bytes.subarray(at), at);
    return bytes.subarray(0, at);
  } finally {
    file.close();
  }
}

export async function writeAll(file: DiskFile, bytes: Buffer, from: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at), from + at);
}
