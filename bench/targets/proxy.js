// The proxy, with a reporter that counts, writes text to stdout, or looks at how old each batch is.
import { BoundaryLogProxy, nullReporter, TextReporter } from 'boundary-log-proxy';
import { age } from '../stamp.js';

/**
 * @typedef {object} ProxyOptions
 * @property {'null' | 'stdout' | 'age'} [reporter]
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
    stdout: new TextReporter({ format: 'json' }),
    age: {
      report(/** @type {import('boundary-log-proxy').LogBatch} */ batch) {
        ages.push(age(batch.raw, fromEnd));
      },
    },
  };
  await proxy.start();
  const forwarding = proxy.runForwarder(reporters[reporter]);
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
