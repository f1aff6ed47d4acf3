// The proxy, with a reporter that counts, at once or later, writes text to stdout as `serve` does, or looks at how old
// each batch is.
import { BoundaryLogProxy, nullReporter, TextReporter } from 'boundary-log-proxy';
import { FileOutput } from '../../dist/lib/cli/file-output.js';
import { age } from '../stamp.js';

/** What `serve` runs a forwarder with where stdout is a file. */
const AS_SERVE = { concurrency: 1000, retry: { timeoutMs: Number.POSITIVE_INFINITY } };
// With a spool there are retries in any case.
const LATER = { concurrency: 64, retry: {} };
const RUNS = { null: {}, later: LATER, stdout: AS_SERVE, age: {} };

/**
 * @typedef {object} ProxyOptions
 * @property {'null' | 'later' | 'stdout' | 'age'} [reporter]
 * @property {number} [fromEnd] Where the stamp begins, for `age`.
 * @property {{ folder: string, sync?: boolean }} [spool]
 */

/**
 * @param {string} socketPath
 * @param {ProxyOptions} options
 * @returns {Promise<import('../target.js').Target>}
 */
export async function open(socketPath, { reporter = 'null', fromEnd = 0, spool }) {
  // Senders wait rather than lose anything: each figure is for all that was sent.
  const proxy = new BoundaryLogProxy({ socketPath, overflow: 'block', spool });
  /** @type {number[]} */
  const ages = [];
  const reporters = {
    null: nullReporter,
    // Not in the turn in which it is asked, nor in the next one: with a spool, a batch is on disk by then.
    later: { report: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))) },
    stdout: new TextReporter({ stream: FileOutput.ofStdout(), format: 'json' }),
    age: {
      report(/** @type {import('boundary-log-proxy').LogBatch} */ batch) {
        ages.push(age(batch.raw, fromEnd));
      },
    },
  };
  await proxy.start();
  const forwarding = proxy.runForwarder(reporters[reporter], RUNS[reporter]);
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
