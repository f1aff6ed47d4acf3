import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logger.js';
import { Episode } from '../telemetry/episode.js';

const RETRY_MS = 200;
const textsAbout = (address: string) => ({
  started: `${address} is in use; waiting until the other proxy releases it`,
  continues: `${address} is still in use`,
  ended: `${address} is free`,
});

interface Server {
  /** Logs the address. */
  announce(): void;
  close(): Promise<void>;
}

export interface WhenFreeOptions {
  /** Whether to wait for the address in the background if it is in use. */
  readonly isReplacing: boolean;
  /** What to call the address in the log. */
  readonly address: string;
  readonly logger: Logger;
}

/** A server whose address another proxy may still use, because it is just being replaced. */
export class ServerWhenFree {
  readonly #listen: () => Promise<Server>;
  readonly #options: WhenFreeOptions;
  readonly #closing = new AbortController();
  #server: Server | undefined;
  #waiting: Promise<void> | undefined;

  private constructor(listen: () => Promise<Server>, options: WhenFreeOptions, server?: Server) {
    this.#listen = listen;
    this.#options = options;
    this.#server = server;
  }

  /** @throws what `listen` throws, unless it waits for the address. */
  static async listen(listen: () => Promise<Server>, options: WhenFreeOptions): Promise<ServerWhenFree> {
    try {
      return new ServerWhenFree(listen, options, await listen());
    } catch (error) {
      if (!options.isReplacing || !isInUse(error)) throw error;
      return new ServerWhenFree(listen, options);
    }
  }

  /** Logs the address, as soon as it serves. */
  announce(): void {
    if (this.#server !== undefined) this.#server.announce();
    else this.#waiting = this.#wait();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#waiting;
    await this.#server?.close();
  }

  /** Whatever fails now, the proxy that was replaced is gone, so this one has to go on. */
  async #wait(): Promise<void> {
    const { signal } = this.#closing;
    const episode = new Episode(this.#options.logger, textsAbout(this.#options.address));
    while (this.#server === undefined) {
      await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) break;
      try {
        this.#server = await this.#listen();
        this.announce();
      } catch (err) {
        episode.happened({ attempts: 1 }, { err });
      }
    }
    episode.end();
  }
}

function isInUse(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_ADDRESS_IN_USE';
}
