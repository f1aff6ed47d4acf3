import { Tap } from '../server/tap.js';
import { ExitCode, type Io } from './io.js';
import { programLogger } from './program-logger.js';

export interface TapCommandOptions {
  listen: string;
  to: string;
  record: string;
  recordMaxBytes: number;
  socketMode: number;
  socketGroup: string | undefined;
  replace: boolean;
  maxConnections: number;
  /** Seconds. */
  wait: number;
  /** Seconds. */
  drain: number;
  logLevel: string;
}

/** Records what passes a socket, until a signal arrives. It is a failure if the capture is not complete. */
export async function tap(options: TapCommandOptions, io: Io): Promise<number> {
  const logger = programLogger(options.logLevel, io);
  let reachEnd: () => void = () => undefined;
  const end = new Promise<void>((resolve) => {
    reachEnd = resolve;
  });
  let signals = 0;
  const offSignal = io.onSignal((signal) => {
    signals += 1;
    if (signals > 1) io.exit(ExitCode.FAILED);
    logger.info({ signal }, 'closing; a second signal ends the process immediately');
    reachEnd();
  });
  const { listen, to, socketMode, socketGroup, replace, maxConnections } = options;
  const onReplace = () => {
    logger.info({}, 'another proxy has taken over; closing');
    reachEnd();
  };
  try {
    const running = new Tap({
      ...{ listen, to, socketMode, socketGroup, replace, onReplace, maxConnections, logger },
      waitMs: options.wait * 1000,
      record: { path: options.record, maxBytes: options.recordMaxBytes },
    });
    await running.start();
    await end;
    return (await running.close(options.drain * 1000)) ? ExitCode.DONE : ExitCode.FAILED;
  } finally {
    offSignal();
  }
}
