import type { Readable, Writable } from 'node:stream';
import type { TextOutput } from '../reporters/text.js';
import type { LogOutput } from './log-output.js';

/** Where `serve` writes events. */
export interface EventOutput extends TextOutput {
  /** How many batches `serve` reports at the same time. They become one write. */
  readonly atOnce: number;
}

/** Everything outside the process that a command uses. */
export interface Io {
  /** What starts this program again in a shell. Default: its name. */
  readonly program?: string | undefined;
  readonly stdin: Readable;
  /** Whether another program writes to stdin. Default: `false`. */
  readonly stdinIsPipe?: boolean;
  readonly stdout: Writable & { isTTY?: boolean; columns?: number };
  /** Where `serve` writes events instead of `stdout`. */
  readonly output?: EventOutput | undefined;
  readonly stderr: Writable & { isTTY?: boolean };
  /** Where `serve` writes its log instead of `stderr`. */
  readonly log?: LogOutput | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls back at each SIGINT, SIGTERM and SIGHUP, until the returned function is called. */
  onSignal(handler: (signal: string) => void): () => void;
  /** Ends the process immediately. */
  exit(code: number): void;
}

/** `MISSING`: `audit` has found that events are missing, or cannot be sure that none are. */
export const ExitCode = { DONE: 0, FAILED: 1, USAGE: 2, MISSING: 3, HUNG_UP: 129 } as const;

/** Where the last words of a command go: after what it has written to stderr, and without waiting for a reader. */
export function errorOutput({ log, stderr }: Io): { write(text: string): unknown } {
  return stderr.writableLength > 0 ? stderr : (log ?? stderr);
}

/** The values of FORCE_COLOR with which Node uses colours. Others turn them off. */
const COLOR_VALUES = ['', '1', 'true', '2', '3'];

/**
 * Whether text for this stream may have colours. As in Node, FORCE_COLOR decides alone, also if the stream is not a
 * terminal. For NO_COLOR see https://no-color.org.
 */
export function hasColor({ isTTY }: { isTTY?: boolean }, env: Io['env']): boolean {
  if (env.FORCE_COLOR !== undefined) return COLOR_VALUES.includes(env.FORCE_COLOR);
  return isTTY === true && !env.NO_COLOR && !env.NODE_DISABLE_COLORS && env.TERM !== 'dumb';
}

/** Whether the reader of a pipe has closed it, as `| head -1` does. That ends the work; it is not a failure. */
export function isClosedPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException)?.code === 'EPIPE';
}
