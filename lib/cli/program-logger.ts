import { type Logger, pino } from 'pino';
import { escapeUnprintable, messageOf, visible } from '../printable.js';
import { hasColor, type Io } from './io.js';
import { prettyFactory } from './pino-pretty.lazy.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/**
 * The program's own log on stderr: readable text on a terminal, lines of JSON elsewhere. Fields contain what agents,
 * servers and file names say, so both show every character of them as visible text.
 */
export function programLogger(level: string, { stderr, log, env }: Io): Logger {
  const output: { write(text: string): unknown } = log ?? stderr;
  const shown = stderr.isTTY ? readable(hasColor(stderr, env)) : escapeUnprintable;
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: codeAndMessage } },
    { write: (line) => output.write(`${shown(line.trimEnd())}\n`) },
  );
}

function readable(colorize: boolean): (line: string) => string {
  const pretty = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss',
    // It would write what the fields contain as it is.
    hideObject: true,
    messageFormat: ({ level, time, msg, ...fields }) => {
      const rest = Object.keys(fields).length === 0 ? '' : ` ${escapeUnprintable(JSON.stringify(fields))}`;
      return `${visible(String(msg))}${rest}`;
    },
  });
  return (line) => pretty(line).trimEnd();
}

/** Code and message tell an operator what to do. The stack would not. What was thrown may be anything. */
function codeAndMessage(error: unknown): object {
  return { code: codeOf(error), message: messageOf(error) };
}

function codeOf(error: unknown): string | undefined {
  try {
    const { code } = error as NodeJS.ErrnoException;
    return code === undefined ? undefined : String(code);
  } catch {
    return undefined;
  }
}
