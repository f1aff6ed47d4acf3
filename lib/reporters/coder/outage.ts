import type { BoundaryLogError } from '../../errors.js';
import type { Logger } from '../../logger.js';

/** Something that fails again and again: one line when that begins, or becomes another failure, one when it is over. */
export class Outage {
  readonly #logger: Logger;
  readonly #texts: { begins: string; ends: string };
  #code: string | undefined;
  #since = 0;

  constructor(logger: Logger, texts: { begins: string; ends: string }) {
    this.#logger = logger;
    this.#texts = texts;
  }

  failed(error: BoundaryLogError): void {
    if (this.#code === error.code) return;
    if (this.#code === undefined) this.#since = performance.now();
    this.#code = error.code;
    this.#logger.warn({ err: error }, this.#texts.begins);
  }

  over(): void {
    if (this.#code === undefined) return;
    this.#code = undefined;
    this.#logger.info({ seconds: (performance.now() - this.#since) / 1000 }, this.#texts.ends);
  }
}
