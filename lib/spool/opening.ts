import { BoundaryLogError } from '../errors.js';
import { codeOf, isShortage, type Patience, pause } from './files.js';
import type { Lock } from './lock.js';
import { type QueueOptions, SpoolQueue } from './queue.js';

/** How often a folder that another process is about to release is tried, in ms. */
const HAND_OVER_MS = 100;
const HAND_OVER_ATTEMPTS = 10;

/** Locks the folder of a spool and opens it, each once, whatever is called meanwhile. It waits for a shortage to end. */
export class Opening {
  readonly #options: QueueOptions & Patience;
  #lock: Promise<Lock> | undefined;
  #opened: Promise<SpoolQueue> | undefined;
  #isHandedOver = false;

  /** @param options The signal ends the attempts. */
  constructor(options: QueueOptions & Patience) {
    this.#options = options;
  }

  /**
   * Locks the folder, unless a shortage prevents it: `open()` tries that again.
   *
   * @param isHandedOver Whether the process that uses the folder is about to release it. Then `open()` waits for it.
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED, ERR_CLOSED
   */
  async lock(isHandedOver: () => boolean): Promise<void> {
    const { folder, onFailure } = this.#options;
    this.#insistOnOpen();
    try {
      await this.#takeLock();
    } catch (error) {
      this.#isHandedOver = isInUse(error) && isHandedOver();
      if (this.#isHandedOver) return;
      if (!isShortage(error)) throw failed(folder, error);
      onFailure(error);
    }
  }

  /** Resolves when a shortage has ended, too. @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED; then it may be called again. */
  async open(): Promise<SpoolQueue> {
    this.#insistOnOpen();
    this.#opened ??= this.#open().catch((error) => {
      this.#opened = undefined;
      throw failed(this.#options.folder, error);
    });
    return this.#opened;
  }

  /** Releases the folder, if the spool was not opened. */
  async close(): Promise<void> {
    const queue = await this.#opened?.catch(() => undefined);
    if (queue === undefined) await this.#release();
  }

  #insistOnOpen(): void {
    if (!this.#options.signal.aborted) return;
    throw new BoundaryLogError('ERR_CLOSED', 'this spool was closed: create a new SpoolBuffer');
  }

  async #open(): Promise<SpoolQueue> {
    const { disk, signal, onFailure, onLocked } = this.#options;
    for (let attempts = 1; ; attempts++) {
      try {
        const lock = await this.#takeLock();
        await onLocked?.();
        return await SpoolQueue.open(lock, this.#options);
      } catch (error) {
        // After a hand-over this is the only proxy, so it does not give up, whatever happens.
        const isTriedAgain = this.#isHandedOver || isShortage(error);
        if (isTriedAgain && !signal.aborted) {
          // A hand-over takes a moment, which is not a failure.
          if (!isInUse(error) || attempts % HAND_OVER_ATTEMPTS === 0) onFailure(error);
          if (isInUse(error)) await disk.wait(HAND_OVER_MS, signal);
          else await pause(disk, signal);
        }
        if (isTriedAgain && !signal.aborted) continue;
        await this.#release();
        // After the first attempt nobody waits for this promise any more.
        if (attempts > 1 && !signal.aborted) onFailure(error);
        throw error;
      }
    }
  }

  async #release(): Promise<void> {
    const lock = await this.#lock?.catch(() => undefined);
    this.#lock = undefined;
    lock?.release();
  }

  /** One lock serves for all attempts: giving it back would say that the process before this one ended cleanly. */
  #takeLock(): Promise<Lock> {
    this.#lock ??= this.#lockFolder().catch((error) => {
      this.#lock = undefined;
      throw error;
    });
    return this.#lock;
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
}

function isInUse(error: unknown): boolean {
  return codeOf(error) === 'ERR_SPOOL_IN_USE';
}

/** An error of this package for any error. */
export function failed(folder: string, error: unknown): BoundaryLogError {
  if (error instanceof BoundaryLogError) return error;
  const message = `the spool ${folder} failed: ${(error as Error).message}`;
  return new BoundaryLogError('ERR_SPOOL_FAILED', message, { cause: error });
}
