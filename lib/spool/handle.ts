import { BoundaryLogError } from '../errors.js';
import { causes } from './causes.js';
import type { OpenStore } from './open-store.js';

/** A store that is opened when it is needed, and anew after it failed. */
export class Handle {
  readonly #folder: string;
  readonly #openStore: () => Promise<OpenStore>;
  #open: OpenStore | undefined;
  /** The way to the next open store: what has to come to an end before. */
  #opening: Promise<void> | undefined;
  #ended = false;

  constructor(folder: string, openStore: () => Promise<OpenStore>) {
    this.#folder = folder;
    this.#openStore = openStore;
  }

  /**
   * Runs it with the open store. Where it fails, the store is let go of, and where another attempt may help
   * it is run once more.
   *
   * @throws ERR_SPOOL_FAILED, ERR_CLOSED
   */
  async use<T>(run: (open: OpenStore) => Promise<T>, mayHelp: (error: unknown) => boolean): Promise<T> {
    for (let isFirst = true; ; isFirst = false) {
      let open: OpenStore | undefined;
      try {
        open = await this.ready();
        return await run(open);
      } catch (error) {
        if (open !== undefined) await this.#letGo(open);
        if (!isFirst || open === undefined || !mayHelp(error)) throw failed(this.#folder, error);
      }
    }
  }

  /** @throws what opening it throws; ERR_CLOSED */
  async ready(): Promise<OpenStore> {
    while (this.#open === undefined) {
      if (this.#ended) throw closed();
      const before = this.#opening;
      await before;
      if (this.#open === undefined && this.#opening === before) {
        this.#opening = this.#reopen();
        await this.#opening;
      }
    }
    return this.#open;
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#opening?.catch(() => undefined);
    const open = this.#open;
    this.#open = undefined;
    await open?.close();
  }

  async #reopen(): Promise<void> {
    try {
      this.#open = await this.#openStore();
    } finally {
      this.#opening = undefined;
    }
  }

  async #letGo(open: OpenStore): Promise<void> {
    if (this.#open === open) {
      this.#open = undefined;
      this.#opening = open.abandon();
    }
    await this.#opening;
  }
}

export function closed(): BoundaryLogError {
  return new BoundaryLogError('ERR_CLOSED', 'this spool was closed: open it again');
}

/** LevelDB's own words are in a cause of the error that is thrown. */
export function failed(folder: string, error: unknown): BoundaryLogError {
  if (error instanceof BoundaryLogError && error.code !== 'ERR_SPOOL_IN_USE') return error;
  const why = causes(error).map(({ message }) => message);
  const message = `the spool ${folder} failed: ${why.join(': ')}`;
  return new BoundaryLogError('ERR_SPOOL_FAILED', message, { cause: error });
}
