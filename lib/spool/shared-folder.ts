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
 * The folder of a proxy's spool. Each reporter has a part of it, which is a spool of its own, so that none waits for
 * another one, and that no damage concerns them all. `maxBytes` bounds all parts together.
 */
export class SharedFolder {
  readonly #options: { readonly folder: string; readonly sync: boolean };
  readonly #overflow: 'drop' | 'block';
  readonly #logger: Logger;
  readonly #disk: typeof realDisk;
  readonly #folders: ReadonlyMap<string, string>;
  readonly #space: SharedSpace;
  readonly #leftBehind: LeftBehind;
  /** The reporter that is to be noted as the owner of the folder itself. */
  readonly #newOwner: string | undefined;

  /**
   * @param reporters The names of all reporters.
   * @throws ERR_INVALID_OPTION
   * @throws ERR_SPOOL_FAILED if there are several, and the disk does not tell whose part is in the folder itself.
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
    const noted = this.#findOwner(folder, reporters.length > 1);
    const owner = noted ?? (reporters[0] as string);
    if (noted === undefined && reporters.length > 1) this.#newOwner = owner;
    this.#folders = new Map(reporters.map((name) => [name, partFolder(folder, name, owner)]));
    this.#leftBehind = new LeftBehind(disk, folder, this.#folders.values());
    this.#space = new SharedSpace(maxBytes, reporters.length, () => this.#leftBehind.bytes);
  }

  /** The buffer of a reporter. */
  buffer(reporter: string, logger: Logger): SpoolBuffer {
    const options = { ...this.#options, folder: this.#folders.get(reporter) as string };
    return new SpoolBuffer(options, this.#overflow, logger, this.#disk, this.#space);
  }

  /** To be called when the buffers are open. Notes the owner, and warns about what is left of other reporters. */
  async opened(): Promise<void> {
    const { folder, sync } = this.#options;
    if (this.#newOwner !== undefined) {
      try {
        setOwner(this.#disk, folder, this.#newOwner);
        if (sync) await this.#disk.syncFolder(folder);
      } catch (err) {
        this.#logger.warn({ folder, err }, 'the spool cannot note which reporter is the first one');
      }
    }
    await this.#leftBehind.report(this.#logger);
  }

  /** A single reporter starts during a shortage, too: until several have used the folder, all of it is its own. */
  #findOwner(folder: string, mustKnow: boolean): string | undefined {
    try {
      return ownerOf(this.#disk, folder);
    } catch (error) {
      if (mustKnow || !isShortage(error)) throw failed(folder, error);
      return undefined;
    }
  }
}
