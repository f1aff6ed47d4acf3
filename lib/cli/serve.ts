import type { Logger } from 'pino';
import type { Reporter } from '../forwarding/reporter.js';
import type { CoderReporter } from '../reporters/coder/coder-reporter.js';
import { nullReporter } from '../reporters/null.js';
import { TextReporter } from '../reporters/text.js';
import { BoundaryLogProxy } from '../server/proxy.js';
import type { RunForwarderOptions } from '../server/proxy-options.js';
import { type Address, textFormat } from './arguments.js';
import type { CoderOptions } from './coder.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { MetricsServer } from './metrics-server.js';
import { programLogger } from './program-logger.js';

export interface ServeOptions extends CoderOptions {
  socket: string;
  socketMode: number;
  buffer: number;
  overflow: 'drop' | 'block';
  reporter: 'stdout' | 'null' | 'coder';
  format: string;
  retry: boolean;
  spool: string | undefined;
  spoolMaxBytes: number;
  spoolSync: boolean;
  metrics: Address | 'off';
  /** Seconds. */
  drain: number;
  logLevel: string;
}

/**
 * How many batches a file takes in one write: all that one read of a socket brings. Their order stays. What is
 * on its way to the slow reader of a pipe would be reported again after a stop, so that is one at a time.
 */
const AT_ONCE = 1000;

/** Runs the proxy until a signal, or until nobody reads its stdout any more. */
export async function serve(options: ServeOptions, io: Io): Promise<number> {
  const logger = programLogger(options.logLevel, io);
  const proxy = new BoundaryLogProxy({
    socketPath: options.socket,
    socketMode: options.socketMode,
    bufferSize: options.buffer,
    overflow: options.overflow,
    spool:
      options.spool === undefined
        ? undefined
        : { folder: options.spool, maxBytes: options.spoolMaxBytes, sync: options.spoolSync },
    logger,
  });
  const metrics =
    options.metrics === 'off' ? undefined : await MetricsServer.listen(options.metrics, proxy.registry);
  const end = new End(io, logger);
  let isUnread = false;
  let coder: CoderReporter | undefined;
  try {
    if (options.reporter === 'coder') {
      // What it brings along takes time to load, and is for those who use it. It connects while the rest starts.
      const { coderReporter } = await import('./coder.js');
      coder = coderReporter(options, io, logger);
    }
    if (metrics !== undefined) logger.info({ url: `${metrics.url}/metrics` }, 'serving metrics');
    await proxy.start();
    if (io.stderr.isTTY) io.stderr.write(greeting(proxy.socketPath));
    const forwarding = proxy.runForwarder(coder ?? reporterFor(options, io, end), runOptions(options, io));
    const canForward = await end.reached;
    await proxy.close({ drain: canForward ? options.drain * 1000 : 0 });
    await forwarding;
    isUnread = io.stdout.writableLength > 0;
    return ExitCode.DONE;
  } finally {
    await proxy.close();
    end.release();
    await coder?.close();
    await metrics?.close();
    if (isUnread) {
      // What nobody reads would keep the process. It was given up, and is in the closing account.
      await new Promise((resolve) => io.stderr.write('', resolve));
      io.exit(ExitCode.DONE);
    }
  }
}

/** When to stop: at a signal, or when nobody reads stdout any more. */
class End {
  /** Resolves with whether there is still somebody to forward to. */
  readonly reached: Promise<boolean>;
  readonly #offSignal: () => void;
  #reach: (canForward: boolean) => void = () => undefined;

  constructor(io: Io, logger: Logger) {
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
    let signals = 0;
    this.#offSignal = io.onSignal((signal) => {
      signals += 1;
      if (signals > 1) io.exit(ExitCode.FAILED);
      logger.info({ signal }, 'closing; once more to end at once');
      this.#reach(true);
    });
    io.stdout.on('error', this.onStdoutError);
  }

  /** The listener stays: a write that is under way may fail after the end. */
  readonly onStdoutError = (error: Error): void => {
    if (isClosedPipe(error)) this.#reach(false);
  };

  /** Signals do again what they do by default. */
  release(): void {
    this.#offSignal();
  }
}

/** How its reporter is run. */
function runOptions({ reporter, retry }: ServeOptions, io: Io): RunForwarderOptions {
  const unlimited = Number.POSITIVE_INFINITY;
  // What Coder does not take now is kept for as long as there is room: mostly it is somebody who has to mend that.
  if (reporter === 'coder') return { retry: retry && { maxElapsedMs: unlimited } };
  return {
    concurrency: reporter === 'stdout' && io.file !== undefined ? AT_ONCE : 1,
    // A line that was written cannot be taken back: a slow reader is waited for.
    retry: retry && { timeoutMs: unlimited },
  };
}

function reporterFor({ reporter, format }: ServeOptions, io: Io, end: End): Reporter {
  if (reporter === 'null') return nullReporter;
  const text = new TextReporter({ stream: io.file ?? io.stdout, ...textFormat(format, io) });
  const goBack = async (error: unknown, signal: AbortSignal): Promise<never> => {
    if (!isClosedPipe(error)) throw error;
    // Not a failure to be warned about, but the end: the batch goes back, and into the closing account.
    end.onStdoutError(error as Error);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw error;
  };
  return { report: (batch, { signal }) => text.report(batch)?.catch((error) => goBack(error, signal)) };
}

/** What a newcomer on a terminal needs to know next. */
function greeting(socketPath: string): string {
  return `What boundary allows and denies will show up here. To see some events, run in another terminal:
  npx boundary-log-proxy send --socket ${socketPath} --sample 20
`;
}
