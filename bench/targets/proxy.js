// The proxy, with a reporter that counts (synchronously, later, slowly or far away), writes text to stdout as `serve` does, or records
// the age of each batch.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BoundaryLogProxy, nullReporter, TextReporter } from 'boundary-log-proxy';
import { eventOutput } from '../../dist/lib/cli/event-output.js';
import { age } from '../stamp.js';

const output = eventOutput(process.stdout, 1);
/** The options of the forwarder that `serve` runs. */
const AS_SERVE = {
  concurrency: output?.atOnce,
  retry: { timeoutMs: Number.POSITIVE_INFINITY },
};
// With a spool there are always retries.
const LATER = { concurrency: 64, retry: {} };
const SLOW = { concurrency: 16, retry: {} };
/** How long a call takes to a destination that is far away, in ms. */
const FAR_MS = 50;
const FAR = { retry: {} };
const RUNS = {
  null: {},
  later: LATER,
  slow: SLOW,
  stdout: AS_SERVE,
  age: {},
  far: FAR,
  'far, combined': FAR,
};

/**
 * @typedef {object} ProxyOptions
 * @property {'null' | 'later' | 'slow' | 'stdout' | 'age' | 'far' | 'far, combined' | 'none'} [reporter] With `none` nothing is forwarded.
 * @property {number} [bufferSize]
 * @property {boolean} [asCommand] Whether the heap is as small as that of the command.
 * @property {number} [frameTimeout]
 * @property {number} [fromEnd] Where the stamp begins, for the reporter `age`.
 * @property {{ folder: string, sync?: boolean, maxBytes?: number }} [spool]
 * @property {import('boundary-log-proxy').RedactOptions} [redact]
 * @property {'console' | 'page'} [console] Whether it has a console, and whether a page of it is open.
 */

/**
 * @param {string} socketPath
 * @param {ProxyOptions} options
 * @returns {Promise<import('../target.js').Target>}
 */
export async function open(socketPath, { reporter = 'null', fromEnd = 0, ...options }) {
  const { bufferSize, asCommand = false, frameTimeout, spool, redact, console } = options;
  if (asCommand) await import('../../dist/lib/cli/heap.js');
  /** When it listened, and when the spool was open, in ms. */
  const times = { begun: 0, listening: 0, opened: 0 };
  const none = () => undefined;
  /** @param {object} _fields @param {string} message */
  const info = (_fields, message) => {
    if (message === 'listening') times.listening = performance.now();
  };
  // Senders wait instead of losing anything, so that each figure covers everything that was sent.
  const proxy = new BoundaryLogProxy({
    socketPath,
    overflow: 'block',
    bufferSize,
    frameTimeout,
    spool,
    redact,
    // As `serve` does.
    sessions: {},
    logger: { debug: none, info, warn: none, error: none },
  });
  /** @type {number[]} */
  const ages = [];
  const reporters = {
    null: nullReporter,
    // Two turns later: with a spool, the batch is on disk by then.
    later: { report: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))) },
    slow: { report: () => sleep(1) },
    far: { report: () => sleep(FAR_MS) },
    'far, combined': { coalesce: {}, report: () => sleep(FAR_MS) },
    stdout: new TextReporter({ stream: output, format: 'json' }),
    age: {
      report(/** @type {import('boundary-log-proxy').LogBatch} */ batch) {
        ages.push(age(batch.raw, fromEnd));
      },
    },
  };
  const shown = console === undefined ? undefined : await openConsole(proxy, console === 'page');
  times.begun = performance.now();
  await proxy.start();
  times.opened = performance.now();
  const forwarding =
    reporter === 'none' ? undefined : proxy.runForwarder(reporters[reporter], RUNS[reporter]);
  return {
    ages,
    isDone: ({ batches, logs }) => {
      const { received, forwarded, buffered } = proxy.accounts();
      return received.batches === batches && forwarded.logs === logs && buffered.batches === 0;
    },
    look() {
      const { received, buffered, inFlight } = proxy.accounts();
      const { begun, listening, opened } = times;
      return {
        received: received.batches,
        held: buffered.batches + inFlight.batches,
        listeningMs: listening - begun,
        openedMs: opened - begun,
      };
    },
    async close() {
      await shown?.close();
      await proxy.close();
      await forwarding;
    },
  };
}

/**
 * @param {BoundaryLogProxy} proxy
 * @param {boolean} hasPage
 * @returns {Promise<{ close(): Promise<void> }>}
 */
async function openConsole(proxy, hasPage) {
  const { Console } = await import('../../dist/lib/console/console.js');
  const token = 'T'.repeat(43);
  const none = () => undefined;
  const console = await Console.start(proxy, {
    ...{ address: { host: '127.0.0.1', port: 0 }, token, labels: ['null'], sample: '', maxConnections: 8 },
    logger: { debug: none, info: none, warn: none, error: none },
  });
  if (!hasPage) return console;
  const page = fileURLToPath(new URL('../console-page.js', import.meta.url));
  const [url = ''] = console.link.split('/#');
  const child = spawn(process.execPath, [page, url, token], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  await once(child, 'message');
  return {
    async close() {
      child.kill();
      await console.close();
    },
  };
}
