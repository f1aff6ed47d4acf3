import { Guard, guardedLogger } from '../guard.js';
import type { Logger } from '../logger.js';

/** Whose code a proxy calls, besides its reporter, whose failures are counted as retries and drops. */
export type ForeignSource = 'logger' | 'registry';

/** The code of the program that a proxy calls, guarded. */
export class ForeignCode {
  /** The program's logger, which never fails here. */
  readonly logger: Logger;
  /** Calls the program's registry. */
  readonly registry: Guard;
  readonly #loggerGuard: Guard;

  constructor(logger: Logger) {
    const { logger: safe, guard } = guardedLogger(logger);
    this.logger = safe;
    this.#loggerGuard = guard;
    this.registry = new Guard((err) =>
      safe.error({ err }, 'the registry failed: its metrics are not complete'),
    );
  }

  /** How many times the code of each source has failed. */
  get errors(): Record<ForeignSource, number> {
    return { logger: this.#loggerGuard.errors, registry: this.registry.errors };
  }
}
