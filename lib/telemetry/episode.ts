import type { Logger } from '../logger.js';

/** How often an episode that continues is logged. */
const INTERVAL_MS = 30_000;

/** The messages of an episode's lines. */
export interface EpisodeTexts {
  readonly started: string;
  /** Without this text, an episode has no lines between the first and the last, and only `end()` ends it. */
  readonly continues?: string;
  readonly ended: string;
}

/**
 * Logs something that may happen thousands of times a second in a few lines: one when it starts, at most one every
 * 30 s with the counts since the last line, and one with the total when it has not happened for 30 s, or when `end()`
 * is called. All lines are warnings, so that a log of warnings also shows the end of each problem.
 */
export class Episode {
  readonly #logger: Logger;
  readonly #texts: EpisodeTexts;
  readonly #fields: object;
  #timer: NodeJS.Timeout | undefined;
  /** When the current episode started; undefined if there is none. */
  #startedAt: number | undefined;
  #kind = '';
  #total: Record<string, number> = {};
  #sinceLastLine: Record<string, number> = {};

  /** @param fields These fields are part of every line. */
  constructor(logger: Logger, texts: EpisodeTexts, fields: object = {}) {
    this.#logger = logger;
    this.#texts = texts;
    this.#fields = fields;
  }

  /**
   * It happened.
   *
   * @param counts What to add up. The lines contain the sums.
   * @param fields Further fields of the line, if this call writes one.
   * @param kind Within an episode, a kind that differs from the last one gets its own first line.
   */
  happened(counts: Record<string, number>, fields: object = {}, kind = ''): void {
    add(this.#total, counts);
    if (this.#startedAt === undefined) {
      this.#start();
    } else if (kind === this.#kind) {
      add(this.#sinceLastLine, counts);
      return;
    }
    this.#kind = kind;
    this.#logger.warn({ ...this.#fields, ...counts, ...fields }, this.#texts.started);
  }

  /** Ends the current episode, if there is one, and writes its last line. */
  end(): void {
    if (this.#startedAt === undefined) return;
    clearInterval(this.#timer);
    const seconds = Math.round((performance.now() - this.#startedAt) / 1000);
    this.#logger.warn({ ...this.#fields, ...this.#total, seconds }, this.#texts.ended);
    this.#startedAt = undefined;
    this.#total = {};
    this.#sinceLastLine = {};
  }

  #start(): void {
    this.#startedAt = performance.now();
    const { continues } = this.#texts;
    if (continues === undefined) return;
    this.#timer = setInterval(() => this.#check(continues), INTERVAL_MS).unref();
  }

  #check(continues: string): void {
    if (Object.keys(this.#sinceLastLine).length === 0) {
      this.end();
    } else {
      this.#logger.warn({ ...this.#fields, ...this.#sinceLastLine }, continues);
      this.#sinceLastLine = {};
    }
  }
}

function add(sums: Record<string, number>, counts: Record<string, number>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}
