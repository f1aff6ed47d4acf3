import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logger.js';
import { Episode } from '../telemetry/episode.js';
import type { MetricsServer } from './metrics-server.js';

const RETRY_MS = 200;
const TEXTS = {
  started: 'the metrics address is in use; waiting until the other proxy releases it',
  continues: 'the metrics address is still in use',
  ended: 'the metrics address is free',
};

/** A metrics server whose address another proxy may still use, because it is just being replaced. */
export class MetricsWhenFree {
  readonly #listen: () => Promise<MetricsServer>;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #server: MetricsServer | undefined;
  #waiting: Promise<void> | undefined;

  private constructor(listen: () => Promise<MetricsServer>, logger: Logger, server?: MetricsServer) {
    this.#listen = listen;
    this.#logger = logger;
    this.#server = server;
  }

  /**
   * @param isReplacing Whether to wait for the address in the background if it is in use.
   * @throws what `listen` throws otherwise.
   */
  static async listen(
    listen: () => Promise<MetricsServer>,
    isReplacing: boolean,
    logger: Logger,
  ): Promise<MetricsWhenFree> {
    try {
      return new MetricsWhenFree(listen, logger, await listen());
    } catch (error) {
      if (!isReplacing || !isInUse(error)) throw error;
      return new MetricsWhenFree(listen, logger);
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
    const episode = new Episode(this.#logger, TEXTS);
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
