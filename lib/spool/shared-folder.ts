import { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';
import { realDisk } from './disk.js';
import { isShortage } from './files.js';
import { LeftBehind } from './left-behind.js';
import { failed } from './opening.js';
import { ownerOf, partFolder, setOwner } from './parts.js';
import { SharedSpace } from './shared-space.js';
import { SpoolBuffer } from './spool-buffer.js';
import { resolveSpoolOptions, type SpoolBufferOptions } from './spool-options.js';

/**
 * The folder of a proxy's spool. Each reporter has a part of the folder, which is a complete spool. So no reporter waits
 * for another one, and damage concerns only one of them. `maxBytes` bounds all parts together.
 */
export class SharedFolder {
  readonly #options: { readonly folder: string; readonly sync: boolean };
  readonly #overflow: 'drop' | 'block';
  readonly #logger: Logger;
  readonly #disk: typeof realDisk;
  /** The reporter whose part is the folder itself. */
  readonly #owner: string;
  readonly #hasSeveral: boolean;
  readonly #space: SharedSpace;
  readonly #leftBehind: LeftBehind;

  /**
   * @param reporters The names of all reporters.
   * @throws ERR_INVALID_OPTION
   * @throws ERR_SPOOL_FAILED if there are several reporters, and the folder cannot be listed. Only a name in it says
   *   whose part is the folder itself.
   */
  constructor(
    options: SpoolBufferOptions,
    reporters: readonly string[],
    overflow: 'drop' | 'block',
    logger: Logger,
    disk = realDisk,
  ) {
    const { folder, maxBytes, sync } = resolveSpoolOptions(options, overflow, logger, disk);
    this.#options = { folder, sync };
    this.#overflow = overflow;
    this.#logger = logger;
    this.#disk = disk;
    this.#hasSeveral = reporters.length > 1;
    this.#owner = this.#findOwner() ?? (reporters[0] as string);
    const folders = reporters.map((reporter) => this.#folderOf(reporter));
    this.#leftBehind = new LeftBehind(disk, folder, folders);
    this.#space = new SharedSpace(maxBytes, reporters.length, () => this.#leftBehind.bytes);
  }

  /** Creates the buffer of a reporter. */
  buffer(reporter: string, logger: Logger): SpoolBuffer {
    const options = { ...this.#options, folder: this.#folderOf(reporter) };
    const onLocked = async () => {
      if (reporter === this.#owner) await this.#noteOwner();
    };
    return new SpoolBuffer(options, this.#overflow, logger, this.#disk, { space: this.#space, onLocked });
  }

  /** Warns about batches of reporters that are not configured any more. */
  reportLeftBehind(): Promise<void> {
    return this.#leftBehind.report(this.#logger);
  }

  close(): void {
    this.#leftBehind.close();
  }

  #folderOf(reporter: string): string {
    return partFolder(this.#options.folder, reporter, this.#owner);
  }

  /** A single reporter has to start during a shortage, too. `#noteOwner()` then checks the owner, after the lock. */
  #findOwner(): string | undefined {
    const { folder } = this.#options;
    try {
      return ownerOf(this.#disk, folder);
    } catch (error) {
      if (this.#hasSeveral || !isShortage(error)) throw failed(folder, error);
      return undefined;
    }
  }

  /** Checks and notes whose part is the folder itself. Until there are several reporters, it belongs to the first one. */
  async #noteOwner(): Promise<void> {
    const { folder } = this.#options;
    const noted = ownerOf(this.#disk, folder);
    if (noted !== undefined && noted !== this.#owner) {
      const message = `the spool ${folder} belongs to the reporter ${noted}: start the proxy again`;
      throw new BoundaryLogError('ERR_SPOOL_FAILED', message);
    }
    if (!this.#hasSeveral) return;
    if (noted === undefined) setOwner(this.#disk, folder, this.#owner);
    try {
      // After a power failure without this, the next start could give the batches to another reporter.
      await this.#disk.syncFolder(folder);
    } catch (error) {
      // Other errors mean that the file system cannot sync a folder, as some network file systems.
      if (isShortage(error)) throw error;
    }
  }
}
