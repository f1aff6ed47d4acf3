// The proxy, with a reporter that records the age of each batch of a quiet sender, and ignores those of loud ones.
import { BoundaryLogProxy } from 'boundary-log-proxy';
import { age } from '../stamp.js';

/**
 * @param {string} socketPath
 * @param {{ fromEnd: number, length: number }} options Where the stamp begins, and the length of a batch of a quiet sender.
 * @returns {Promise<import('../target.js').Target>}
 */
export async function open(socketPath, { fromEnd, length }) {
  const proxy = new BoundaryLogProxy({ socketPath });
  /** @type {number[]} */
  const ages = [];
  await proxy.start();
  const forwarding = proxy.runForwarder({
    report({ raw }) {
      if (raw.length === length) ages.push(age(raw, fromEnd));
    },
  });
  return {
    ages,
    isDone: ({ batches }) => ages.length === batches,
    async close() {
      await proxy.close();
      await forwarding;
    },
  };
}
