#!/usr/bin/env node
// First, before anything else has filled the heap.
import './heap.js';
import { eventOutput } from './event-output.js';
import { run } from './program.js';

// Exiting here would lose output that is still being written.
process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  output: eventOutput(process.stdout),
  stderr: process.stderr,
  env: process.env,
  onSignal: (handler) => {
    process.on('SIGINT', handler).on('SIGTERM', handler);
    return () => process.off('SIGINT', handler).off('SIGTERM', handler);
  },
  exit: (code) => process.exit(code),
});
