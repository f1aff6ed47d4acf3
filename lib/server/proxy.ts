import type { LogBatch } from '../../codec/index.js';
import { wasmFailure } from '../../codec/web-assembly.js';
import { onAbort } from '../abort.js';
import type { Amount, Batch } from '../batch.js';
import { BoundaryLogError } from '../errors.js';
import { Forwarder } from '../forwarding/forwarder.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { Logger } from '../logger.js';
import { resolveOptions } from '../options.js';
import { SpoolBuffer } from '../spool/spool-buffer.lazy.js';
import { LogBuffer } from '../streams/log-buffer.js';
import { StatusSink } from '../streams/status-sink.js';
import { type Accounts, type DropReason, subtract, Tally } from '../telemetry/accounts.js';
import { ForeignCode } from '../telemetry/foreign-code.js';
import { type Health, healthOf } from '../telemetry/health.js';
import { Metrics } from '../telemetry/metrics.js';
import type { MetricsRegistry } from '../telemetry/prom-client.js';
import { noRejections, type RejectReason } from '../telemetry/reject-reasons.js';
import { ReporterState } from '../telemetry/reporter-state.js';
import { Warnings } from '../telemetry/warnings.js';
import { Connections } from './connections.js';
import { Drain } from './drain.js';
import type { Listener } from './listener/listener.js';
import { type ListenOptions, openListener } from './listener/open-listener.js';
import { SocketFaults } from './listener/socket-faults.js';
import {
  type BoundaryLogProxyOptions,
  CLOSE_OPTIONS,
  type CloseOptions,
  PROXY_OPTIONS,
  RUN_OPTIONS,
  type RunForwarderOptions,
  retryPolicy,
} from './proxy-options.js';

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
  readonly registry: MetricsRegistry;
  readonly #listenOptions: ListenOptions;
  readonly #logger: Logger;
  readonly #warnings: Warnings;
  readonly #socketFaults: SocketFaults;
  readonly #tally = new Tally();
  readonly #status: StatusSink;
  readonly #reporterState = new ReporterState();
  readonly #rejected = noRejections();
  readonly #buffer: LogBuffer | SpoolBuffer;
  /** The buffer, if it is on disk. */
  readonly #spool: SpoolBuffer | undefined;
  readonly #connections: Connections;
  readonly #metrics: Metrics;
  readonly #hasGivenRegistry: boolean;
  readonly #closing = new AbortController();
  readonly #drain = new Drain();
  #retries = 0;
  #listener: Listener | undefined;
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
    const foreign = new ForeignCode(resolved.logger);
    this.#logger = foreign.logger;
    this.#listenOptions = { ...resolved, logger: foreign.logger };
    this.#warnings = new Warnings(this.#logger);
    this.#socketFaults = new SocketFaults(this.#logger);
    this.registry = resolved.registry;
    this.#hasGivenRegistry = options.registry !== undefined;
    if (spool !== undefined) {
      this.#spool = new SpoolBuffer(spool, overflow, this.#logger);
      this.#spool.on('loss', (lost: Amount) => this.#tally.dropAmount(lost, 'spool_damaged'));
      this.#spool.on('failure', (error: Error) => this.#warnings.spoolFailed(error));
    }
    const onDrop = (batch: Batch, reason: DropReason, error?: unknown) => this.#drop(batch, reason, error);
    const inMemory = { maxBatches, maxBytes, overflow, fairShare };
    this.#buffer = this.#spool?.on('drop', onDrop) ?? new LogBuffer(inMemory).on('drop', onDrop);
    this.#status = new StatusSink({ maxStatusCount: resolved.maxStatusCount });
    const reject = (reason: RejectReason, error?: BoundaryLogError) => {
      this.#rejected[reason] += 1;
      this.#warnings.rejected(reason, error);
    };
    this.#status.on('reject', () => reject('implausible_status'));
    const sinks = { logs: this.#buffer, status: this.#status, reject, drop: onDrop };
    this.#connections = new Connections(sinks, resolved, this.#warnings, this.#logger);
    const source = {
      accounts: () => this.accounts(),
      retries: () => this.#retries,
      buffer: this.#buffer,
      spool: this.#spool,
      reporter: this.#reporterState,
      status: this.#status,
      rejected: this.#rejected,
      connections: this.#connections,
      shortages: this.#warnings.shortages.counts,
      wasmEnabled: () => wasmFailure() === undefined,
      foreignErrors: () => foreign.errors,
    };
    this.#metrics = new Metrics(this.registry, source, foreign.registry);
  }

  /**
   * Starts to listen. While it listens, another call has no effect; after a failure it may be called again.
   *
   * @throws ERR_SOCKET_IN_USE, ERR_NOT_A_SOCKET, ERR_LISTEN_FAILED
   * @throws ERR_INVALID_OPTION for a `socketGroup` that does not exist, or a `socketFd` that is not such a socket.
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED if there is a spool that cannot be opened.
   * @throws ERR_RECORD_FAILED if there is a capture that cannot be created.
   * @throws ERR_CLOSED after `close()`.
   */
  start(): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(new BoundaryLogError('ERR_CLOSED', 'this proxy was closed: create a new one'));
    }
    this.#started ??= this.#start().catch((error) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  /**
   * Forwards the buffered batches to the reporter, one after the other, and resolves when `signal` aborts or the proxy
   * is closed. It may run again, with the same or another reporter. What is buffered stays buffered. A batch whose report
   * did not end in time returns to the buffer, so a reporter may receive it twice. After `close()` it resolves at once.
   *
   * If the reporter fails, the batch is dropped as `forward_failed`. With `retry` the proxy retries it, unless the
   * reporter will never accept it (`error.permanent`); then it is dropped as `rejected`.
   *
   * @throws ERR_INVALID_OPTION
   * @throws ERR_FORWARDER_RUNNING if another run has not ended.
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED if there is a spool that cannot be opened.
   */
  async runForwarder(reporter: Reporter, options: RunForwarderOptions = {}): Promise<void> {
    const { signal, graceMs, retry, ...rest } = resolveOptions('runForwarder', options, RUN_OPTIONS);
    const forwarder = new Forwarder(this.#spool?.guard(reporter) ?? reporter, {
      ...rest,
      retry: retryPolicy(retry, this.#spool !== undefined),
    });
    if (this.#forwarder !== undefined) {
      const message = 'a forwarder is already running: abort its signal, and wait until it has ended';
      throw new BoundaryLogError('ERR_FORWARDER_RUNNING', message);
    }
    const end = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    if (end.aborted) return;
    this.#forwarder = forwarder;
    this.#reporterState.watch(forwarder);
    if (forwarder.isRetrying && reporter.logsOutages !== true) this.#warnings.watchOutages(forwarder);
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
    const nothing = { batches: 0, logs: 0 };
    const inFlight = this.#forwarder?.inFlight ?? nothing;
    return this.#tally.accounts({
      received: this.#buffer.received,
      recovered: this.#spool?.recovered ?? nothing,
      // A spool keeps the batches in flight, too, until the reporter has accepted them.
      buffered: this.#spool ? subtract(this.#spool.held, inFlight) : this.#buffer.held,
      inFlight,
    });
  }

  /** Whether the proxy does its work, and if not, why. It looks at the socket file. */
  health(): Health {
    return healthOf({
      isListening: this.#listener !== undefined && this.#closed === undefined,
      hasSocketFile: this.#listener?.hasFile ?? false,
      isForwarding: this.#forwarder?.destroyed === false,
      isSpoolWritable: this.#spool?.isWritable ?? true,
      sinceDropMs: this.#tally.sinceDropMs,
      isReporterUp: this.#reporterState.isUp,
    });
  }

  async #start(): Promise<void> {
    this.#connections.start();
    try {
      this.#listener = await openListener(this.#listenOptions, this.#spool, {
        connection: (socket) => this.#connections.add(socket),
        error: (error) => this.#connections.notAccepted(error),
        fault: (path, fault, error) => this.#socketFaults.tell(path, fault, error),
      });
      if (wasmFailure() !== undefined) this.#warnings.wasmDisabled(wasmFailure());
      // During a shortage it is opened in the background, and senders wait.
      await Promise.race([this.#spool?.open(), new Promise((short) => this.#spool?.once('failure', short))]);
    } catch (error) {
      await this.#listener?.close();
      await this.#listener?.finish?.();
      this.#listener = undefined;
      this.#connections.stop();
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
      this.#drain.changed();
    });
    forwarder.on('drop', (batch: LogBatch, reason: DropReason, error) => {
      this.#drop(batch, reason, error);
      this.#spool?.ack(batch);
      this.#drain.changed();
    });
    forwarder.on('retry', (error) => {
      this.#retries += 1;
      this.#warnings.shortages.count(error);
    });
    this.#buffer.pipe(forwarder, { end: false });
    await ended;
    this.#buffer.unpipe(forwarder);
    const left = await forwarder.stop(graceMs);
    // In one turn, so that the accounts always balance.
    for (const batch of left.reverse()) this.#buffer.unshift(batch);
    this.#forwarder = undefined;
    this.#drain.changed();
  }

  async #close(drainMs: number): Promise<void> {
    await this.#started?.catch(() => undefined);
    await this.#listener?.close();
    const deadline = performance.now() + drainMs;
    if (drainMs > 0) await this.#drain.run(() => this.#canForward(deadline), this.#connections, drainMs);
    this.#closing.abort();
    await this.#forwarding?.catch(() => undefined);
    this.#buffer.shutdown();
    this.#metrics.release(!this.#hasGivenRegistry);
    await this.#connections.closeAll();
    await this.#spool?.close();
    await this.#listener?.finish?.();
    this.#buffer.destroy();
    this.#warnings.end();
    if (this.#listener === undefined) return;
    const { received, recovered, forwarded, dropped, buffered: kept } = this.accounts();
    this.#logger.info({ received, recovered, forwarded, dropped, kept }, 'closed');
  }

  /** Whether there is something left that the reporter will be given before the deadline. */
  #canForward(deadline: number): boolean {
    const { buffered, inFlight } = this.accounts();
    if (this.#forwarder === undefined || buffered.batches + inFlight.batches === 0) return false;
    this.#forwarder.hurry();
    return !((this.#forwarder.nextAttemptAt ?? 0) > deadline);
  }

  #drop(batch: Batch, reason: DropReason, error?: unknown): void {
    this.#tally.drop(batch, reason);
    // The closing account contains what a shutdown drops.
    if (reason !== 'shutdown') this.#warnings.dropped(batch, reason, error);
  }
}
