import type { Logger } from 'pino';
import { boundSocket } from '../server/listener/passed-socket.js';
import { BoundaryLogProxy } from '../server/proxy.js';
import type { BoundaryLogProxyOptions } from '../server/proxy-options.js';
import type { Accounts } from '../telemetry/accounts.js';
import type { Configuration } from './configuration/configuration.js';
import type { ServeOptions } from './configuration/serve-options.js';
import { type Destination, destinations, namesOf } from './destinations.js';
import { shellWord } from './invocation.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { countLostLines } from './log-output.js';
import { MetricsServer } from './metrics-server.js';
import { MetricsWhenFree } from './metrics-when-free.js';
import { registerProcessMetrics } from './process-metrics.js';
import { programLogger } from './program-logger.js';
import { passedSocket } from './socket-activation.js';
import { checkFilters } from './view.js';

/** How long the end waits for a reader of the log that does not keep up, in ms. */
const FLUSH_MS = 500;

/** How long an end may take before a terminal says that a second signal ends the process, in ms. */
const HINT_MS = 1000;

/** Runs the proxy until a signal arrives or the reader of stdout goes away. */
export async function serve({ options, entryOf, warnings }: Configuration, io: Io): Promise<number> {
  checkFilters(options, io, (option) => entryOf(option)?.name);
  const logger = programLogger(options.logLevel, io, options.utc);
  if (warnings.length > 0) logger.warn({ warnings }, 'parts of the configuration are ignored or unsafe');
  if (io.log !== undefined) {
    io.log.onRoom = (lines) =>
      logger.warn({ lines }, 'lines of this log were lost, because nobody read them');
  }
  const listen = listenOptions(options, io);
  const proxy = new BoundaryLogProxy({
    ...listen,
    onReplace: () => end.replaced(),
    reporters: namesOf(options.reporter),
    bufferSize: options.buffer,
    bufferBytes: options.bufferBytes,
    overflow: options.overflow,
    fairShare: options.fairShare,
    maxConnections: options.maxConnections,
    frameTimeout: options.frameTimeout * 1000,
    idleTimeout: options.idleTimeout * 1000,
    maxStatusCount: options.maxStatusCount,
    spool:
      options.spool === undefined
        ? undefined
        : { folder: options.spool, maxBytes: options.spoolMaxBytes, sync: options.spoolSync },
    redact:
      options.redact === undefined ? undefined : { keep: options.redactKeep, pattern: options.redactPattern },
    record:
      options.record === undefined ? undefined : { path: options.record, maxBytes: options.recordMaxBytes },
    logger,
  });
  if (io.log !== undefined) countLostLines(io.log, proxy.registry);
  const metrics = await serveMetrics(options, proxy, listen.socketFd, logger);
  const end = new End(io, logger);
  let isUnread = false;
  let exitCode: number = ExitCode.DONE;
  let all: Destination[] = [];
  try {
    all = await destinations(options, io, logger, end, entryOf('coderTokenFile')?.name);
    metrics?.announce();
    await proxy.start();
    if (io.stderr.isTTY) (io.log ?? io.stderr).write(greeting(io, proxy.socketPath));
    const withoutReader = new AbortController();
    const forwarding = all.map(({ kind, reporter, run }) =>
      proxy.runForwarder(reporter, { ...run, signal: kind === 'stdout' ? withoutReader.signal : undefined }),
    );
    const canForward = await end.reached;
    // The other reporters can still receive what is left.
    if (!canForward) withoutReader.abort();
    await proxy.close({ drain: canForward || all.length > 1 ? options.drain * 1000 : 0 });
    await Promise.all(forwarding);
    isUnread = io.stdout.writableLength > 0;
    const stdout = all.find(({ kind }) => kind === 'stdout');
    exitCode = stdout
      ? exitCodeOf(proxy.accounts(stdout.name), options, canForward, io.stderr.isTTY === true)
      : ExitCode.DONE;
    return exitCode;
  } finally {
    await proxy.close();
    end.release();
    await Promise.all(all.map(({ reporter }) => reporter.close?.()));
    await metrics?.close();
    if (isUnread) {
      // Unread output would keep the process alive. The closing account contains it as dropped.
      await io.log?.flush(FLUSH_MS);
      io.exit(exitCode);
    }
  }
}

async function serveMetrics(
  { metrics, allowHost = [], replace }: ServeOptions,
  proxy: BoundaryLogProxy,
  socketFd: number | undefined,
  logger: Logger,
): Promise<MetricsWhenFree | undefined> {
  if (metrics === 'off') return undefined;
  const { registry } = proxy;
  registerProcessMetrics(registry);
  const socketPath = socketFd === undefined ? proxy.socketPath : boundSocket(socketFd)?.path;
  // Its socket tells who starts a second proxy what answers here.
  const health = () => ({ ...proxy.health(), socketPath });
  const options = { registry, health, allowedHosts: allowHost, logger };
  return MetricsWhenFree.listen(() => MetricsServer.listen(metrics, options), replace, logger);
}

/**
 * Events that stdout did not receive are a failure, so that nothing is lost silently. Only if its reader has gone, as with
 * `| head -1`, and a person sees the closing account, that is what this person wanted.
 */
function exitCodeOf(
  { dropped }: Accounts,
  { logLevel }: ServeOptions,
  canForward: boolean,
  isSeen: boolean,
): number {
  if (!canForward) return isSeen && /^(debug|info)$/.test(logLevel) ? ExitCode.DONE : ExitCode.FAILED;
  return dropped.shutdown.batches + dropped.forward_failed.batches > 0 ? ExitCode.FAILED : ExitCode.DONE;
}

/** Decides when to stop: at a signal, or when the reader of stdout goes away. */
class End {
  /** Resolves at the end, with whether the reporter can still be reached. */
  readonly reached: Promise<boolean>;
  readonly #offSignal: () => void;
  readonly #logger: Logger;
  #hintTimer: NodeJS.Timeout | undefined;
  #reach: (canForward: boolean) => void = () => undefined;

  constructor(io: Io, logger: Logger) {
    this.#logger = logger;
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
    let signals = 0;
    this.#offSignal = io.onSignal((signal) => {
      signals += 1;
      if (signals > 1) io.exit(ExitCode.FAILED);
      const say = () => logger.info({ signal }, 'closing; a second signal ends the process immediately');
      if (io.stderr.isTTY) this.#hint(say, io);
      else say();
      this.#reach(true);
    });
    io.stdout.on('error', this.onStdoutError);
  }

  /** For a person, the closing account is the only line of an end that takes no time. */
  #hint(say: () => void, { log, stderr }: Io): void {
    // The next line overwrites the ^C that a terminal shows.
    (log ?? stderr).write('\r');
    this.#hintTimer = setTimeout(say, HINT_MS).unref();
  }

  /** Another proxy has taken over. What is left here can be forwarded. */
  replaced(): void {
    this.#logger.info({}, 'another proxy has taken over; closing');
    this.#reach(true);
  }

  /** Stays registered, because a write in progress may fail after the end. */
  readonly onStdoutError = (error: Error): void => {
    if (isClosedPipe(error)) this.#reach(false);
  };

  /** Restores the default behaviour of signals. */
  release(): void {
    clearTimeout(this.#hintTimer);
    this.#offSignal();
  }
}

/** Where the proxy listens: on a socket of its own, or on one that systemd has passed. */
function listenOptions(options: ServeOptions, io: Io): BoundaryLogProxyOptions {
  const { socket: socketPath, socketMode, socketGroup, replace } = options;
  const socketFd = passedSocket(io.env as Record<string, string | undefined>);
  if (socketFd === undefined) return { socketPath, socketMode, socketGroup, replace };
  return { socketPath, socketFd };
}

/** What a new user needs to know next. Only a terminal shows it. */
function greeting({ program = 'boundary-log-proxy' }: Io, socketPath: string): string {
  return `boundary's decisions will appear here. To see samples, run in another terminal:
  ${program} send --socket ${shellWord(socketPath)} --sample 20
`;
}
