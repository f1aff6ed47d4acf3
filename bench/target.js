// The process that is measured: one of targets/, on a socket, and a clock around it. Started by stage.js, told
// what to do by messages.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, now } from './clock.js';
import { Profiler } from './profiler.js';
import { percentile } from './statistics.js';

/**
 * @typedef {object} Sent What the target has to have taken, in all.
 * @property {number} batches
 * @property {number} logs
 * @property {number} bytes
 *
 * @typedef {object} Target
 * @property {number[]} ages Nanoseconds from the sending of each batch, where they are stamped.
 * @property {(sent: Sent) => boolean} isDone Whether it has taken all, and lost nothing.
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Taken
 * @property {number} cpu Seconds, user and system.
 * @property {number} seconds
 * @property {number} rss Megabytes, the most there ever were.
 * @property {number} p50 Of the ages, in microseconds.
 * @property {number} p99
 */

/** After this long without an end, something was lost. */
const PATIENCE_MS = 20_000;

const [kind = '', socketPath = '', json = '{}', profile = ''] = process.argv.slice(2);
/** @type {Target} */
const target = await (await import(`./targets/${kind}.js`)).open(socketPath, JSON.parse(json));
const profiler = profile === '' ? undefined : new Profiler(profile);
let begun = { cpu: 0, time: 0 };

/** @param {Sent} sent @returns {Promise<Taken>} */
async function end(sent) {
  const deadline = now() + PATIENCE_MS * 1e6;
  while (!target.isDone(sent)) {
    if (now() > deadline) throw new Error(`${kind} did not take all of ${JSON.stringify(sent)}`);
    await sleep(1);
  }
  const ages = target.ages.toSorted((a, b) => a - b);
  return {
    cpu: cpuSeconds() - begun.cpu,
    seconds: (now() - begun.time) / 1e9,
    rss: (process.resourceUsage().maxRSS * 1024) / 1e6,
    p50: percentile(ages, 0.5) / 1000,
    p99: percentile(ages, 0.99) / 1000,
  };
}

process.on('message', async (/** @type {{ begin?: true, end?: Sent, close?: true }} */ order) => {
  if (order.begin) {
    target.ages.length = 0;
    await profiler?.start();
    begun = { cpu: cpuSeconds(), time: now() };
    process.send?.({ begun: true });
  } else if (order.end !== undefined) {
    const taken = await end(order.end);
    await profiler?.stop(kind);
    process.send?.({ taken });
  } else if (order.close) {
    await target.close();
    process.disconnect();
    process.exit();
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
