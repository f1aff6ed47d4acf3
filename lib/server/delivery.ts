import type { LogBatch } from '../../codec/index.js';
import { onAbort } from '../abort.js';
import type { Amount, Batch, ReportResult } from '../batch.js';
import { BoundaryLogError } from '../errors.js';
import { Forwarder } from '../forwarding/forwarder.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { ResolvedOptions } from '../options.js';
import type { SpoolBuffer } from '../spool/spool-buffer.js';
import { LogBuffer, type LogBufferOptions } from '../streams/log-buffer.js';
import { type Accounts, type DropReason, subtract, Tally } from '../telemetry/accounts.js';
import { ReporterState } from '../telemetry/reporter-state.js';
import type { Warnings } from '../telemetry/warnings.js';
import { type RUN_OPTIONS, type RunForwarderOptions, retryPolicy } from './proxy-options.js';
import { isReturnable } from './settlement.js';

export interface DeliveryOptions extends LogBufferOptions {
  /** Whether a source delivers again what it is told was not delivered. */
  readonly returns: boolean;
  /** The buffer, if it is on disk. */
  readonly spool: SpoolBuffer | undefined;
}

/** What a delivery reports besides its accounts. */
export interface DeliveryEvents {
  /** The reporter has accepted a batch, after so many seconds. */
  forwarded(seconds: number): void;
  /** A batch was dropped. */
  dropped(batch: LogBatch, reason: DropReason): void;
  /** The reporter is done with a batch. @param reason Undefined if the reporter has accepted it. */
  settled?: ((batch: Batch, reason?: DropReason, error?: unknown) => void) | undefined;
  /** There is less to forward than before. */
  changed(): void;
}

const NOTHING: Readonly<Amount> = { batches: 0, logs: 0 };

/** Delivers to one reporter: keeps its buffer, runs its forwarder, and accounts for both. */
export class Delivery {
  readonly name: string;
  readonly buffer: LogBuffer | SpoolBuffer;
  /** The buffer, if it is on disk. */
  readonly spool: SpoolBuffer | undefined;
  readonly state = new ReporterState();
  /** Failed attempts that were retried. */
  retries = 0;
  readonly #returns: boolean;
  readonly #warnings: Warnings;
  readonly #events: DeliveryEvents;
  readonly #tally = new Tally();
  #forwarder: Forwarder | undefined;
  #forwarding: Promise<void> | undefined;

  constructor(
    name: string,
    { spool, returns, ...options }: DeliveryOptions,
    warnings: Warnings,
    events: DeliveryEvents,
  ) {
    this.name = name;
    this.#returns = returns;
    this.#warnings = warnings;
    this.#events = events;
    this.spool = spool;
    spool?.on('loss', (lost: Amount) => this.#tally.dropAmount(lost, 'spool_damaged'));
    spool?.on('failure', (error: Error) => warnings.spoolFailed(error));
    const onDrop = (batch: Batch, reason: DropReason, error?: unknown) => this.drop(batch, reason, error);
    this.buffer = spool?.on('drop', onDrop) ?? new LogBuffer(options).on('drop', onDrop);
  }

  /** Whether a forwarder runs. */
  get isForwarding(): boolean {
    return this.#forwarder?.destroyed === false;
  }

  /** How long ago something was dropped, except by a shutdown, in ms; Infinity if nothing was. */
  get sinceDropMs(): number {
    return this.#tally.sinceDropMs;
  }

  accounts(): Accounts {
    const inFlight = this.#forwarder?.inFlight ?? NOTHING;
    return this.#tally.accounts({
      received: this.buffer.received,
      recovered: this.spool?.recovered ?? NOTHING,
      // A spool keeps the batches in flight, too, until the reporter has accepted them.
      buffered: this.spool ? subtract(this.spool.held, inFlight) : this.buffer.held,
      inFlight,
    });
  }

  /**
   * Forwards what is in the buffer until the signal aborts.
   *
   * @throws ERR_INVALID_OPTION, ERR_FORWARDER_RUNNING, ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED
   */
  async run(
    reporter: Reporter,
    { retry, graceMs, concurrency, lingerMs }: ResolvedOptions<RunForwarderOptions, typeof RUN_OPTIONS>,
    end: AbortSignal,
  ): Promise<void> {
    const forwarder = new Forwarder(this.spool?.guard(reporter) ?? reporter, {
      ...{ concurrency, lingerMs },
      retry: retryPolicy(retry, this.spool !== undefined),
    });
    if (this.#forwarder !== undefined) {
      const message = 'a forwarder is already running: abort its signal, and wait until it has ended';
      throw new BoundaryLogError('ERR_FORWARDER_RUNNING', message);
    }
    if (end.aborted) return;
    this.#forwarder = forwarder;
    this.state.watch(forwarder);
    if (forwarder.isRetrying && reporter.logsOutages !== true) this.#warnings.watchOutages(forwarder);
    this.#forwarding = this.#forward(forwarder, end, graceMs).finally(() => {
      this.#forwarder = undefined;
    });
    await this.#forwarding;
  }

  /** Whether the reporter will receive a batch before the deadline. From this call on, no report waits for more batches. */
  canForward(deadline: number): boolean {
    const { buffered, inFlight } = this.accounts();
    if (this.#forwarder === undefined || buffered.batches + inFlight.batches === 0) return false;
    this.#forwarder.hurry();
    return !((this.#forwarder.nextAttemptAt ?? 0) > deadline);
  }

  /** Waits for the end of the run, drops the batches in a memory buffer, and lets no writer wait any more. */
  async shutdown(): Promise<void> {
    await this.#forwarding?.catch(() => undefined);
    this.buffer.shutdown();
  }

  /** The source delivers a batch again, which the buffer receives next. */
  redelivered(batch: Batch): void {
    this.#tally.redeliver(batch);
  }

  /** Counts a batch as dropped, or as returned to the source, and warns. */
  drop(batch: Batch, reason: DropReason, error?: unknown): void {
    const isReturned = this.#returns && isReturnable(reason);
    if (isReturned) this.#tally.giveBack(batch);
    else this.#tally.drop(batch, reason);
    // The closing account contains what a shutdown drops.
    if (reason !== 'shutdown') this.#warnings[isReturned ? 'returned' : 'dropped'](batch, reason, error);
    if (!isReturned) this.#events.dropped(batch as LogBatch, reason);
    this.#events.settled?.(batch, reason, error);
  }

  /** Ends the buffer and the warnings. */
  destroy(): void {
    this.buffer.destroy();
    this.#warnings.end();
  }

  /** The destination has accepted a batch, except for some of its logs. Which ones, nobody knows. */
  #rejectedPart({ rejectedLogs: logs, error }: ReportResult): void {
    this.#warnings.droppedAmount({ batches: 0, logs }, 'rejected', error);
  }

  async #forward(forwarder: Forwarder, end: AbortSignal, graceMs: number): Promise<void> {
    const ended = new Promise<void>((resolve) => onAbort(end, resolve));
    await Promise.race([this.spool?.open(), ended]);
    forwarder.on('forward', (batch: LogBatch, seconds: number, rejected?: ReportResult) => {
      this.#tally.forward(batch, rejected?.rejectedLogs);
      if (rejected !== undefined) this.#rejectedPart(rejected);
      this.spool?.ack(batch);
      this.#events.settled?.(batch);
      this.#events.forwarded(seconds);
    });
    forwarder.on('drop', (batch: LogBatch, reason: DropReason, error) => {
      this.drop(batch, reason, error);
      this.spool?.ack(batch);
      this.#events.changed();
    });
    forwarder.on('retry', (error) => {
      this.retries += 1;
      this.#warnings.shortages.count(error);
    });
    forwarder.on('outage', (error) => this.state.failed(error));
    this.buffer.pipe(forwarder, { end: false });
    await ended;
    this.buffer.unpipe(forwarder);
    const left = await forwarder.stop(graceMs);
    // In one turn, so that the accounts always balance.
    for (const batch of left.reverse()) this.buffer.unshift(batch);
    this.#forwarder = undefined;
    this.#events.changed();
  }
}
