// Loaded into a proxy before its own code: measures for how long it leaves a path without a file. The clock starts before
// the call that moves the file away, and stops after the call that brings one back, so the figure is an upper limit.
// A watcher in another process would miss a gap whenever it has to wait for a core.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Server } from 'node:net';

const path = process.env.BENCH_GAP_PATH;
/** @type {number | undefined} */
let missingSince;
let longest = 0;

function isBack() {
  if (missingSince === undefined) return;
  longest = Math.max(longest, performance.now() - missingSince);
  missingSince = undefined;
}

const { renameSync } = fs;
fs.renameSync = (from, to) => {
  const now = performance.now();
  renameSync(from, to);
  if (from === path) missingSince = now;
  if (to === path) isBack();
};
syncBuiltinESMExports();

const { listen } = Server.prototype;
/** @type {(this: Server, ...args: any[]) => Server} */
function measured(...args) {
  const result = listen.apply(this, /** @type {any} */ (args));
  if (args[0]?.path === path) isBack();
  return result;
}
Server.prototype.listen = measured;
process.on('exit', () => process.stderr.write(`gap ${longest} ms\n`));
