import type { Logger } from '../logger.js';
import { Episode } from '../telemetry/episode.js';
import { isLasting, isRefusal } from './failure.js';

/**
 * Logs an outage of a server once, and its end, whatever fails in it and how often: attempts to connect, calls, or both in
 * turn. Only if it turns out to be worse, because the server refuses or because somebody has to correct the configuration,
 * there is another line.
 */
export class Outage {
  readonly #episode: Episode;
  /** Whether a call has failed, so that a new connection alone does not end the outage. */
  #isCallFailing = false;
  /** 0: it passes by itself. 1: the server refuses. 2: it has to be corrected. It only grows during an outage. */
  #level = 0;

  /** @param name What the server is called in the log. */
  constructor(logger: Logger, name: string) {
    this.#episode = new Episode(logger, {
      started: `${name} is not available; retrying`,
      ended: `${name} is available again`,
    });
  }

  connectionFailed(error: unknown): void {
    const level = isLasting(error) ? 2 : isRefusal(error) ? 1 : 0;
    this.#level = Math.max(this.#level, level);
    this.#episode.happened({}, { err: error }, `level ${this.#level}`);
  }

  callFailed(error: unknown): void {
    this.callWaits();
    this.connectionFailed(error);
  }

  /** There is no connection for a call. Why, the connection says. */
  callWaits(): void {
    this.#isCallFailing = true;
  }

  connected(): void {
    if (!this.#isCallFailing) this.answered();
  }

  /** A call was answered. */
  answered(): void {
    this.#isCallFailing = false;
    this.#level = 0;
    this.#episode.over();
  }

  /** There will be no later line. */
  flush(): void {
    this.#episode.flush();
  }
}
