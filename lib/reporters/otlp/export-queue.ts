import type { LogBatch } from '../../../codec/index.js';
import { onAbort } from '../../abort.js';
import type { ReportResult } from '../../batch.js';
import type { ReportOptions } from '../../forwarding/reporter.js';
import { Export, type Finish, type Send, type Strikes } from './export.js';
import { type Portion, type PortionLimits, portionsOf } from './portions.js';

/** How long to wait for an answer when nobody waits for it any more, in ms. Without it, the batches would be sent again. */
const ANSWER_GRACE_MS = 1000;

/** Errors of exports that a smaller one might not have: a server may end the connection instead of answering 413. */
const UNANSWERED = ['ERR_CONNECTION_LOST', 'ERR_CALL_TIMEOUT'];

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

/** The export in progress. */
interface Current {
  readonly export: Export;
  readonly tasks: ReadonlySet<Task>;
  /** Set when nobody waits for it any more. */
  grace: NodeJS.Timeout | undefined;
}

/**
 * Groups reports into exports: those that begin in the same tick, or while an export is in progress, become the next one,
 * in order and whatever their sessions are. There is one export at a time.
 *
 * If an export fails, it fails for all its batches, and for those that wait behind it if they are retried in order. After an
 * export that got no answer, the next one is half as large, down to one batch. Each answer doubles it again.
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
  #current: Current | undefined;
  #isTickDue = false;
  readonly #strikes: Strikes = new WeakMap();
  /** How large an export may be, as a part of the limits. */
  #share = 1;

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
      if (this.#current !== undefined) batch.detach();
      this.#wait();
    });
  }

  /** Fails all reports. */
  close(error: unknown): void {
    this.#current?.export.abort(error);
    this.#fail(this.#tasks, error);
  }

  /** Waits until the end of this tick: the batches of a chunk arrive one after the other. */
  #wait(): void {
    if (this.#isTickDue || this.#current !== undefined) return;
    this.#isTickDue = true;
    process.nextTick(() => {
      this.#isTickDue = false;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#current !== undefined) return;
    this.#giveUp();
    const portions = this.#next();
    if (portions.length === 0) return;
    const tasks = new Set(portions.map((portion) => this.#taskOf.get(portion) as Task));
    const current: Current = {
      export: new Export(portions, this.#send, this.#finish, this.#strikes),
      tasks,
      grace: undefined,
    };
    this.#current = current;
    void this.#run(current).then(() => {
      clearTimeout(current.grace);
      this.#current = undefined;
      this.#begin();
    });
  }

  /** Decides how large the next export may be. Its size may be why there was no answer. */
  #resize(isAnswered: boolean): void {
    const share = isAnswered ? 2 * this.#share : this.#share / 2;
    this.#share = Math.min(1, Math.max(share, 1 / this.#limits.maxLogs));
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
        const isFull = logs > this.#share * maxLogs || bytes > this.#share * maxBytes;
        if (next.length > 0 && isFull) return next;
        next.push(portion);
      }
    }
    return next;
  }

  async #run(current: Current): Promise<void> {
    try {
      await current.export.run();
      this.#resize(true);
    } catch (error) {
      this.#resize(!UNANSWERED.includes(String((error as NodeJS.ErrnoException).code)));
      const failed = this.#tasks.filter((task) => current.tasks.has(task));
      // What is retried must not be overtaken.
      const isOrdered = failed.some(({ onFailure }) => onFailure !== undefined);
      this.#fail(isOrdered ? this.#tasks : failed, error);
    }
  }

  readonly #finish: Finish = (portion, rejected, isCertain) => {
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
  };

  #fail(tasks: readonly Task[], error: unknown): void {
    this.#tasks = this.#tasks.filter((task) => !tasks.includes(task));
    for (const { onFailure } of tasks) onFailure?.();
    for (const task of tasks) task.fail(error);
  }

  /** Nobody waits for a report any more. Its answer may be on its way. */
  #abandon(task: Task, reason: unknown): void {
    task.abandoned = { reason };
    const current = this.#current;
    if (current?.tasks.has(task) !== true) {
      this.#giveUp();
      return;
    }
    const isWanted = this.#tasks.some((task) => !task.abandoned && current.tasks.has(task));
    if (current.grace !== undefined || isWanted) return;
    current.grace = setTimeout(() => current.export.abort(reason), ANSWER_GRACE_MS);
  }

  /** Fails what nobody waits for, unless it is part of the export in progress. */
  #giveUp(): void {
    const given = this.#tasks.filter((task) => task.abandoned && this.#current?.tasks.has(task) !== true);
    if (given.length === 0) return;
    this.#tasks = this.#tasks.filter((task) => !given.includes(task));
    for (const task of given) task.fail(task.abandoned?.reason);
  }
}
