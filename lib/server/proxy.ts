import type { Socket } from 'node:net';
import { wasmFailure } from '../../codec/web-assembly.js';
import { BoundaryLogError } from '../errors.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { Logger } from '../logger.js';
import { invalidOption, resolveOptions } from '../options.js';
import type { SessionLedger } from '../sessions/session-ledger.js';
import { isSameSocket } from '../socket-path.js';
import { StatusSink } from '../streams/status-sink.js';
import type { Accounts } from '../telemetry/accounts.js';
import { ForeignCode } from '../telemetry/foreign-code.js';
import { type Health, healthOf } from '../telemetry/health.js';
import { Metrics } from '../telemetry/metrics.js';
import type { MetricsRegistry } from '../telemetry/prom-client.js';
import { noRejections, type RejectReason } from '../telemetry/reject-reasons.js';
import { Warnings } from '../telemetry/warnings.js';
import { Connections } from './connections.js';
import { Deliveries } from './deliveries.js';
import { Drain } from './drain.js';
import { giveInsight } from './insight.js';
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
} from './proxy-options.js';
import { Sessions } from './sessions.js';
import { checkSourceOptions, SourceEntrance } from './source-entrance.js';

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
  /** The path of the socket. With the option `source`, there is none at this path. */
  readonly socketPath: string;
  /** The registry that contains the metrics. */
  readonly registry: MetricsRegistry;
  readonly #listenOptions: ListenOptions;
  readonly #logger: Logger;
  readonly #warnings: Warnings;
  readonly #socketFaults: SocketFaults;
  readonly #status: StatusSink;
  readonly #rejected = noRejections();
  readonly #deliveries: Deliveries;
  readonly #sessions: Sessions | undefined;
  readonly #connections: Connections;
  readonly #entrance: SourceEntrance | undefined;
  readonly #metrics: Metrics;
  readonly #hasGivenRegistry: boolean;
  readonly #closing = new AbortController();
  readonly #drain = new Drain();
  #listener: Listener | undefined;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @throws ERR_INVALID_OPTION
   * @throws ERR_REGISTRY_IN_USE if the registry contains the metrics of a proxy that is not closed.
   * @throws ERR_SPOOL_FAILED if there are several reporters, and the folder of the spool cannot be listed.
   */
  constructor(options: BoundaryLogProxyOptions = {}) {
    const resolved = resolveOptions('BoundaryLogProxy', options, PROXY_OPTIONS);
    checkSourceOptions(options);
    this.socketPath = resolved.socketPath;
    const foreign = new ForeignCode(resolved.logger);
    this.#logger = foreign.logger;
    this.#listenOptions = { ...resolved, logger: foreign.logger };
    this.#warnings = new Warnings(this.#logger);
    this.#socketFaults = new SocketFaults(this.#logger);
    this.registry = resolved.registry;
    this.#hasGivenRegistry = options.registry !== undefined;
    const { bufferSize: maxBatches, bufferBytes: maxBytes, fairShare, spool, source } = resolved;
    const returns = source !== undefined;
    const overflow = returns ? 'block' : resolved.overflow;
    const events = {
      changed: () => this.#drain.changed(),
      forwarded: (seconds: number) => {
        this.#metrics.forwardDuration.add(seconds);
        this.#drain.changed();
      },
      dropped: (...drop: Parameters<Sessions['dropped']>) => this.#sessions?.dropped(...drop),
      settled: (...done: Parameters<SourceEntrance['settle']>) => this.#entrance?.settle(...done),
    };
    const { sessions, maxStatusCount } = resolved;
    if (sessions !== undefined) this.#sessions = new Sessions(sessions, maxStatusCount, foreign.logger);
    this.#deliveries = new Deliveries(
      resolved.reporters,
      { maxBatches, maxBytes, overflow, fairShare, spool, returns, logger: foreign.logger },
      this.#warnings,
      events,
    );
    this.#status = new StatusSink({ maxStatusCount });
    const reject = (reason: RejectReason, error?: BoundaryLogError) => {
      this.#rejected[reason] += 1;
      this.#warnings.rejected(reason, error);
    };
    this.#status.on('reject', () => reject('implausible_status'));
    const { logs, first, others } = this.#deliveries;
    const sinks = {
      ...{ logs, status: this.#status, reject },
      sender: () => this.#deliveries.sender(),
      drop: this.#deliveries.drop,
      makeAudit: this.#sessions?.audit,
    };
    this.#connections = new Connections(sinks, resolved, this.#warnings, this.#logger);
    if (source !== undefined)
      this.#entrance = new SourceEntrance(source, resolved.redact, {
        ...{ logs, reject, reporters: resolved.reporters.length },
        ...{ drop: this.#deliveries.drop, redelivered: this.#deliveries.redelivered },
      });
    const state = {
      source: this.#entrance,
      accounts: () => this.accounts(),
      retries: () => first.retries,
      buffer: first.buffer,
      spool: first.spool,
      reporter: first.state,
      others,
      status: this.#status,
      rejected: this.#rejected,
      connections: this.#connections,
      sessions: this.#sessions?.ledger,
      shortages: this.#warnings.shortages.counts,
      wasmEnabled: () => wasmFailure() === undefined,
      foreignErrors: () => foreign.errors,
    };
    this.#metrics = new Metrics(this.registry, state, foreign.registry);
    giveInsight(this, {
      deliveries: this.#deliveries.all,
      sessions: this.#sessions,
      observe: (observer) => (this.#entrance ?? this.#connections).observe(observer),
    });
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
    const resolved = resolveOptions('runForwarder', options, RUN_OPTIONS);
    const { name, signal } = resolved;
    const target = reporter?.socketPath;
    if (target !== undefined && this.#entrance === undefined && isSameSocket(target, this.socketPath)) {
      throw invalidOption(
        'runForwarder: reporter',
        target,
        'another socket than that of the proxy, which would loop',
      );
    }
    const end = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    await this.#deliveries.named('runForwarder: name', name).run(reporter, resolved, end);
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

  /**
   * What has become of all batches that were received, for one reporter.
   *
   * @param reporter One of the option `reporters`. Default: the first one.
   * @throws ERR_INVALID_OPTION
   */
  accounts(reporter?: string): Accounts {
    return this.#deliveries.named('accounts', reporter).accounts();
  }

  /** The ledger of the sessions, with the option `sessions`. */
  get sessions(): SessionLedger | undefined {
    return this.#sessions?.ledger;
  }

  /** Whether the proxy does its work, and if not, why. It looks at the socket file. */
  health(): Health {
    return healthOf({
      isListening: this.#listener !== undefined && this.#closed === undefined,
      hasSocketFile: this.#listener?.hasFile ?? false,
      isSourceUp: this.#entrance?.isUp ?? true,
      ...this.#deliveries.facts,
    });
  }

  async #start(): Promise<void> {
    this.#connections.start();
    try {
      const events = {
        connection: (socket: Socket) => this.#connections.add(socket),
        error: (error: Error) => this.#connections.notAccepted(error),
        fault: (...fault: Parameters<SocketFaults['tell']>) => this.#socketFaults.tell(...fault),
      };
      this.#listener = await (this.#entrance?.open() ??
        openListener(this.#listenOptions, this.#deliveries, events));
      if (wasmFailure() !== undefined) this.#warnings.wasmDisabled(wasmFailure());
      await this.#deliveries.open();
    } catch (error) {
      await this.#listener?.close();
      await this.#listener?.finish?.();
      this.#listener = undefined;
      this.#connections.stop();
      throw error;
    }
  }

  async #close(drainMs: number): Promise<void> {
    this.#entrance?.abandon();
    await this.#started?.catch(() => undefined);
    await this.#listener?.close();
    const deadline = performance.now() + drainMs;
    if (drainMs > 0)
      await this.#drain.run(() => this.#deliveries.canForward(deadline), this.#connections, drainMs);
    this.#closing.abort();
    await this.#deliveries.shutdown();
    this.#metrics.release(!this.#hasGivenRegistry);
    await this.#connections.closeAll();
    await this.#deliveries.closeSpools();
    await this.#listener?.finish?.();
    this.#deliveries.destroy();
    this.#sessions?.close();
    this.#warnings.end();
    if (this.#listener === undefined) return;
    this.#logger.info(this.#deliveries.closingAccount(), 'closed');
  }
}
