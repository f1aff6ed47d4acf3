import { afterEach } from '@jest/globals';
import { run } from '../../lib/cli/program.js';
import type { Running } from './processes.js';
import { world } from './world.js';

/** Runs a command in this process. */
export async function command(args: string[], input: string | Buffer = '', isTTY = false) {
  const { io } = world({ input: Buffer.from(input as string), isTTY });
  const chunks: Buffer[] = [];
  io.stdout.on('data', (chunk) => chunks.push(chunk));
  const code = await run(args, io);
  return { code, bytes: Buffer.concat(chunks), errors: io.stderr.text };
}

/** What tests use of a {@link Running} process. */
export type RunningHere = Pick<Running, 'stdout' | 'stderr' | 'ended'> & {
  readonly child: { kill(signal: NodeJS.Signals): boolean };
};

interface HereOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a command in this process, with the surface of a process. It starts faster, and coverage sees it. Its exit code is
 * what it returns, and a signal is only an event: what ends a process needs a real one.
 */
export function startHere(args: string[], { input = '', env }: HereOptions = {}): RunningHere {
  const { io, signals } = world({ input: Buffer.from(input as string), env });
  const ended = run(args, io);
  return {
    child: { kill: (signal) => signals.emit('signal', signal) },
    stdout: () => io.stdout.text,
    stderr: () => io.stderr.text,
    ended,
  };
}

/** As `commands()` for processes: {@link startHere}, and what still runs after a test is stopped. */
export function commandsHere(): typeof startHere {
  const running: RunningHere[] = [];
  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill('SIGTERM');
      await ended;
    }
  });
  return (...args) => {
    const started = startHere(...args);
    running.push(started);
    return started;
  };
}
