import { BoundaryLogError } from '../errors.js';
import type { Lock } from './lock.js';
import { type QueueOptions, SpoolQueue } from './queue.js';

/** A spool that may be open: locks its folder, opens it, and closes it, each once, whatever is called meanwhile. */
export class SpoolHandle {
  readonly #options: QueueOptions;
  #locked: Promise<Lock> | undefined;
  #opened: Promise<SpoolQueue> | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED */
  async lock(): Promise<Lock> {
    this.#locked ??= this.#lock();
    try {
      return await this.#locked;
    } catch (error) {
      this.#locked = undefined;
      throw this.failed(error);
    }
  }

  /** @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED */
  async open(): Promise<SpoolQueue> {
    this.#opened ??= this.#open();
    try {
      return await this.#opened;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  /** The queue, once it is open; undefined if it was not opened. */
  async opened(): Promise<SpoolQueue | undefined> {
    return this.#opened?.catch(() => undefined);
  }

  async close(): Promise<void> {
    const queue = await this.opened();
    if (queue !== undefined) await queue.close();
    else (await this.#locked?.catch(() => undefined))?.release();
    this.#locked = undefined;
  }

  /** An error of this package for any error. */
  failed(error: unknown): BoundaryLogError {
    if (error instanceof BoundaryLogError) return error;
    const message = `the spool ${this.#options.folder} failed: ${(error as Error).message}`;
    return new BoundaryLogError('ERR_SPOOL_FAILED', message, { cause: error });
  }

  async #lock(): Promise<Lock> {
    const { disk, folder, logger } = this.#options;
    const mode = disk.makeFolder(folder);
    if ((mode & 0o066) !== 0) {
      const fields = { folder, mode: (mode & 0o7777).toString(8) };
      logger.warn(fields, `others can read the spool's folder or write to it: chmod 700 '${folder}'`);
    }
    return disk.lock(folder);
  }

  async #open(): Promise<SpoolQueue> {
    const lock = await this.lock();
    try {
      return await SpoolQueue.open(lock, this.#options);
    } catch (error) {
      lock.release();
      this.#locked = undefined;
      throw this.failed(error);
    }
  }
}
