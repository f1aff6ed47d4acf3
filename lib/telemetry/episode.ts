import type { Logger } from '../logger.js';

/** How often something that goes on is warned about. */
const INTERVAL_MS = 30_000;

export interface EpisodeTexts {
  readonly begins: string;
  readonly goesOn: string;
  readonly ends: string;
}

/**
 * Warns about something that may happen thousands of times a second, in a few lines: one when it begins,
 * then at most one in 30 s with what came since, and one when a look each 30 s finds nothing new.
 */
export class Episode {
  readonly #logger: Logger;
  readonly #reason: string;
  readonly #texts: EpisodeTexts;
  #timer: NodeJS.Timeout | undefined;
  #began = 0;
  #total: Record<string, number> = {};
  #since: Record<string, number> = {};

  /** @param reason Stands in each of the lines. */
  constructor(logger: Logger, reason: string, texts: EpisodeTexts) {
    this.#logger = logger;
    this.#reason = reason;
    this.#texts = texts;
  }

  /** It happened: `counts` are added up over the episode, `fields` are for the first line only. */
  happened(counts: Record<string, number>, fields: object = {}): void {
    add(this.#total, counts);
    if (this.#timer !== undefined) {
      add(this.#since, counts);
      return;
    }
    this.#began = Date.now();
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS).unref();
    this.#logger.warn({ reason: this.#reason, ...counts, ...fields }, this.#texts.begins);
  }

  /** Ends the episode, if there is one, with its last line. */
  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const seconds = Math.round((Date.now() - this.#began) / 1000);
    this.#logger.warn({ reason: this.#reason, ...this.#total, seconds }, this.#texts.ends);
    this.#total = {};
    this.#since = {};
  }

  #look(): void {
    if (Object.keys(this.#since).length === 0) {
      this.end();
    } else {
      this.#logger.warn({ reason: this.#reason, ...this.#since }, this.#texts.goesOn);
      this.#since = {};
    }
  }
}

function add(to: Record<string, number>, counts: Record<string, number>): void {
  for (const [name, count] of Object.entries(counts)) to[name] = (to[name] ?? 0) + count;
}
