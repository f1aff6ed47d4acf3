import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { afterEach } from '@jest/globals';

export interface Group {
  /** The first process of the group. */
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** What its processes have written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The exit code of its first process, or the signal that ended it. */
  readonly exited: Promise<number | string | null>;
  /** Resolves when no process has its output open any more. */
  readonly closed: Promise<void>;
  isClosed(): boolean;
}

/** Starts a command in a process group of its own, and kills the group after a test. */
export function processGroups(): (
  command: readonly string[],
  options: { cwd: string; env?: object },
) => Group {
  const groups: number[] = [];
  afterEach(() => {
    for (const pid of groups.splice(0)) kill(-pid, 'SIGKILL');
  });
  return ([command = '', ...args], { cwd, env = {} }) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (child.pid !== undefined) groups.push(child.pid);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    const exited = new Promise<number | string | null>((resolve) => {
      child.on('exit', (code, signal) => resolve(code ?? signal));
    });
    let over = false;
    const closed = new Promise<void>((resolve) => {
      child.on('close', () => {
        over = true;
        resolve();
      });
    });
    return { child, stdout: () => stdout, stderr: () => stderr, exited, closed, isClosed: () => over };
  };
}

/** Sends a signal to a process, or to a group, unless it has ended. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
