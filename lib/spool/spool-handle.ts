import { BoundaryLogError } from '../errors.js';
import type { Lock } from './lock.js';
import { type QueueOptions, SpoolQueue } from './queue.js';
import { RETRY_MS } from './segment-reader.js';

/** Errors that end without anybody changing the spool. */
const TEMPORARY = ['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'EIO'];
/** The same, once the folder is locked: it was usable then. */
const SHORTAGES = [...TEMPORARY, 'EACCES', 'EROFS'];

const IN_USE = ['ERR_SPOOL_IN_USE'];
/** How often a folder that another process is about to release is tried, in ms. */
const HAND_OVER_MS = 100;
const HAND_OVER_ATTEMPTS = 10;

/**
 * A spool that may be open: locks its folder, opens it, and closes it, each once, whatever is called meanwhile. During a
 * shortage it tries again, as often as needed.
 */
export class SpoolHandle {
  readonly #options: QueueOptions;
  readonly #stopping = new AbortController();
  #locked: Promise<Lock> | undefined;
  #opened: Promise<SpoolQueue> | undefined;
  #isHandedOver = false;

  constructor(options: QueueOptions) {
    this.#options = { ...options, signal: this.#stopping.signal };
  }

  /**
   * Locks the folder, unless a shortage prevents it: `open()` tries that again.
   *
   * @param isHandedOver Whether the process that uses the folder is about to release it. Then `open()` waits for it.
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED
   */
  async lock(isHandedOver: () => boolean): Promise<void> {
    try {
      await this.#lock();
    } catch (error) {
      this.#isHandedOver = hasCode(error, IN_USE) && isHandedOver();
      if (this.#isHandedOver) return;
      if (!hasCode(error, TEMPORARY)) throw this.failed(error);
      this.#options.onFailure(error);
    }
  }

  /** Resolves when a shortage has ended, too. @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED */
  async open(): Promise<SpoolQueue> {
    this.#opened ??= this.#open();
    try {
      return await this.#opened;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  /** The queue, once it is open; undefined if it was not opened. Ends the attempts to open it. */
  async opened(): Promise<SpoolQueue | undefined> {
    if (this.#opened !== undefined) this.#stopping.abort();
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
    this.#locked ??= this.#lockFolder();
    try {
      return await this.#locked;
    } catch (error) {
      this.#locked = undefined;
      throw error;
    }
  }

  async #lockFolder(): Promise<Lock> {
    const { disk, folder, logger } = this.#options;
    const mode = disk.makeFolder(folder);
    if ((mode & 0o066) !== 0) {
      const fields = { folder, mode: (mode & 0o7777).toString(8) };
      logger.warn(fields, `others can read the spool's folder or write to it: chmod 700 '${folder}'`);
    }
    return disk.lock(folder);
  }

  /** One lock serves for all attempts: giving it back would say that the process before this one ended cleanly. */
  async #open(): Promise<SpoolQueue> {
    const { signal } = this.#stopping;
    let attempts = 0;
    for (;;) {
      let lock: Lock | undefined;
      try {
        lock = await this.#lock();
        return await SpoolQueue.open(lock, this.#options);
      } catch (error) {
        const isInUse = this.#isHandedOver && hasCode(error, IN_USE);
        // After a hand-over this is the only proxy, so it does not give up, whatever happens.
        const isShortage = this.#isHandedOver || hasCode(error, lock === undefined ? TEMPORARY : SHORTAGES);
        // A hand-over takes a moment, which is not a failure.
        if (isInUse) attempts += 1;
        if (isShortage && (!isInUse || attempts % HAND_OVER_ATTEMPTS === 0)) this.#options.onFailure(error);
        if (isShortage && !signal.aborted)
          await this.#options.disk.wait(isInUse ? HAND_OVER_MS : RETRY_MS, signal);
        if (isShortage && !signal.aborted) continue;
        lock?.release();
        this.#locked = undefined;
        throw this.failed(error);
      }
    }
  }
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
