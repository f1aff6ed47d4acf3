// The proxy, with a reporter that counts (synchronously or later), writes text to stdout as `serve` does, or records
// the age of each batch.
import { BoundaryLogProxy, nullReporter, TextReporter } from 'boundary-log-proxy';
import { eventOutput } from '../../dist/lib/cli/event-output.js';
import { age } from '../stamp.js';

const output = eventOutput(process.stdout);
/** The options of the forwarder that `serve` runs. */
const AS_SERVE = {
  concurrency: output?.atOnce,
  retry: { timeoutMs: Number.POSITIVE_INFINITY },
};
// With a spool there are always retries.
const LATER = { concurrency: 64, retry: {} };
const RUNS = { null: {}, later: LATER, stdout: AS_SERVE, age: {} };

/**
 * @typedef {object} ProxyOptions
 * @property {'null' | 'later' | 'stdout' | 'age' | 'none'} [reporter] With `none` nothing is forwarded.
 * @property {number} [bufferSize]
 * @property {boolean} [asCommand] Whether the heap is as small as that of the command.
 * @property {number} [frameTimeout]
 * @property {number} [fromEnd] Where the stamp begins, for the reporter `age`.
 * @property {{ folder: string, sync?: boolean }} [spool]
 */

/**
 * @param {string} socketPath
 * @param {ProxyOptions} options
 * @returns {Promise<import('../target.js').Target>}
 */
export async function open(socketPath, { reporter = 'null', fromEnd = 0, ...options }) {
  const { bufferSize, asCommand = false, frameTimeout, spool } = options;
  if (asCommand) await import('../../dist/lib/cli/heap.js');
  // Senders wait instead of losing anything, so that each figure covers everything that was sent.
  const proxy = new BoundaryLogProxy({ socketPath, overflow: 'block', bufferSize, frameTimeout, spool });
  /** @type {number[]} */
  const ages = [];
  const reporters = {
    null: nullReporter,
    // Two turns later: with a spool, the batch is on disk by then.
    later: { report: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))) },
    stdout: new TextReporter({ stream: output, format: 'json' }),
    age: {
      report(/** @type {import('boundary-log-proxy').LogBatch} */ batch) {
        ages.push(age(batch.raw, fromEnd));
      },
    },
  };
  await proxy.start();
  const forwarding =
    reporter === 'none' ? undefined : proxy.runForwarder(reporters[reporter], RUNS[reporter]);
  return {
    ages,
    isDone: ({ batches, logs }) => {
      const { received, forwarded, buffered } = proxy.accounts();
      return received.batches === batches && forwarded.logs === logs && buffered.batches === 0;
    },
    async close() {
      await proxy.close();
      await forwarding;
    },
  };
}
