import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Io } from '../../lib/cli/io.js';

/** The outside world of a command: what it wrote, signals to send to it, and the codes it wanted to exit with. */
export function world({
  isTTY = false,
  columns = undefined as number | undefined,
  env = {} as Io['env'],
  input = Buffer.alloc(0) as Buffer,
} = {}) {
  const stream = () => {
    const kept = Object.assign(new PassThrough(), { isTTY, columns: columns as number, text: '' });
    kept.on('data', (chunk) => {
      kept.text += chunk;
    });
    return kept;
  };
  const signals = new EventEmitter();
  const exits: number[] = [];
  const stdin = new PassThrough();
  stdin.end(input);
  const io = {
    stdin,
    stdout: stream(),
    stderr: stream(),
    env,
    onSignal(handler: (signal: string) => void) {
      signals.on('signal', handler);
      return () => void signals.off('signal', handler);
    },
    exit: (code: number) => void exits.push(code),
  };
  return { io, signals, exits };
}
