import { setMaxListeners } from 'node:events';
import type { LogBatch } from '../../codec/index.js';
import { sleep } from '../abort.js';
import { type Amount, type Batch, isBatch, type ReportResult, refuseOther } from '../batch.js';
import type { ForwarderEvents } from '../events.js';
import { GuardedEvents } from '../guard.js';
import { checkArgument, milliseconds, objectWith, resolveOptions } from '../options.js';
import { type Callback, Writable } from '../streams/base.js';
import { failWrite, isDirectBatch, queuedIn, type Write } from '../streams/direct.js';
import type { EndArguments, WriteRest } from '../streams/typed-stream.js';
import { resolveCoalesce } from './coalesce-options.js';
import { Coalescer } from './coalescer.js';
import { FORWARDER_OPTIONS, type ForwarderOptions } from './forwarder-options.js';
import { InProgress } from './in-progress.js';
import { rejectedOf } from './report-result.js';
import { isPermanent, type Reporter, resultOf } from './reporter.js';
import { RetryingReporter } from './retrying-reporter.js';

/**
 * Writable, object mode: batches → {@link Reporter}, one at a time and in order. If the reporter has `coalesce`, batches
 * that arrive while a report is in progress become the next report, and are accepted until that is full.
 *
 * | event | arguments | when |
 * |---|---|---|
 * | `forward` | batch, seconds, rejected | the reporter has accepted the batch, except for the logs that `rejected` counts, if it is set |
 * | `drop` | batch, `'forward_failed'`, error | the reporter failed, and the batch is not retried any more: it is lost |
 * | `drop` | batch, `'rejected'`, error | with `retry`: the reporter will never accept the batch (`error.permanent`) |
 * | `retry` | error | an attempt failed, and another one will follow |
 * | `outage` | error | the first failure since the start or the last success |
 * | `recovery` | seconds | the first success after an outage; how long the outage lasted |
 * | `drop` | batch, `'shutdown'`, null | the Forwarder was destroyed before the batch was accepted |
 *
 * A listener that fails does not stop the Forwarder. The first failure is a warning of the process.
 */
export class Forwarder<T extends Batch = LogBatch> extends Writable<T, ForwarderEvents<T>> {
  readonly #inProgress = new InProgress<T>();
  /** The batches that are being reported. */
  readonly inFlight: Amount = this.#inProgress.amount;
  readonly #reporter: Reporter<T>;
  readonly #concurrency: number;
  /** Whether the option `retry` is set. */
  readonly isRetrying: boolean;
  readonly #coalescer: Coalescer<T> | undefined;
  readonly #events = new GuardedEvents(this);
  readonly #abort = new AbortController();
  readonly #reportOptions = { signal: this.#abort.signal };
  /** Continues the write that used the last free place. */
  #blocked: (() => void) | undefined;
  /** The batch of that write, if it found no free place. */
  #refused: T | undefined;
  /** Whether it is neither ended nor destroyed. */
  #isOpen = true;
  /** The batch that write() is already reporting. _write() must not report it again. */
  #begun: T | undefined;
  #onSettled: (() => void) | undefined;
  #onWritten: Callback | undefined;
  #isQueueTaken = false;
  /**
   * End time of the previous report. It is valid within the current turn of the event loop, where the next report reuses
   * it as its start time: reading the clock is a tenth of the cost of a batch of one log.
   */
  #endOfLast: number | undefined;
  /** When the reporter last accepted a batch, as `performance.now()` tells it; undefined if it never did. */
  lastSuccessAt: number | undefined;
  /** When the current outage began. */
  #outageSince: number | undefined;

  /** @throws ERR_INVALID_OPTION */
  constructor(reporter: Reporter<T>, options: ForwarderOptions = {}) {
    checkArgument('Forwarder', 'reporter', reporter, objectWith('report'));
    const { concurrency, retry, lingerMs } = resolveOptions('Forwarder', options, FORWARDER_OPTIONS);
    const coalesce = resolveCoalesce(reporter);
    super({ objectMode: true, highWaterMark: 1 });
    this.isRetrying = retry !== false;
    const onRetry = (error: unknown) => this.#failed(error, true);
    this.#reporter = retry === false ? reporter : new RetryingReporter(reporter, retry, onRetry);
    this.#concurrency = concurrency;
    // Each report in progress may listen to it.
    setMaxListeners(0, this.#abort.signal);
    if (coalesce === undefined) return;
    this.#coalescer = new Coalescer(this.#reporter, {
      ...{ ...coalesce, lingerMs, concurrency, signal: this.#abort.signal },
      onRoom: () => this.#proceed(),
      succeeded: (batch, start, rejected) => this.#succeed(batch, start, rejected),
      failed: (batch, error) => this.#fail(batch, error),
      split: (error) => this.#events.emit('retry', error),
    });
  }

  static {
    // A writer waits only when all places are occupied. Node's types declare this getter as a property.
    Object.defineProperty(Forwarder.prototype, 'writableNeedDrain', {
      get(this: Forwarder) {
        return this.#blocked !== undefined;
      },
    });
  }

  /** Whether there is an outage: the reporter failed, and has accepted nothing since. */
  get isFailing(): boolean {
    return this.#outageSince !== undefined;
  }

  /** When the reporter is called again, by `performance.now()`, if all reports in progress wait for that. */
  get nextAttemptAt(): number | undefined {
    if (!(this.#reporter instanceof RetryingReporter)) return undefined;
    return this.#reporter.nextAttemptAt(this.#coalescer?.calls ?? this.#inProgress.length);
  }

  /** From now on, no report waits for more batches: `lingerMs` is 0. */
  hurry(): void {
    this.#coalescer?.hurry();
  }

  /** How many times a listener of the events above has failed. */
  get listenerErrors(): number {
    return this.#events.errors;
  }

  /** @returns false while as many batches are being reported as `concurrency` allows: continue at `drain`. */
  override write(batch: never, encoding?: unknown, callback?: unknown): boolean;
  override write(batch: T, ...rest: WriteRest): boolean;
  override write(batch: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (this.#isOpen && isDirectBatch(this, batch, encoding, callback) && this.#hasPlace()) {
      if (this.#report(batch as T)) return true;
      // If the reporter has ended this stream, _final() waits for the report.
      if (!this.#isOpen) return false;
      this.#begun = batch as T;
    } else if (this.destroyed && isBatch(batch)) {
      this.#events.emit('drop', batch, 'shutdown', null);
    }
    (super.write as Write)(batch, encoding, callback);
    return this.#isOpen && this.#blocked === undefined;
  }

  /**
   * Ends the Forwarder without a loss: aborts the `signal` of the reports in progress, gives them `graceMs` to complete,
   * and destroys the Forwarder. Nothing may be written to it any more.
   *
   * @returns the batches that were not accepted, in order, so that they can be reported later. Those that were being
   *   reported are still counted in `inFlight`. If a report succeeds nevertheless after the grace period, its batch is
   *   delivered twice. If there are two calls, only one of them returns the batches.
   */
  async stop(graceMs: number): Promise<T[]> {
    checkArgument('stop', 'graceMs', graceMs, milliseconds({ min: 0 }));
    this.#abort.abort();
    if (this.#inProgress.isWaiting) {
      const settled = new AbortController();
      this.#onSettled = () => settled.abort();
      this.once('close', this.#onSettled);
      await sleep(graceMs, settled.signal);
    }
    const left = [...this.#inProgress.take(), ...this.#takeQueued()];
    this.destroy();
    return left;
  }

  override end(batch: never, encoding?: unknown, callback?: unknown): this;
  override end(...args: EndArguments<T>): this;
  override end(...args: unknown[]): this {
    this.#isOpen = false;
    this.hurry();
    return super.end(...(args as [never]));
  }

  override _write(batch: T, _encoding: BufferEncoding, callback: Callback): void {
    if (refuseOther(batch, callback)) return;
    this.#onWritten = callback;
    if (this.#begun === batch) {
      this.#begun = undefined;
    } else if (this.#hasPlace()) {
      this.#report(batch);
    } else {
      this.#refused = batch;
      this.#blocked = () => this._write(batch, _encoding, callback);
      return;
    }
    this.#refused = undefined;
    if (this.#hasPlace()) callback();
    else this.#blocked = callback;
  }

  /** Waits for the reports in progress. */
  override _final(callback: Callback): void {
    if (this.#inProgress.length === 0) callback();
    else this.#onSettled = callback;
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#isOpen = false;
    this.#abort.abort();
    const left = [...this.#inProgress, ...this.#takeQueued()];
    for (const batch of left) this.#inProgress.remove(batch);
    for (const batch of left) this.#events.emit('drop', batch, 'shutdown', null);
    callback(error);
    failWrite(this, this.#onWritten);
  }

  /** Returns what was written and waits for a place, in order: once, as the stream's own queue still refers to it. */
  #takeQueued(): T[] {
    if (this.#isQueueTaken) return [];
    this.#isQueueTaken = true;
    const queued = queuedIn<T>(this).filter((batch) => batch !== this.#begun);
    return this.#refused === undefined ? queued : [this.#refused, ...queued];
  }

  #hasPlace(): boolean {
    return this.#coalescer?.hasRoom ?? this.#inProgress.length < this.#concurrency;
  }

  /** Starts a report. @returns whether there is a place for another one, perhaps as it has completed synchronously. */
  #report(batch: T): boolean {
    this.#inProgress.add(batch);
    if (this.#coalescer !== undefined) {
      this.#coalescer.add(batch);
      return this.#coalescer.hasRoom;
    }
    const start = this.#endOfLast ?? performance.now();
    let result: unknown;
    try {
      result = this.#reporter.report(batch, this.#reportOptions);
    } catch (error) {
      this.#fail(batch, error);
      return true;
    }
    if (result === undefined) {
      this.#succeed(batch, start);
      return true;
    }
    // The promise of a RetryingReporter behaves.
    const settled = this.isRetrying ? (result as Promise<unknown>) : resultOf(result);
    settled.then(
      (result) => this.#succeed(batch, start, rejectedOf(result, batch.count)),
      (error) => this.#fail(batch, error),
    );
    return false;
  }

  #succeed(batch: T, start: number, rejected?: ReportResult): void {
    // It is not there if stop() or destroy() has already disposed of it.
    if (!this.#inProgress.remove(batch)) return;
    if (this.#outageSince !== undefined) {
      this.#events.emit('recovery', (performance.now() - this.#outageSince) / 1000);
      this.#outageSince = undefined;
    }
    const end = performance.now();
    if (this.#endOfLast === undefined) Promise.resolve().then(() => (this.#endOfLast = undefined));
    this.#endOfLast = end;
    this.lastSuccessAt = end;
    const seconds = (end - start) / 1000;
    if (rejected === undefined) this.#events.emit('forward', batch, seconds);
    else this.#events.emit('forward', batch, seconds, rejected);
    this.#next();
  }

  #fail(batch: T, error: unknown): void {
    if (this.#abort.signal.aborted) {
      // stop() returns this batch to its caller.
      this.#inProgress.giveUp(batch);
    } else {
      this.#failed(error, false);
      this.#inProgress.remove(batch);
      this.#events.emit(
        'drop',
        batch,
        this.isRetrying && isPermanent(error) ? 'rejected' : 'forward_failed',
        error,
      );
    }
    this.#next();
  }

  #failed(error: unknown, again: boolean): void {
    // A batch that the reporter will never accept does not mean that the reporter is down.
    if (this.#outageSince === undefined && !(this.isRetrying && isPermanent(error))) {
      this.#outageSince = performance.now();
      this.#events.emit('outage', error);
    }
    if (again) this.#events.emit('retry', error);
  }

  #next(): void {
    if (!this.#inProgress.isWaiting) this.#onSettled?.();
    this.#proceed();
  }

  #proceed(): void {
    const callback = this.#blocked;
    // After an abort nothing new is reported: stop() returns what waits.
    if (callback === undefined || this.#abort.signal.aborted || !this.#hasPlace()) return;
    this.#blocked = undefined;
    callback();
  }
}
