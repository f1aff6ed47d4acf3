import type { Logger } from '../logger.js';

/** How often an episode is logged at most. */
const INTERVAL_MS = 30_000;

/** The messages of an episode's lines. */
export interface EpisodeTexts {
  readonly started: string;
  /** Without this text, an episode that continues has no further lines, and only `over()` or `end()` ends it. */
  readonly continues?: string;
  readonly ended: string;
}

/**
 * Logs something that may happen thousands of times a second in a few lines: one when it starts, at most one every
 * 30 s with the counts since the last line, and one with the total when it has not happened for 30 s, or when it is
 * over. All lines are warnings, so that a log of warnings also shows the end of each problem.
 *
 * Something that starts and ends again and again has no more lines than that: what happens within 30 s of a line waits,
 * and the next line says what is true by then.
 */
export class Episode {
  readonly #logger: Logger;
  readonly #texts: EpisodeTexts;
  readonly #fields: object;
  /** Set as long as a line may have to be written later. */
  #timer: NodeJS.Timeout | undefined;
  /** Whether it is happening. */
  #isActive = false;
  /** Whether the last line says that it is happening. */
  #isSaid = false;
  /** When the last line was written. */
  #saidAt = Number.NEGATIVE_INFINITY;
  /** When it first happened after the last line that says that it has ended. */
  #startedAt: number | undefined;
  /** When it was over, if it was. */
  #overAt: number | undefined;
  /** The kinds that have had a line. */
  readonly #kinds = new Set<string>();
  /** The further fields of what happened last. */
  #lastFields: object = {};
  /** Sums since {@link #startedAt}, and since the last line. `times` is how many times it has started. */
  #total: Sums = {};
  #sinceLastLine: Sums = {};

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
   * @param fields Further fields of the line, if it is about this call.
   * @param kind Within an episode, each kind gets a first line of its own.
   */
  happened(counts: Sums, fields: object = {}, kind = ''): void {
    const isStart = !this.#isActive;
    const isDue = isStart && this.#isDue();
    this.#isActive = true;
    this.#startedAt ??= performance.now();
    this.#overAt = undefined;
    this.#lastFields = fields;
    this.#count(counts);
    if (isStart) this.#count({ times: 1 });
    if (isDue) this.#kinds.clear();
    if (!this.#kinds.has(kind)) {
      this.#kinds.add(kind);
      this.#say(this.#texts.started, { ...counts, ...fields });
    } else if (isStart || this.#texts.continues !== undefined) {
      this.#wait();
    }
  }

  /** It is over. The line that says so is written at once, or 30 s after the line before. */
  over(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#overAt = performance.now();
    if (this.#isDue()) this.#sayEnded();
    else this.#wait();
  }

  /** Says at once how it stands, if the last line does not, because there will be no later line. */
  flush(): void {
    this.#stopWaiting();
    if (!this.#isActive) this.#sayEnded();
    else if (this.#hasStarted()) this.#sayStarted();
  }

  /** It is over, and there will be no more of it: writes the last line at once. */
  end(): void {
    this.#isActive = false;
    this.flush();
  }

  /** Writes what is true 30 s after the last line. */
  readonly #look = (): void => {
    this.#timer = undefined;
    const { continues } = this.#texts;
    const hasStopped = continues !== undefined && Object.keys(this.#sinceLastLine).length === 0;
    if (hasStopped) {
      this.#isActive = false;
      // It has not happened for 30 s, so another start is news.
      this.#kinds.clear();
    }
    if (!this.#isActive) this.#sayEnded();
    else if (this.#hasStarted()) this.#sayStarted();
    else if (continues !== undefined) this.#say(continues, shown(this.#sinceLastLine));
  };

  /** Whether it has started since the last line. */
  #hasStarted(): boolean {
    return !this.#isSaid || this.#sinceLastLine.times !== undefined;
  }

  #sayStarted(): void {
    this.#say(this.#texts.started, { ...shown(this.#sinceLastLine), ...this.#lastFields });
  }

  #sayEnded(): void {
    if (this.#startedAt === undefined) return;
    const seconds = Math.round(((this.#overAt ?? performance.now()) - this.#startedAt) / 1000);
    const total = shown(this.#total);
    this.#startedAt = undefined;
    this.#total = {};
    this.#say(this.#texts.ended, { ...total, seconds });
  }

  #say(text: string, fields: object): void {
    this.#isSaid = this.#isActive;
    this.#sinceLastLine = {};
    this.#saidAt = performance.now();
    this.#stopWaiting();
    if (this.#isActive && this.#texts.continues !== undefined) this.#wait();
    this.#logger.warn({ ...this.#fields, ...fields }, text);
  }

  #count(counts: Sums): void {
    // Hostile senders decide how often this is called. Lists of entries would be a tenth of the cost of a frame.
    for (const name in counts) {
      const count = counts[name] ?? 0;
      this.#total[name] = (this.#total[name] ?? 0) + count;
      this.#sinceLastLine[name] = (this.#sinceLastLine[name] ?? 0) + count;
    }
  }

  #isDue(): boolean {
    return performance.now() - this.#saidAt >= INTERVAL_MS;
  }

  #wait(): void {
    if (this.#timer !== undefined) return;
    const leftMs = this.#saidAt + INTERVAL_MS - performance.now();
    this.#timer = setTimeout(this.#look, Math.max(0, Math.ceil(leftMs))).unref();
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Episodes by name. Each is created when something like it happens for the first time. */
export class Episodes {
  readonly #logger: Logger;
  readonly #byName = new Map<string, Episode>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * @param texts Used when the name is new, like the fields.
   * @param fields These fields are part of every line.
   */
  named(name: string, texts: EpisodeTexts, fields: object): Episode {
    let episode = this.#byName.get(name);
    if (episode === undefined) {
      episode = new Episode(this.#logger, texts, fields);
      this.#byName.set(name, episode);
    }
    return episode;
  }

  /** Ends all of them. Each writes its last line. */
  end(): void {
    for (const episode of this.#byName.values()) episode.end();
  }
}

type Sums = Record<string, number>;

/** A single start is not worth a field. */
function shown({ times = 1, ...sums }: Sums): Sums {
  return times === 1 ? sums : { ...sums, times };
}
