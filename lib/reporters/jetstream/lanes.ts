import { onAbort } from '../../abort.js';
import { isPermanent } from '../../forwarding/reporter.js';

/** Something that runs, or waits for its turn. */
interface Task {
  readonly run: () => Promise<void>;
  readonly onFailure: (() => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  stopListening: () => void;
}

export interface TaskOptions {
  readonly signal: AbortSignal;
  /** Called if it fails in a way that may pass, before its promise rejects. Without it, nobody does it again. */
  readonly onFailure?: (() => void) | undefined;
}

/**
 * Runs tasks in lanes: those of one lane one after the other, in the order of the calls, and those of different lanes at
 * the same time. If one fails, so do all that wait behind it in its lane, so that they can be done again in the same
 * order. A permanent failure, and one that nobody retries, concerns one task alone, and the next one runs.
 */
export class Lanes {
  /** The tasks of each lane that has any. The first one runs. */
  readonly #lanes = new Map<string, Task[]>();

  /** Whether a new task would have to wait. */
  isBusy(name: string): boolean {
    return this.#lanes.has(name);
  }

  /**
   * @param run Begins at once if nothing else is in the lane. If `signal` aborts with an `AbortError`, because everything
   *   ends, it may go on for a moment. With any other reason, the task has failed, and `run` is on its own.
   * @throws what the task throws, or what one before it has thrown; `signal.reason`.
   */
  run(name: string, run: () => Promise<void>, { signal, onFailure }: TaskOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const task: Task = { run, onFailure, resolve, reject, stopListening: () => undefined };
      const lane = this.#lanes.get(name);
      const tasks = lane ?? [];
      tasks.push(task);
      task.stopListening = onAbort(signal, () => this.#aborted(name, tasks, task, signal.reason));
      if (lane !== undefined || tasks.length === 0) return;
      this.#lanes.set(name, tasks);
      void this.#runAll(name, tasks);
    });
  }

  async #runAll(name: string, tasks: Task[]): Promise<void> {
    for (let task = tasks[0]; task !== undefined; task = tasks[0]) {
      try {
        await task.run();
        task.resolve();
      } catch (error) {
        // If its signal has failed it already, what is in the lane now is not behind it.
        if (isPermanent(error) || task.onFailure === undefined) task.reject(error);
        else if (tasks[0] === task) this.#failFrom(name, tasks, 0, error);
      }
      task.stopListening();
      if (tasks[0] === task) tasks.shift();
    }
    if (this.#lanes.get(name) === tasks) this.#lanes.delete(name);
  }

  #aborted(name: string, tasks: Task[], task: Task, reason: unknown): void {
    const isEnd = (reason as Error | undefined)?.name === 'AbortError';
    const index = tasks.indexOf(task);
    const isRunning = index === 0 && this.#lanes.get(name) === tasks;
    this.#failFrom(name, tasks, isRunning && isEnd ? 1 : index, reason);
  }

  /** Fails a task and all behind it, at once: nothing may come between their failures. */
  #failFrom(name: string, tasks: Task[], index: number, error: unknown): void {
    const failed = tasks.splice(index);
    // What comes from now on does not wait for a task that has failed and still runs.
    if (index === 0 && this.#lanes.get(name) === tasks) this.#lanes.delete(name);
    for (const { stopListening, onFailure, reject } of failed) {
      stopListening();
      onFailure?.();
      reject(error);
    }
  }
}
