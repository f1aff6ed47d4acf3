import type { LogBatch } from '../../../codec/index.js';
import { onAbort } from '../../abort.js';
import type { ReportResult } from '../../batch.js';
import { rejection } from '../../connection/failure.js';
import { divided } from '../../forwarding/report-result.js';
import { isPermanent, type ReportOptions } from '../../forwarding/reporter.js';
import { isServerFault } from './answer.js';
import { type Portion, type PortionLimits, portionsOf } from './portions.js';

/** How long to wait for an answer when nobody waits for it any more, in ms. Without it, the batches would be sent again. */
const ANSWER_GRACE_MS = 1000;

/** Sends the log records of portions as one export. @throws if nothing of it was accepted. */
export type Send = (portions: readonly Portion[], signal: AbortSignal) => Promise<ReportResult>;

/** A report that is not settled. */
interface Task {
  readonly portions: readonly Portion[];
  readonly done: Set<Portion>;
  /** How many of its logs the server will never accept, and why. */
  rejectedLogs: number;
  /** How many of these are known to be those of this batch. */
  certain: number;
  error: unknown;
  onFailure: (() => void) | undefined;
  /** Set when nobody waits for its result any more. */
  abandoned: { readonly reason: unknown } | undefined;
  settle(): void;
  fail(error: unknown): void;
}

/** An export, and all requests that it leads to. */
interface Export {
  readonly portions: readonly Portion[];
  readonly tasks: ReadonlySet<Task>;
  readonly controller: AbortController;
  /** Portions that may have made the server fail. */
  readonly suspects: Map<Portion, unknown>;
  grace: NodeJS.Timeout | undefined;
}

/**
 * Groups reports into exports: those that begin in the same tick, or while an export is in progress, become the next one,
 * in order and whatever their sessions are. There is one export at a time.
 *
 * If an export fails permanently, it is halved until the batches are found that cause it, and only these are rejected. If
 * it fails otherwise, it fails for all its batches, and for those that wait behind it if they are retried in order.
 */
export class ExportQueue {
  readonly #limits: PortionLimits;
  readonly #send: Send;
  /** In order. Each of them has a portion that is not done. */
  #tasks: Task[] = [];
  readonly #taskOf = new WeakMap<Portion, Task>();
  /** What is left of batches with several portions, if a report of them failed. */
  readonly #begun = new WeakMap<
    LogBatch,
    Pick<Task, 'portions' | 'done' | 'rejectedLogs' | 'certain' | 'error'>
  >();
  #export: Export | undefined;
  #isTickDue = false;

  constructor(limits: PortionLimits, send: Send) {
    this.#limits = limits;
    this.#send = send;
  }

  /** Resolves when the server has accepted the batch. @throws as `send` does, and the reason of the signal. */
  add(batch: LogBatch, { signal, onFailure }: ReportOptions): Promise<ReportResult | undefined> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const begun = this.#begun.get(batch) ?? {
        ...{ portions: portionsOf(batch, this.#limits), done: new Set<Portion>() },
        ...{ rejectedLogs: 0, certain: 0, error: undefined },
      };
      if (begun.portions.length === 0) return resolve(undefined);
      const task: Task = {
        ...{ ...begun, onFailure, abandoned: undefined },
        settle: () => {
          stopListening();
          this.#begun.delete(batch);
          const { rejectedLogs, certain, error } = task;
          if (certain === batch.count) reject(error);
          else resolve(rejectedLogs === 0 ? undefined : { rejectedLogs, error });
        },
        fail: (error) => {
          stopListening();
          if (task.done.size > 0) this.#begun.set(batch, task);
          reject(error);
        },
      };
      for (const portion of task.portions) this.#taskOf.set(portion, task);
      this.#tasks.push(task);
      const stopListening = onAbort(signal, () => this.#abandon(task, signal.reason));
      // It may wait for long. The chunk that it arrived in should not.
      if (this.#export !== undefined) batch.detach();
      this.#wait();
    });
  }

  /** Fails all reports. */
  close(error: unknown): void {
    this.#export?.controller.abort(error);
    this.#fail(this.#tasks, error);
  }

  /** Waits until the end of this tick: the batches of a chunk arrive one after the other. */
  #wait(): void {
    if (this.#isTickDue || this.#export !== undefined) return;
    this.#isTickDue = true;
    process.nextTick(() => {
      this.#isTickDue = false;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#export !== undefined) return;
    this.#giveUp();
    const portions = this.#next();
    if (portions.length === 0) return;
    const current: Export = {
      ...{ portions, tasks: new Set(portions.map((portion) => this.#taskOf.get(portion) as Task)) },
      controller: new AbortController(),
      ...{ suspects: new Map(), grace: undefined },
    };
    this.#export = current;
    void this.#run(current).then(() => {
      clearTimeout(current.grace);
      this.#export = undefined;
      this.#begin();
    });
  }

  /** What the next export contains. */
  #next(): Portion[] {
    const { maxLogs, maxBytes } = this.#limits;
    const next: Portion[] = [];
    let logs = 0;
    let bytes = 0;
    for (const { portions, done } of this.#tasks) {
      for (const portion of portions) {
        if (done.has(portion)) continue;
        logs += portion.count;
        bytes += portion.bytes;
        if (next.length > 0 && (logs > maxLogs || bytes > maxBytes)) return next;
        next.push(portion);
      }
    }
    return next;
  }

  async #run(current: Export): Promise<void> {
    try {
      await this.#deliverAll(current);
    } catch (error) {
      const failed = this.#tasks.filter((task) => current.tasks.has(task));
      // What is retried must not be overtaken.
      const isOrdered = failed.some(({ onFailure }) => onFailure !== undefined);
      this.#fail(isOrdered ? this.#tasks : failed, error);
    }
  }

  async #deliverAll(current: Export): Promise<void> {
    const left = () => current.portions.filter((portion) => !this.#isDone(portion));
    try {
      await this.#deliver(current, current.portions);
    } catch (error) {
      if (!isServerFault(error) || left().length < 2) throw error;
      await this.#probe(current, left());
      await this.#deliver(current, left(), true);
      const [suspicion] = current.suspects.values();
      if (suspicion !== undefined) throw suspicion;
    }
  }

  /**
   * Is the server broken, or does one of the batches break it? If it accepts any other batch, that one is suspicious. The
   * first one keeps the order. If it may be the one, chance finds another.
   *
   * @throws if the server does not accept them.
   */
  async #probe(current: Export, [first, ...others]: readonly Portion[]): Promise<void> {
    try {
      await this.#deliver(current, [first as Portion]);
    } catch (error) {
      if (!isServerFault(error)) throw error;
      await this.#deliver(current, [others[Math.floor(Math.random() * others.length)] as Portion]);
    }
  }

  /**
   * Sends portions, and halves them as long as they are rejected.
   *
   * @param suspects Whether a failure of the server is a reason to look for the batch that causes it.
   */
  async #deliver(current: Export, portions: readonly Portion[], suspects = false): Promise<void> {
    let outcome: ReportResult;
    try {
      outcome = await this.#send(portions, current.controller.signal);
    } catch (error) {
      const isSuspected = suspects && isServerFault(error);
      if (!isPermanent(error) && !isSuspected) throw error;
      const [first] = portions as [Portion];
      if (portions.length > 1) {
        const half = portions.length >> 1;
        await this.#deliver(current, portions.slice(0, half), suspects);
        await this.#deliver(current, portions.slice(half), suspects);
      } else if (isSuspected) {
        current.suspects.set(first, error);
      } else {
        this.#finish(first, { rejectedLogs: first.count, error }, true);
      }
      return;
    }
    const sent = portions.reduce((sum, { count }) => sum + count, 0);
    const isAll = outcome.rejectedLogs >= sent;
    const rejectedOf = divided(outcome);
    for (const portion of portions)
      this.#finish(portion, rejectedOf(portion.batch), isAll || portions.length === 1);
    // The server has accepted something before and after these.
    for (const [portion, error] of current.suspects) {
      this.#finish(portion, { rejectedLogs: portion.count, error: causeOf(error) }, true);
    }
    current.suspects.clear();
  }

  #isDone(portion: Portion): boolean {
    return this.#taskOf.get(portion)?.done.has(portion) ?? true;
  }

  /** @param isCertain Whether what was rejected is known to be of this portion. */
  #finish(portion: Portion, rejected: ReportResult | undefined, isCertain: boolean): void {
    const task = this.#taskOf.get(portion) as Task;
    task.done.add(portion);
    if (rejected !== undefined) {
      task.rejectedLogs += rejected.rejectedLogs;
      if (isCertain) task.certain += rejected.rejectedLogs;
      task.error ??= rejected.error;
    }
    if (task.done.size < task.portions.length) return;
    this.#tasks = this.#tasks.filter((other) => other !== task);
    task.settle();
  }

  #fail(tasks: readonly Task[], error: unknown): void {
    this.#tasks = this.#tasks.filter((task) => !tasks.includes(task));
    for (const { onFailure } of tasks) onFailure?.();
    for (const task of tasks) task.fail(error);
  }

  /** Nobody waits for a report any more. Its answer may be on its way. */
  #abandon(task: Task, reason: unknown): void {
    task.abandoned = { reason };
    const current = this.#export;
    if (current?.tasks.has(task) !== true) {
      this.#giveUp();
      return;
    }
    const isWanted = this.#tasks.some((task) => !task.abandoned && current.tasks.has(task));
    if (current.grace !== undefined || isWanted) return;
    current.grace = setTimeout(() => current.controller.abort(reason), ANSWER_GRACE_MS);
  }

  /** Fails what nobody waits for, unless it is part of the export in progress. */
  #giveUp(): void {
    const given = this.#tasks.filter((task) => task.abandoned && this.#export?.tasks.has(task) !== true);
    if (given.length === 0) return;
    this.#tasks = this.#tasks.filter((task) => !given.includes(task));
    for (const task of given) task.fail(task.abandoned?.reason);
  }
}

/** The failure of a server that accepts other batches. */
function causeOf(error: unknown): Error {
  return rejection(
    `this batch makes the server fail, which accepts others: ${(error as Error).message}`,
    error,
  );
}
