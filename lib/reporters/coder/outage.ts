import type { Logger } from '../../logger.js';
import { Episode } from '../../telemetry/episode.js';
import { isLasting } from './failures.js';

/**
 * Logs an outage of Coder once, and its end, whatever fails in it and how often: attempts to connect, calls, or both in
 * turn. If it turns out that somebody has to correct the configuration, that is one more line.
 */
export class Outage {
  readonly #episode: Episode;
  /** Whether a call has failed, so that a new connection alone does not end the outage. */
  #isCallFailing = false;
  #isLasting = false;

  constructor(logger: Logger) {
    this.#episode = new Episode(logger, {
      started: 'Coder is not available; retrying',
      ended: 'Coder is available again',
    });
  }

  connectionFailed(error: unknown): void {
    this.#isLasting ||= isLasting(error);
    this.#episode.happened({}, { err: error }, this.#isLasting ? 'lasting' : '');
  }

  callFailed(error: unknown): void {
    this.#isCallFailing = true;
    this.connectionFailed(error);
  }

  connected(): void {
    if (!this.#isCallFailing) this.answered();
  }

  /** A call was answered. */
  answered(): void {
    this.#isCallFailing = false;
    this.#isLasting = false;
    this.#episode.over();
  }

  /** There will be no later line. */
  flush(): void {
    this.#episode.flush();
  }
}
