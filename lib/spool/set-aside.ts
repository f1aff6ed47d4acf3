import { codeOf, createFile, ifThere, type Patience } from './files.js';

/** Share of `maxBytes` that what is set aside may use. */
const SHARE = 0.1;

/**
 * What a spool keeps in the folders `damaged/` and `quarantine/`, for people to look at. Nothing deletes it but they.
 */
export class SetAside {
  /** How many bytes may be set aside. */
  readonly maxBytes: number;
  /** How many are. */
  bytes = 0;
  readonly #patience: Patience;
  readonly #folder: string;

  constructor(patience: Patience, folder: string, maxBytes: number) {
    this.#patience = patience;
    this.#folder = folder;
    this.maxBytes = maxBytes * SHARE;
  }

  /** Looks at what is there. @throws the errors of the file system. */
  load(): void {
    const folders = ['damaged', 'quarantine'].map((kind) => `${this.#folder}/${kind}`);
    const paths = folders.flatMap((folder) => {
      const names = ifThere(() => this.#patience.disk.list(folder)) ?? [];
      return names.map((name) => `${folder}/${name}`);
    });
    this.bytes = paths.reduce((sum, path) => sum + this.#sizeOf(path), 0);
  }

  /**
   * Copies bytes into a file. One that is there already, of an attempt before a kill, is replaced.
   *
   * @returns its path, or undefined if it does not fit.
   * @throws the errors of the file system.
   */
  async keep(kind: 'damaged' | 'quarantine', name: string, bytes: Buffer): Promise<string | undefined> {
    const { disk } = this.#patience;
    const folder = `${this.#folder}/${kind}`;
    const path = `${folder}/${name}`;
    // An attempt that failed may have left something, and people may have removed something.
    this.load();
    const added = bytes.length - this.#sizeOf(path);
    if (this.bytes + added > this.maxBytes) return undefined;
    disk.makeFolder(folder);
    const file = createFile(disk, path, bytes);
    this.bytes += added;
    try {
      await file.sync();
      return path;
    } finally {
      file.close();
    }
  }

  #sizeOf(path: string): number {
    try {
      return this.#patience.disk.sizeOf(path);
    } catch (error) {
      // People may have put something else there, or have removed it just now.
      if (['ENOENT', 'ELOOP'].includes(codeOf(error))) return 0;
      throw error;
    }
  }
}
