// The gaps at a start and at a hand-over, of the command in its own processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEADLINE_MS = 30_000;
/** Measures for how long the path is missing. */
const MEASURED = 'measured';

/** @param {string} root @param {string} folder @param {string[]} args */
function serve(root, folder, ...args) {
  const main = join(root, 'dist/lib/cli/main.js');
  const options = ['--socket', join(folder, 's'), '--spool', join(folder, 'spool'), '--metrics', 'off'];
  const gap = new URL('../gap.js', import.meta.url).href;
  const flags = args.includes(MEASURED) ? ['--import', gap] : [];
  const child = spawn(
    process.execPath,
    [...flags, main, 'serve', ...options, ...args.filter((arg) => arg !== MEASURED)],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, BENCH_GAP_PATH: join(folder, 's') },
    },
  );
  const served = { child, log: '', ended: once(child, 'close') };
  child.stderr.setEncoding('utf8').on('data', (text) => {
    served.log += text;
  });
  return served;
}

/** @param {string} what @param {() => boolean} isSo */
async function until(what, isSo) {
  for (const deadline = performance.now() + DEADLINE_MS; !isSo(); await sleep(1)) {
    if (performance.now() > deadline) throw new Error(`not so within ${DEADLINE_MS} ms: ${what}`);
  }
}

/** @type {import('../measure.js').Measure} */
const starting = {
  name: 'serve',
  isBuild: true,
  async run({ root = ROOT }) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-start-'));
    const begun = performance.now();
    const served = serve(root, folder);
    await until('the socket is there', () => existsSync(join(folder, 's')));
    const ms = performance.now() - begun;
    served.child.kill();
    await served.ended;
    rmSync(folder, { recursive: true });
    return { ms };
  },
};

/** @type {import('../measure.js').Measure} */
const startingNode = {
  name: 'node -e 0',
  async run() {
    const begun = performance.now();
    await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
    return { ms: performance.now() - begun };
  },
};

/** @type {import('../measure.js').Measure} */
const replacing = {
  name: 'serve --replace',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'bench-replace-'));
    const old = serve(ROOT, folder, MEASURED);
    await until('the old proxy can be replaced', () => existsSync(join(folder, 's.control')));
    const begun = performance.now();
    const next = serve(ROOT, folder, MEASURED, '--replace');
    await old.ended;
    const ms = performance.now() - begun;
    await until('the new proxy has the spool', () => next.log.includes('has released everything'));
    next.child.kill();
    await next.ended;
    rmSync(folder, { recursive: true });
    const gaps = [old, next].map(({ log }) => Number(/^gap (.*) ms$/m.exec(log)?.[1]));
    return { missing: Math.max(...gaps), ms };
  },
};

/** @type {import('../measure.js').Group} */
export const replace = {
  title: 'The gaps at a start and at a hand-over, with an empty spool',
  runs: 15,
  rows: [
    {
      name: 'start, until the socket is there',
      ...{ unit: 'ms', figure: 'ms', of: starting, baseline: startingNode },
    },
    { name: 'replace, the path is missing', unit: 'ms', figure: 'missing', of: replacing },
    { name: 'replace, until the old proxy has ended', unit: 'ms', figure: 'ms', of: replacing },
  ],
};
