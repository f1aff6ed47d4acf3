import { type Logger, pino } from 'pino';
import { escapeUnprintable, messageOf, visible } from '../printable.js';
import { type ClosingAccount, closingLine } from './closing-line.js';
import { hasColor, type Io } from './io.js';
import { prettyFactory } from './pino-pretty.lazy.js';

/** pino's number of the level. */
const INFO = 30;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/**
 * The program's own log on stderr: readable text on a terminal, lines of JSON elsewhere. Fields contain what agents,
 * servers and file names say, so both show every character of them as visible text.
 *
 * @param utc Whether readable text shows UTC instead of local time.
 */
export function programLogger(level: string, { stderr, log, env }: Io, utc = false): Logger {
  const output: { write(text: string): unknown } = log ?? stderr;
  const shown = stderr.isTTY ? readable(hasColor(stderr, env), utc) : escapeUnprintable;
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: codeAndMessage } },
    {
      write: (line) => {
        const text = shown(line.trimEnd());
        if (text !== '') output.write(`${text}\n`);
      },
    },
  );
}

/** @returns a function that returns what to show of a line; '' for nothing. */
function readable(colorize: boolean, utc: boolean): (line: string) => string {
  const pretty = prettyFactory({
    colorize,
    translateTime: `${utc ? 'UTC' : 'SYS'}:HH:MM:ss`,
    // It would write what the fields contain as it is.
    hideObject: true,
    messageFormat: ({ level, time, msg, ...fields }) => {
      if (msg === 'closed' && 'received' in fields) return closingLine(fields as unknown as ClosingAccount);
      const rest = Object.keys(fields).length === 0 ? '' : ` ${escapeUnprintable(JSON.stringify(fields))}`;
      return `${visible(String(msg))}${rest}`;
    },
  });
  return (line) => {
    const { msg, reason, level } = JSON.parse(line);
    // The end is one line. That an event is missing is a warning, or the closing line says that the proxy lost it.
    if (msg === 'session ended' && reason === 'shutdown' && level <= INFO) return '';
    return pretty(line).trimEnd();
  };
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
