import { createRequire } from 'node:module';
import { type Logger, pino } from 'pino';
import { hasColor, type Io } from './io.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** The program's own log on stderr: readable text on a terminal, lines of JSON elsewhere. */
export function programLogger(level: string, { stderr, env }: Io): Logger {
  const destination = stderr.isTTY
    ? prettyStream()({
        destination: stderr,
        colorize: hasColor(stderr, env),
        ignore: 'pid,hostname',
        singleLine: true,
        translateTime: 'SYS:HH:MM:ss',
      })
    : stderr;
  // Code and message tell an operator what to do. The stack would not.
  const err = ({ code, message }: NodeJS.ErrnoException) => ({ code, message });
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err } },
    destination,
  );
}

/** Loaded when it is needed: a proxy without a terminal starts sooner without it. */
function prettyStream(): typeof import('pino-pretty').build {
  return createRequire(import.meta.url)('pino-pretty').build;
}
