// The process that is measured. It runs one of targets/ on a socket, and measures it. stage.js starts this process, and
// sends it orders as messages.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, now } from './clock.js';
import { Profiler } from './profiler.js';
import { percentile } from './statistics.js';

/**
 * @typedef {object} Sent Everything that the target must have received.
 * @property {number} batches
 * @property {number} logs
 * @property {number} bytes
 *
 * @typedef {object} Target
 * @property {number[]} ages Nanoseconds since each batch was sent, if batches are stamped.
 * @property {(sent: Sent) => boolean} isDone Whether it has received everything and lost nothing.
 * @property {() => object} [look] What backlog.js asks for in between.
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Taken
 * @property {number} cpu Seconds, user and system.
 * @property {number} seconds
 * @property {number} rss Highest memory use, in megabytes.
 * @property {number} p50 Median of the ages, in microseconds.
 * @property {number} p99 99th percentile of the ages, in microseconds.
 * @property {number} max The highest age, in microseconds.
 */

/** A run that takes longer has lost something. */
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
    if (now() > deadline) throw new Error(`${kind} did not receive all of ${JSON.stringify(sent)}`);
    await sleep(1);
  }
  const ages = target.ages.toSorted((a, b) => a - b);
  return {
    cpu: cpuSeconds() - begun.cpu,
    seconds: (now() - begun.time) / 1e9,
    rss: (process.resourceUsage().maxRSS * 1024) / 1e6,
    p50: percentile(ages, 0.5) / 1000,
    p99: percentile(ages, 0.99) / 1000,
    max: percentile(ages, 1) / 1000,
  };
}

process.on(
  'message',
  async (/** @type {{ begin?: true, end?: Sent, look?: true, close?: true }} */ order) => {
    if (order.begin) {
      target.ages.length = 0;
      await profiler?.start();
      begun = { cpu: cpuSeconds(), time: now() };
      process.send?.({ begun: true });
    } else if (order.end !== undefined) {
      const taken = await end(order.end);
      await profiler?.stop(kind);
      process.send?.({ taken });
    } else if (order.look) {
      process.send?.({ looked: target.look?.() });
    } else if (order.close) {
      await target.close();
      process.disconnect();
      process.exit();
    }
  },
);
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
