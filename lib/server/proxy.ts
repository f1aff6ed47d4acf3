import type { Registry } from 'prom-client';
import type { LogBatch } from '../../codec/index.js';
import { wasmFailure } from '../../codec/web-assembly.js';
import type { Amount, Batch } from '../batch.js';
import { BoundaryLogError } from '../errors.js';
import { onAbort } from '../forwarding/abort.js';
import { Forwarder } from '../forwarding/forwarder.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { RetryOptions } from '../forwarding/retrying-reporter.js';
import type { Logger } from '../logger.js';
import { invalidOption, resolveOptions } from '../options.js';
import { SpoolBuffer } from '../spool/spool-buffer.js';
import { LogBuffer } from '../streams/log-buffer.js';
import { StatusSink } from '../streams/status-sink.js';
import {
  type Accounts,
  copy,
  DROP_REASONS,
  type DropReason,
  subtract,
  Tally,
} from '../telemetry/accounts.js';
import { Metrics, REJECT_REASONS, type RejectReason } from '../telemetry/metrics.js';
import { Warnings } from '../telemetry/warnings.js';
import { Connections } from './connections.js';
import { drain } from './drain.js';
import {
  type BoundaryLogProxyOptions,
  CLOSE_OPTIONS,
  type CloseOptions,
  PROXY_OPTIONS,
  RUN_OPTIONS,
  type RunForwarderOptions,
} from './proxy-options.js';
import { MAX_SOCKET_PATH_LENGTH, UnixListener } from './unix-listener.js';

/**
 * Receives boundary's audit logs over a Unix socket, keeps them in a bounded buffer that all connections share, and
 * forwards them to a reporter.
 *
 * ```ts
 * const proxy = new BoundaryLogProxy({ socketPath: '/run/boundary-audit.sock' });
 * await proxy.start();
 * await proxy.runForwarder({ report: (batch) => console.log(batch.request) });
 * ```
 *
 * Listening and forwarding are independent of each other and may begin in any order.
 */
export class BoundaryLogProxy {
  /** The path of the socket. */
  readonly socketPath: string;
  /** The registry that contains the metrics. */
  readonly registry: Registry;
  readonly #socketMode: number;
  readonly #logger: Logger;
  readonly #warnings: Warnings;
  readonly #tally = new Tally();
  readonly #status = new StatusSink();
  readonly #rejected = Object.fromEntries(REJECT_REASONS.map((reason) => [reason, 0])) as Record<
    RejectReason,
    number
  >;
  readonly #buffer: LogBuffer | SpoolBuffer;
  /** The buffer, if it is on disk. */
  readonly #spool: SpoolBuffer | undefined;
  readonly #connections: Connections;
  readonly #metrics: Metrics;
  readonly #closing = new AbortController();
  #retries = 0;
  #listener: UnixListener | undefined;
  #forwarder: Forwarder | undefined;
  #forwarding: Promise<void> | undefined;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @throws ERR_INVALID_OPTION
   * @throws ERR_REGISTRY_IN_USE if the registry contains the metrics of a proxy that is not closed.
   */
  constructor(options: BoundaryLogProxyOptions = {}) {
    const resolved = resolveOptions('BoundaryLogProxy', options, PROXY_OPTIONS);
    const { bufferSize: maxBatches, bufferBytes: maxBytes, overflow, fairShare, spool } = resolved;
    this.socketPath = resolved.socketPath;
    if (Buffer.byteLength(this.socketPath) > MAX_SOCKET_PATH_LENGTH) {
      const expected = `a path of at most ${MAX_SOCKET_PATH_LENGTH} bytes`;
      throw invalidOption('BoundaryLogProxy: socketPath', this.socketPath, expected);
    }
    this.#socketMode = resolved.socketMode;
    this.#logger = resolved.logger;
    this.#warnings = new Warnings(this.#logger);
    this.registry = resolved.registry;
    if (spool !== undefined) {
      this.#spool = new SpoolBuffer(spool, overflow, this.#logger);
      this.#spool.on('loss', (lost: Amount) => this.#tally.dropAmount(lost, 'spool_damaged'));
      this.#spool.on('failure', (error: Error) => this.#warnings.spoolFailed(error));
    }
    this.#buffer = this.#spool ?? new LogBuffer({ maxBatches, maxBytes, overflow, fairShare });
    this.#buffer.on('drop', (batch: Batch, reason: DropReason, error) => this.#drop(batch, reason, error));
    this.#connections = new Connections(
      {
        logs: this.#buffer,
        status: this.#status,
        reject: (reason, error) => {
          this.#rejected[reason] += 1;
          this.#warnings.rejected(reason, error);
        },
      },
      resolved,
      this.#warnings,
      this.#logger,
    );
    this.#metrics = new Metrics(this.registry, {
      accounts: () => this.accounts(),
      retries: () => this.#retries,
      buffer: this.#buffer,
      spool: this.#spool,
      status: this.#status,
      rejected: this.#rejected,
      connections: this.#connections,
      shortages: this.#warnings.shortages.counts,
      wasmEnabled: () => wasmFailure() === undefined,
    });
  }

  /**
   * Starts to listen. While it listens, another call has no effect; after a failure it may be called again.
   *
   * @throws ERR_SOCKET_IN_USE, ERR_NOT_A_SOCKET, ERR_LISTEN_FAILED
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED if there is a spool that cannot be opened.
   * @throws ERR_CLOSED after `close()`.
   */
  start(): Promise<void> {
    this.#started ??= this.#start().catch((error) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  /**
   * Forwards the buffered batches to the reporter, one after the other, and resolves when `signal` aborts or the proxy
   * is closed. It may run again, with the same or another reporter. What is buffered stays buffered. A batch whose report
   * did not end in time returns to the buffer, so a reporter may receive it twice.
   *
   * If the reporter fails, the batch is dropped as `forward_failed`. With `retry` the proxy retries it, unless the
   * reporter will never accept it (`error.permanent`); then it is dropped as `rejected`.
   *
   * @throws ERR_INVALID_OPTION
   * @throws ERR_FORWARDER_RUNNING if another run has not ended.
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED if there is a spool that cannot be opened.
   */
  async runForwarder(reporter: Reporter, options: RunForwarderOptions = {}): Promise<void> {
    const { signal, concurrency, retry, graceMs } = resolveOptions('runForwarder', options, RUN_OPTIONS);
    const forwarder = new Forwarder(this.#spool?.guard(reporter) ?? reporter, {
      concurrency,
      retry: this.#retryPolicy(retry),
    });
    if (this.#forwarder !== undefined) {
      const message = 'a forwarder is already running: abort its signal, and wait until it has ended';
      throw new BoundaryLogError('ERR_FORWARDER_RUNNING', message);
    }
    const end = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    if (end.aborted) return;
    this.#forwarder = forwarder;
    this.#forwarding = this.#forward(forwarder, end, graceMs).finally(() => {
      this.#forwarder = undefined;
    });
    await this.#forwarding;
  }

  /**
   * Stops listening, drains the buffer if `drain` says so, closes every connection, waits for them, and removes the
   * socket file. Batches that are left are dropped as `shutdown`, or stay in the spool. One line of the log contains the
   * final accounts. A second call waits for the first one. After `close()` the proxy cannot be started.
   *
   * @throws ERR_INVALID_OPTION
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { drain: drainMs } = resolveOptions('close', options, CLOSE_OPTIONS);
    this.#closed ??= this.#close(drainMs);
    return this.#closed;
  }

  /** Calls {@link BoundaryLogProxy.close} without draining. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What has become of everything that was received. */
  accounts(): Accounts {
    const { forwarded, dropped } = this.#tally;
    const inFlight = copy(this.#forwarder?.inFlight ?? { batches: 0, logs: 0 });
    return {
      received: copy(this.#buffer.received),
      recovered: copy(this.#spool?.recovered ?? { batches: 0, logs: 0 }),
      forwarded: copy(forwarded),
      dropped: Object.fromEntries(
        DROP_REASONS.map((reason) => [reason, copy(dropped[reason])]),
      ) as Accounts['dropped'],
      // A spool keeps the batches in flight, too, until the reporter has accepted them.
      buffered: this.#spool ? subtract(this.#spool.held, inFlight) : copy(this.#buffer.held),
      inFlight,
    };
  }

  async #start(): Promise<void> {
    if (this.#closed !== undefined) {
      throw new BoundaryLogError('ERR_CLOSED', 'this proxy was closed: create a new one');
    }
    // If another proxy uses the spool, no sender may connect to this one.
    await this.#spool?.lock();
    this.#connections.start();
    this.#listener = await UnixListener.open(
      this.socketPath,
      this.#socketMode,
      (socket) => this.#connections.add(socket),
      (error) => this.#connections.notAccepted(error),
    );
    this.#logger.info({ socketPath: this.socketPath }, 'listening');
    if (wasmFailure() !== undefined) this.#warnings.wasmDisabled(wasmFailure());
    try {
      // During a shortage it is opened in the background, and senders wait.
      await Promise.race([this.#spool?.open(), new Promise((short) => this.#spool?.once('failure', short))]);
    } catch (error) {
      await this.#listener.close();
      this.#listener = undefined;
      throw error;
    }
  }

  async #forward(forwarder: Forwarder, end: AbortSignal, graceMs: number): Promise<void> {
    const ended = new Promise<void>((resolve) => onAbort(end, resolve));
    await Promise.race([this.#spool?.open(), ended]);
    forwarder.on('forward', (batch: LogBatch, seconds: number) => {
      this.#tally.forward(batch);
      this.#metrics.forwardDuration.add(seconds);
      this.#spool?.ack(batch);
    });
    forwarder.on('drop', (batch: LogBatch, reason: DropReason, error) => {
      this.#drop(batch, reason, error);
      this.#spool?.ack(batch);
    });
    forwarder.on('retry', (error) => {
      this.#retries += 1;
      this.#warnings.shortages.count(error);
    });
    if (forwarder.isRetrying) this.#warnings.watchOutages(forwarder);
    this.#buffer.pipe(forwarder, { end: false });
    await ended;
    this.#buffer.unpipe(forwarder);
    const left = await forwarder.stop(graceMs);
    // In one turn, so that the accounts always balance.
    for (const batch of left.reverse()) this.#buffer.unshift(batch);
    this.#forwarder = undefined;
  }

  async #close(drainMs: number): Promise<void> {
    await this.#started?.catch(() => undefined);
    await this.#listener?.close();
    const deadline = performance.now() + drainMs;
    if (drainMs > 0) await drain(() => this.#hasLeft(), this.#connections, deadline);
    this.#closing.abort();
    await this.#forwarding?.catch(() => undefined);
    this.#buffer.shutdown();
    await this.#connections.closeAll();
    await this.#spool?.close();
    this.#buffer.destroy();
    this.#warnings.end();
    this.#metrics.release();
    if (this.#listener === undefined) return;
    const { received, recovered, forwarded, dropped, buffered: kept } = this.accounts();
    this.#logger.info({ received, recovered, forwarded, dropped, kept }, 'closed');
  }

  /** With a spool no batch is given up, so attempts end only with the run. */
  #retryPolicy(retry: RunForwarderOptions['retry']): RetryOptions | false {
    if (this.#spool === undefined) return retry ?? false;
    if (retry === false) return false;
    return { ...retry, maxAttempts: Number.POSITIVE_INFINITY, maxElapsedMs: Number.POSITIVE_INFINITY };
  }

  #hasLeft(): boolean {
    const { buffered, inFlight } = this.accounts();
    return this.#forwarder !== undefined && buffered.batches + inFlight.batches > 0;
  }

  #drop(batch: Batch, reason: DropReason, error?: unknown): void {
    this.#tally.drop(batch, reason);
    // The closing account contains what a shutdown drops.
    if (reason !== 'shutdown') this.#warnings.dropped(batch, reason, error);
  }
}
