#!/usr/bin/env node
// First of all, so that no signal is missed while the rest is loaded.
import { onSignal } from './signals.js';
// Before anything else has filled the heap.
import './heap.js';
import { fstatSync } from 'node:fs';
import { visible } from '../printable.js';
import { eventOutput } from './event-output.js';
import { invocation } from './invocation.js';
import { LogOutput } from './log-output.js';
import { run } from './program.js';

/** How long the end waits for a reader of the log that does not keep up, in ms. */
const FLUSH_MS = 500;

const { stdin, stdout, stderr } = process;
const log = new LogOutput(eventOutput(stderr, 2) ?? stderr);
// If nobody reads stderr, that is not the end of the work.
stderr.on('error', () => undefined);
// Node itself writes its warnings to stderr and waits for that, which can block. Without a listener, warnings are off.
if (process.listenerCount('warning') > 0) {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => log.write(`${visible(`${name}: ${message}`)}\n`));
}

function isPipe(fd: number): boolean {
  try {
    const kind = fstatSync(fd);
    return kind.isFIFO() || kind.isSocket();
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  const exitCode = await run(process.argv.slice(2), {
    program: invocation(process),
    stdin,
    stdinIsPipe: isPipe(0),
    stdout,
    output: eventOutput(stdout, 1),
    stderr,
    log,
    env: process.env,
    onSignal,
    exit: (code) => process.exit(code),
  });
  await log.flush(FLUSH_MS);
  // What nobody reads would keep the process alive. Other output is still being written, and exiting here would lose it.
  if (log.isEmpty) process.exitCode = exitCode;
  else process.exit(exitCode);
}

// An error that it throws ends the process, like any other rejection.
void main();
