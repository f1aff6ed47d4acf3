import type { LogBatch } from '../../../codec/index.js';
import type { ReportResult } from '../../batch.js';
import { rejection } from '../../connection/failure.js';
import { divided } from '../../forwarding/report-result.js';
import { isPermanent } from '../../forwarding/reporter.js';
import { isServerFault } from './answer.js';
import type { Portion } from './portions.js';

/** In how many exports the server must fail at a batch, and accept others, before it is rejected. It may be chance. */
const STRIKES = 3;

/** In how many exports the server has failed at each batch, and accepted others. */
export type Strikes = WeakMap<LogBatch, number>;

/** Sends the log records of portions as one request. @throws if nothing of it was accepted. */
export type Send = (portions: readonly Portion[], signal: AbortSignal) => Promise<ReportResult>;

/**
 * The server has accepted or rejected a portion.
 *
 * @param rejected How many of its logs it will never accept, and why.
 * @param isCertain Whether these are known to be logs of this portion.
 */
export type Finish = (portion: Portion, rejected: ReportResult | undefined, isCertain: boolean) => void;

/**
 * Sends portions as one request, and if that is rejected, as several, until those are found that cause it. Only they are
 * rejected.
 */
export class Export {
  readonly #left: Set<Portion>;
  readonly #send: Send;
  readonly #finish: Finish;
  readonly #controller = new AbortController();
  /** Portions that may have made the server fail. */
  readonly #suspects = new Map<Portion, unknown>();
  /** Those at which it failed again, after it had accepted another one. */
  readonly #confirmed = new Map<Portion, unknown>();
  readonly #strikes: Strikes;

  constructor(portions: readonly Portion[], send: Send, finish: Finish, strikes: Strikes) {
    this.#left = new Set(portions);
    this.#send = send;
    this.#finish = finish;
    this.#strikes = strikes;
  }

  /** Ends the request in progress. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Sends everything. @throws a failure that may pass: then what is not finished was not accepted. */
  async run(): Promise<void> {
    try {
      await this.#deliver([...this.#left]);
    } catch (error) {
      if (!isServerFault(error) || this.#left.size < 2) throw error;
      await this.#probe([...this.#left]);
      await this.#deliver([...this.#left], true);
      const [suspicion] = [...this.#suspects.values(), ...this.#confirmed.values()];
      if (suspicion !== undefined) throw suspicion;
    }
  }

  /**
   * Is the server broken, or does one of the batches break it? If it accepts any other batch, that one is suspicious. The
   * first one keeps the order. If it may be the one, chance finds another.
   *
   * @throws if the server does not accept them.
   */
  async #probe([first, ...others]: readonly Portion[]): Promise<void> {
    try {
      await this.#deliver([first as Portion]);
    } catch (error) {
      if (!isServerFault(error)) throw error;
      await this.#deliver([others[Math.floor(Math.random() * others.length)] as Portion]);
    }
  }

  /**
   * Sends portions, and halves them as long as they are rejected.
   *
   * @param suspects Whether a failure of the server is a reason to look for the batch that causes it.
   */
  async #deliver(portions: readonly Portion[], suspects = false): Promise<void> {
    let outcome: ReportResult;
    try {
      outcome = await this.#send(portions, this.#controller.signal);
    } catch (error) {
      const isSuspected = suspects && isServerFault(error);
      if (!isPermanent(error) && !isSuspected) throw error;
      const [first] = portions as [Portion];
      if (portions.length > 1) {
        const half = portions.length >> 1;
        await this.#deliver(portions.slice(0, half), suspects);
        await this.#deliver(portions.slice(half), suspects);
      } else if (isSuspected) {
        this.#suspects.set(first, error);
      } else {
        this.#done(first, { rejectedLogs: first.count, error }, true);
      }
      return;
    }
    const sent = portions.reduce((sum, { count }) => sum + count, 0);
    const isCertain = outcome.rejectedLogs >= sent || portions.length === 1;
    const rejectedOf = divided(outcome);
    for (const portion of portions) this.#done(portion, rejectedOf(portion.batch), isCertain);
    await this.#confirm();
  }

  /** The server has accepted something before and after the suspects. Does it still fail at them? */
  async #confirm(): Promise<void> {
    const portions = [...this.#suspects.keys()];
    this.#suspects.clear();
    for (const portion of portions) {
      try {
        await this.#deliver([portion]);
      } catch (error) {
        if (!isServerFault(error)) throw error;
        this.#strike(portion, error as Error);
      }
    }
  }

  #strike(portion: Portion, error: Error): void {
    const strikes = (this.#strikes.get(portion.of) ?? 0) + 1;
    this.#strikes.set(portion.of, strikes);
    if (strikes < STRIKES) {
      this.#confirmed.set(portion, error);
      return;
    }
    const message = `this batch makes the server fail, which accepts others: ${error.message}`;
    this.#done(portion, { rejectedLogs: portion.count, error: rejection(message, error) }, true);
  }

  #done(portion: Portion, rejected: ReportResult | undefined, isCertain: boolean): void {
    this.#left.delete(portion);
    this.#finish(portion, rejected, isCertain);
  }
}
