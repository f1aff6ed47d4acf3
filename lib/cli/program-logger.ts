import { type Logger, pino } from 'pino';
import { build as prettyStream } from 'pino-pretty';
import { hasColor, type Io } from './io.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** What the program says of itself: to stderr, as lines of JSON, or for people on a terminal. */
export function programLogger(level: string, { stderr, env }: Io): Logger {
  const destination = stderr.isTTY
    ? prettyStream({
        destination: stderr,
        colorize: hasColor(stderr, env),
        ignore: 'pid,hostname',
        singleLine: true,
        translateTime: 'SYS:HH:MM:ss',
      })
    : stderr;
  // An error is what it says and its code: a stack of our own would tell an operator nothing.
  const err = ({ code, message }: NodeJS.ErrnoException) => ({ code, message });
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err } },
    destination,
  );
}
