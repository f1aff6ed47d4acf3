import { setMaxListeners } from 'node:events';
import type { LogBatch } from '../../codec/index.js';
import { type Amount, type Batch, isBatch, refuseOther } from '../batch.js';
import type { ForwarderEvents } from '../events.js';
import { GuardedEvents } from '../guard.js';
import { checkArgument, type OptionTable, objectWith, resolveOptions, wholeNumber } from '../options.js';
import { type Callback, Writable } from '../streams/base.js';
import { failWrite, isDirectBatch, queuedIn, type Write } from '../streams/direct.js';
import type { EndArguments, WriteRest } from '../streams/typed-stream.js';
import { sleep } from './abort.js';
import { isPermanent, type Reporter, resultOf } from './reporter.js';
import { RETRY_OPTION, RetryingReporter, type RetryOptions } from './retrying-reporter.js';

/** Options of {@link Forwarder}. */
export interface ForwarderOptions {
  /** How many batches are reported at the same time; more than 1 gives up their order. Default: `1`. */
  concurrency?: number | undefined;
  /**
   * Whether and how a batch is retried after the reporter failed. If it is `false`, the batch is dropped, as in
   * Coder's workspace agent. Default: `false`.
   */
  retry?: RetryOptions | false | undefined;
}

export const FORWARDER_OPTIONS = {
  concurrency: {
    ...wholeNumber({ min: 1, max: 1000 }),
    default: 1,
    doc: 'How many batches are reported at the same time; more than 1 gives up their order',
  },
  retry: RETRY_OPTION,
} satisfies OptionTable<ForwarderOptions>;

/**
 * Writable, object mode: batches → {@link Reporter}, one at a time and in order.
 *
 * | event | arguments | when |
 * |---|---|---|
 * | `forward` | batch, seconds | the reporter has accepted the batch |
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
  /** The batches that are being reported. */
  readonly inFlight: Amount = { batches: 0, logs: 0 };
  readonly #reporter: Reporter<T>;
  readonly #concurrency: number;
  /** Whether the option `retry` is set. */
  readonly isRetrying: boolean;
  readonly #events = new GuardedEvents(this);
  readonly #abort = new AbortController();
  readonly #reportOptions = { signal: this.#abort.signal };
  /** The batches that are being reported, in order. Usually there is only one, and then a list costs less than a Set. */
  #reporting: T[] = [];
  /** The batches among them whose report failed after {@link stop} had aborted it. */
  readonly #givenUp = new Set<T>();
  /** Continues the write that used the last free place, as soon as there is one again. */
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
    const { concurrency, retry } = resolveOptions('Forwarder', options, FORWARDER_OPTIONS);
    super({ objectMode: true, highWaterMark: 1 });
    this.isRetrying = retry !== false;
    this.#reporter =
      retry === false
        ? reporter
        : new RetryingReporter(reporter, retry, (error) => this.#failed(error, true));
    this.#concurrency = concurrency;
    // Each report in progress may listen to it.
    setMaxListeners(0, this.#abort.signal);
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
    checkArgument('stop', 'graceMs', graceMs, wholeNumber({ min: 0, max: 2 ** 31 - 1 }));
    this.#abort.abort();
    if (this.#reporting.length > this.#givenUp.size) {
      const settled = new AbortController();
      this.#onSettled = () => settled.abort();
      this.once('close', this.#onSettled);
      await sleep(graceMs, settled.signal);
    }
    const left = [...this.#reporting, ...this.#takeQueued()];
    this.#reporting = [];
    this.destroy();
    return left;
  }

  override end(batch: never, encoding?: unknown, callback?: unknown): this;
  override end(...args: EndArguments<T>): this;
  override end(...args: unknown[]): this {
    this.#isOpen = false;
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
    if (this.#reporting.length === 0) callback();
    else this.#onSettled = callback;
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#isOpen = false;
    this.#abort.abort();
    const left = [...this.#reporting, ...this.#takeQueued()];
    for (const batch of left) this.#leave(batch);
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
    return this.#reporting.length < this.#concurrency;
  }

  /** Starts a report. @returns whether it has completed synchronously. */
  #report(batch: T): boolean {
    this.#reporting.push(batch);
    this.inFlight.batches += 1;
    this.inFlight.logs += batch.count;
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
    const settled = this.isRetrying ? (result as Promise<void>) : resultOf(result);
    settled.then(
      () => this.#succeed(batch, start),
      (error) => this.#fail(batch, error),
    );
    return false;
  }

  #succeed(batch: T, start: number): void {
    if (!this.#leave(batch)) return;
    if (this.#outageSince !== undefined) {
      this.#events.emit('recovery', (performance.now() - this.#outageSince) / 1000);
      this.#outageSince = undefined;
    }
    const end = performance.now();
    if (this.#endOfLast === undefined) Promise.resolve().then(() => (this.#endOfLast = undefined));
    this.#endOfLast = end;
    this.lastSuccessAt = end;
    this.#events.emit('forward', batch, (end - start) / 1000);
    this.#next();
  }

  #fail(batch: T, error: unknown): void {
    if (this.#abort.signal.aborted) {
      // stop() returns this batch to its caller.
      if (this.#reporting.includes(batch)) this.#givenUp.add(batch);
    } else {
      this.#failed(error, false);
      this.#leave(batch);
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

  /** @returns false if stop() or destroy() has already disposed of the batch. */
  #leave(batch: T): boolean {
    if (this.#reporting.at(-1) === batch) {
      this.#reporting.pop();
    } else {
      const i = this.#reporting.indexOf(batch);
      if (i === -1) return false;
      if (i === 0) this.#reporting.shift();
      else this.#reporting.splice(i, 1);
    }
    if (this.#givenUp.size > 0) this.#givenUp.delete(batch);
    this.inFlight.batches -= 1;
    this.inFlight.logs -= batch.count;
    return true;
  }

  #next(): void {
    if (this.#reporting.length === this.#givenUp.size) this.#onSettled?.();
    const callback = this.#blocked;
    // After an abort nothing new is reported: stop() returns what waits.
    if (callback === undefined || this.#abort.signal.aborted) return;
    this.#blocked = undefined;
    callback();
  }
}
