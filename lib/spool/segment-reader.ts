import type { Disk, DiskFile } from './disk.js';
import type { Segment } from './segment.js';

/** How long to wait before the disk is asked again. */
export const RETRY_MS = 1000;
const MAX_READ_ERRORS = 60;
/** What a disk reads at once: around a bad block, the rest is read in such pieces. */
const BLOCK = 4096;

/** Reads segments, as often as the disk needs. One read at a time. */
export class SegmentReader {
  readonly #disk: Disk;
  readonly #signal: AbortSignal;
  readonly #onFailure: (error: unknown) => void;
  readonly #maxReadErrors: number;
  /** The file that was read last: mostly, it is also the next one. */
  #open: { segment: Segment; file: DiskFile } | undefined;

  /**
   * @param signal Ends the attempts.
   * @param maxReadErrors A read error (EIO) is believed after so many attempts. By default, they take a minute.
   */
  constructor(
    disk: Disk,
    signal: AbortSignal,
    onFailure: (error: unknown) => void,
    maxReadErrors = MAX_READ_ERRORS,
  ) {
    this.#disk = disk;
    this.#signal = signal;
    this.#onFailure = onFailure;
    this.#maxReadErrors = maxReadErrors;
  }

  /**
   * The bytes of a segment, fewer if the file is shorter or gone. Bytes that the disk does not give back are 0, and
   * the segment is pinned.
   *
   * @throws the last error when the signal aborts.
   */
  async read(segment: Segment, from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(to - from);
    for (let readErrors = 0; ; ) {
      try {
        return bytes.subarray(0, await fill(this.#fileOf(segment), bytes, from));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') return bytes.subarray(0, 0);
        this.#onFailure(error);
        if (code === 'EIO') readErrors += 1;
        // What is left of a segment is read in other pieces, which must not take a minute each.
        const isBelieved = code === 'EIO' && segment.isPinned;
        if (isBelieved || readErrors >= this.#maxReadErrors) return this.#readAround(segment, bytes, from);
        await this.#disk.wait(RETRY_MS, this.#signal);
        if (this.#signal.aborted) throw error;
      }
    }
  }

  /** Closes the segment's file, if it is open. */
  leave(segment: Segment | undefined = this.#open?.segment): void {
    if (this.#open?.segment !== segment) return;
    this.#open?.file.close();
    this.#open = undefined;
  }

  #fileOf(segment: Segment): DiskFile {
    if (this.#open?.segment !== segment) {
      // The descriptor that is closed here is free for the next file, even if there is no other.
      this.leave();
      this.#open = { segment, file: this.#disk.open(segment.logPath, 'read') };
    }
    return this.#open.file;
  }

  async #readAround(segment: Segment, bytes: Buffer, from: number): Promise<Buffer> {
    for (let at = 0, length = 0; at < bytes.length; at += length) {
      // Up to the end of a block of the disk: a piece that begins in one and ends in the next can lose two.
      length = BLOCK - ((from + at) % BLOCK);
      const block = bytes.subarray(at, at + length);
      try {
        const n = await fill(this.#fileOf(segment), block, from + at);
        if (n < block.length) return bytes.subarray(0, at + n);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
        block.fill(0);
        segment.isPinned = true;
      }
    }
    return bytes;
  }
}

/** @returns how many bytes there are. */
async function fill(file: DiskFile, bytes: Buffer, from: number): Promise<number> {
  let at = 0;
  for (let n = -1; at < bytes.length && n !== 0; at += n) n = await file.read(bytes.subarray(at), from + at);
  return at;
}
