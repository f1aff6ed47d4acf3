import type { Disk } from './disk.js';

/** Share of `maxBytes` that what is set aside may use. */
const SHARE = 0.1;

/**
 * The folders `damaged/` and `quarantine/` inside a spool: what the proxy does not deliver, kept for people to look
 * at. Nothing deletes it but they.
 */
export class Aside {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly maxBytes: number;
  /** Bytes in both folders. */
  bytes = 0;

  constructor(disk: Disk, folder: string, maxBytes: number) {
    this.#disk = disk;
    this.#folder = folder;
    this.maxBytes = maxBytes * SHARE;
    for (const kind of ['damaged', 'quarantine']) {
      for (const name of filesIn(disk, `${folder}/${kind}`))
        this.bytes += this.#sizeOf(`${folder}/${kind}/${name}`);
    }
  }

  /**
   * Copies bytes into a file. One that is there already, of an attempt before a kill, is replaced.
   *
   * @returns its path, or undefined if it does not fit.
   * @throws the errors of the file system.
   */
  async keep(kind: 'damaged' | 'quarantine', name: string, bytes: Buffer): Promise<string | undefined> {
    const path = `${this.#folder}/${kind}/${name}`;
    if (this.bytes + bytes.length > this.maxBytes) return undefined;
    this.#disk.makeFolder(`${this.#folder}/${kind}`);
    const isThere = filesIn(this.#disk, `${this.#folder}/${kind}`).includes(name);
    const replaced = isThere ? this.#sizeOf(path) : 0;
    const file = this.#disk.open(path, 'create');
    this.bytes -= replaced;
    try {
      for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at), at);
      await file.sync();
      this.bytes += bytes.length;
      return path;
    } catch (error) {
      this.#disk.remove(path);
      throw error;
    } finally {
      file.close();
    }
  }

  #sizeOf(path: string): number {
    try {
      return this.#disk.sizeOf(path);
    } catch (error) {
      // People may have put something else there, or have removed it just now.
      if (['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
      throw error;
    }
  }
}

function filesIn(disk: Disk, folder: string): string[] {
  try {
    return disk.list(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
