// A program with a proxy in it, that opens files until it has no descriptor left. It obeys the words on its stdin, and
// answers each with a line on stdout. The log of the proxy goes to stderr.
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { BoundaryLogProxy } from '../../dist/lib/index.js';

const write = (level) => (fields, msg) =>
  process.stderr.write(`${JSON.stringify({ level, msg, ...fields, err: fields.err?.code })}\n`);
const logger = { debug() {}, info: write('info'), warn: write('warn'), error: write('error') };
const proxy = new BoundaryLogProxy({ socketPath: process.argv[2], logger });
await proxy.start();
proxy.runForwarder({ report() {} });

const files = [];
const orders = {
  starve() {
    try {
      for (;;) files.push(openSync('/dev/null', 'r'));
    } catch (error) {
      return error.code;
    }
  },
  release: () => files.splice(0).map(closeSync).length,
  metrics: () => proxy.registry.metrics(),
  accounts: () => proxy.accounts(),
  close: () => proxy.close(),
};
process.stdout.write('"ready"\n');
for await (const order of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify((await orders[order]()) ?? null)}\n`);
}
