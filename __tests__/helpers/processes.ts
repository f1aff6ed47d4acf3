import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach } from '@jest/globals';
import { until } from './until.js';

/** The built command. */
export const MAIN = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url));

export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves after its last output, with its exit code or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

export interface StartOptions {
  /** Whether to collect stdout. Default true. */
  keepStdout?: boolean;
  env?: object;
  program?: string;
  /** A command in front of it that becomes the process, as setpriv, prlimit and `sh -c 'exec "$@"'` do. */
  through?: readonly string[];
}

/** Starts the command, or another program for Node, and kills what still runs after a test. */
export function commands(): (args: string[], options?: StartOptions) => Running {
  const running: Running[] = [];
  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill('SIGKILL');
      child.stdout.destroy();
      await ended;
    }
  });
  return (args, { keepStdout = true, env = {}, program = MAIN, through = [] } = {}) => {
    const [command = '', ...rest] = [...through, process.execPath, program, ...args];
    const child = spawn(command, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    let stdout = '';
    let stderr = '';
    if (keepStdout) child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.stdin.on('error', () => undefined);
    const ended = new Promise<number | string | null>((resolve) => {
      child.on('close', (code, signal) => resolve(code ?? signal));
    });
    const process_ = { child, stdout: () => stdout, stderr: () => stderr, ended };
    running.push(process_);
    return process_;
  };
}

/** Waits until a `serve` accepts connections. */
export async function listening(served: Pick<Running, 'ended' | 'stderr'>, socket: string): Promise<void> {
  let over = false;
  served.ended.then(() => {
    over = true;
  });
  await until(`it listens on ${socket}`, () => {
    if (over) throw new Error(`the process has ended: ${served.stderr()}`);
    return served.stderr().includes('"listening"') && existsSync(socket);
  });
}
