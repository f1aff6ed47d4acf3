import type { Logger } from 'pino';
import { nextTurn } from '../real-time.js';
import { boundSocket } from '../server/listener/passed-socket.js';
import { BoundaryLogProxy } from '../server/proxy.js';
import type { BoundaryLogProxyOptions } from '../server/proxy-options.js';
import type { Accounts } from '../telemetry/accounts.js';
import type { Configuration } from './configuration/configuration.js';
import type { ServeOptions } from './configuration/serve-options.js';
import { type Destination, destinations, nameOf } from './destinations.js';
import { EventsFile } from './events-file.js';
import { shellWord } from './invocation.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { countLostLines } from './log-output.js';
import { MetricsServer } from './metrics-server.js';
import { watchNpm } from './npm-parent.js';
import { registerProcessMetrics } from './process-metrics.js';
import { programLogger } from './program-logger.js';
import { httpConnections, serveConsole } from './serve-console.js';
import { SOURCE_BUFFER, servedSource, startedBefore } from './served-source.js';
import { ServerWhenFree } from './server-when-free.js';
import { passedSocket } from './socket-activation.js';
import { checkFilters, screenOf } from './view.js';

/** How long the end waits for a reader of the log that does not keep up, in ms. */
const FLUSH_MS = 500;

/** How long an end may take before a terminal says that a second signal ends the process, in ms. */
const HINT_MS = 1000;

/** Runs the proxy until a signal arrives or the reader of stdout goes away. */
export async function serve(configuration: Configuration, io: Io): Promise<number> {
  const { options, entryOf, warnings } = configuration;
  checkFilters(options, screenOf(options, io), (option) => entryOf(option)?.name);
  const logger = programLogger(options.logLevel, io, options.utc);
  if (warnings.length > 0) logger.warn({ warnings }, 'parts of the configuration are ignored or unsafe');
  if (io.log !== undefined) {
    io.log.onRoom = (lines) =>
      logger.warn({ lines }, 'lines of this log were lost, because nobody read them');
  }
  const { eventsFile } = options;
  const events = eventsFile === undefined ? undefined : EventsFile.open(eventsFile, logger);
  const end = new End(io, logger, events);
  try {
    // A signal that arrived before this point arrives now, when nothing is started.
    await nextTurn();
    if (end.isReached) return end.exitCode;
    return await serveUntil(end, events, logger, configuration, io);
  } finally {
    end.release();
    events?.close();
  }
}

async function serveUntil(
  end: End,
  events: EventsFile | undefined,
  logger: Logger,
  { options, entryOf }: Configuration,
  io: Io,
): Promise<number> {
  const isForwarder = options.source !== undefined;
  const buffer = isForwarder && entryOf('buffer') === undefined ? SOURCE_BUFFER : options.buffer;
  const source = await servedSource(options, io, buffer, logger);
  const listen = source === undefined ? listenOptions(options, io) : { source };
  const proxy = new BoundaryLogProxy({
    ...listen,
    onReplace: () => end.replaced(),
    reporters: options.reporter.map(nameOf),
    bufferSize: buffer,
    bufferBytes: options.bufferBytes,
    overflow: source === undefined ? options.overflow : undefined,
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
    sessions: options.audit && source === undefined ? { idle: options.sessionIdle * 1000 } : undefined,
    logger,
  });
  if (io.log !== undefined) countLostLines(io.log, proxy.registry);
  const summary = options.summary ? await servedSummary() : undefined;
  const socketPath = socketOf(proxy, listen);
  const metrics = await serveMetrics(options, proxy, socketPath, logger);
  let isUnread = false;
  let exitCode: number = ExitCode.DONE;
  let all: Destination[] = [];
  let console: ServerWhenFree | undefined;
  try {
    console = await serveConsole(options, io, { proxy, socketPath, logger });
    all = await destinations(options, io, logger, { end, events }, entryOf('coderTokenFile')?.name);
    if (end.isReached) return end.exitCode;
    metrics?.announce();
    console?.announce();
    if (!(await startedBefore(end, proxy, isForwarder))) return end.exitCode;
    if (io.stderr.isTTY && events === undefined && source === undefined)
      (io.log ?? io.stderr).write(greeting(io, proxy.socketPath));
    const withoutReader = new AbortController();
    const forwarding = all.map(({ kind, reporter, run }, i) =>
      proxy.runForwarder((i === 0 && summary?.watch(reporter)) || reporter, {
        ...run,
        signal: kind === 'stdout' ? withoutReader.signal : undefined,
      }),
    );
    const canForward = await end.reached;
    // The other reporters can still receive what is left.
    if (!canForward) withoutReader.abort();
    await proxy.close({ drain: canForward || all.length > 1 ? options.drain * 1000 : 0 });
    await Promise.all(forwarding);
    if (summary !== undefined) (io.log ?? io.stderr).write(summary.text());
    isUnread = io.stdout.writableLength > 0;
    const stdout = all.find(({ kind }) => kind === 'stdout');
    if (stdout !== undefined)
      exitCode = exitCodeOf(proxy.accounts(stdout.name), canForward, io.stderr.isTTY === true);
    exitCode ||= end.exitCode;
    return exitCode;
  } finally {
    await proxy.close();
    end.release();
    await Promise.all(all.map(({ reporter }) => reporter.close?.()));
    await metrics?.close();
    await console?.close();
    if (isUnread) {
      // Unread output would keep the process alive. The closing account contains it as dropped.
      await io.log?.flush(FLUSH_MS);
      io.exit(exitCode);
    }
  }
}

/** Only `--summary` needs it. */
async function servedSummary() {
  const { ServedSummary } = await import('./served-summary.js');
  return new ServedSummary();
}

async function serveMetrics(
  { metrics, allowHost = [], replace, console }: ServeOptions,
  proxy: BoundaryLogProxy,
  socketPath: string | undefined,
  logger: Logger,
): Promise<ServerWhenFree | undefined> {
  if (metrics === 'off') return undefined;
  const { registry } = proxy;
  registerProcessMetrics(registry);
  // The path of its socket tells whoever starts a second proxy which proxy answers here.
  const health = () => ({ ...proxy.health(), socketPath });
  const maxConnections = httpConnections(console !== 'off').metrics;
  const options = { registry, health, allowedHosts: allowHost, maxConnections, logger };
  const waiting = { isReplacing: replace, address: 'the metrics address', logger };
  return ServerWhenFree.listen(() => MetricsServer.listen(metrics, options), waiting);
}

/**
 * Events that stdout did not receive are a failure, so that nothing is lost silently. Only if its reader has gone, as with
 * `| head -1`, and a person looks at stderr, that is what this person wanted.
 */
function exitCodeOf({ dropped }: Accounts, canForward: boolean, isSeen: boolean): number {
  if (!canForward) return isSeen ? ExitCode.DONE : ExitCode.FAILED;
  return dropped.shutdown.batches + dropped.forward_failed.batches > 0 ? ExitCode.FAILED : ExitCode.DONE;
}

/** Decides when to stop: at a signal, when the npm that started it has gone, or when the reader of stdout goes away. */
class End {
  /** What a successful run exits with. */
  exitCode: number = ExitCode.DONE;
  isReached = false;
  /** Resolves at the end, with whether the reporter can still be reached. */
  readonly reached: Promise<boolean>;
  readonly #offSignal: () => void;
  readonly #offNpm: () => void;
  readonly #logger: Logger;
  #hintTimer: NodeJS.Timeout | undefined;
  #reach: (canForward: boolean) => void = () => undefined;

  /** @param events The file that SIGHUP reopens. Without one, SIGHUP is an end. */
  constructor(io: Io, logger: Logger, events: EventsFile | undefined) {
    this.#logger = logger;
    this.reached = new Promise((resolve) => {
      this.#reach = (canForward) => {
        this.isReached = true;
        resolve(canForward);
      };
    });
    let signals = 0;
    this.#offSignal = io.onSignal((signal) => {
      if (signal === 'SIGHUP' && events !== undefined) {
        events.reopen();
        return;
      }
      if (signal === 'SIGHUP') this.exitCode = ExitCode.HUNG_UP;
      signals += 1;
      if (signals > 1) io.exit(ExitCode.FAILED);
      const say = () => logger.info({ signal }, 'closing; a second signal ends the process immediately');
      if (io.stderr.isTTY) this.#hint(say, io);
      else say();
      this.#reach(true);
    });
    this.#offNpm = watchNpm(io.env, () => {
      logger.info({}, 'the npm that started this process has gone; closing');
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
    this.#offNpm();
  }
}

/** Where the proxy listens: on a socket of its own, or on one that systemd has passed. */
function listenOptions(options: ServeOptions, io: Io): BoundaryLogProxyOptions {
  const { socket: socketPath, socketMode, socketGroup, replace } = options;
  const socketFd = passedSocket(io.env as Record<string, string | undefined>);
  if (socketFd === undefined) return { socketPath, socketMode, socketGroup, replace };
  return { socketPath, socketFd };
}

/** The path of the socket, if there is one and its path is known. */
function socketOf(
  proxy: BoundaryLogProxy,
  { source, socketFd }: BoundaryLogProxyOptions,
): string | undefined {
  if (source !== undefined) return undefined;
  return socketFd === undefined ? proxy.socketPath : boundSocket(socketFd)?.path;
}

/** What a new user needs to know next. Only a terminal shows it. */
function greeting({ program = 'boundary-log-proxy' }: Io, socketPath: string): string {
  return `boundary's decisions will appear here. To see samples, run in another terminal:
  ${program} send --socket ${shellWord(socketPath)} --sample 20
`;
}
