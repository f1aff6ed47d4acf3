// The process that is observed: a proxy whose reporter fails. It answers the messages `sample` and `close`.
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { BoundaryLogProxy } from 'boundary-log-proxy';
import { randomFrom } from './random.js';

const [, , socketPath = '', seed = '1', leak = ''] = process.argv;
const random = randomFrom(Number(seed));
/** Every so often the reporter fails for a while, in ms. */
const [CYCLE_MS, OUTAGE_MS] = [30_000, 3000];
/** ms between two looks at the event loop; a delay of so many ms is none. */
const RESOLUTION_MS = 10;

let isHonest = false;
/** @type {unknown[]} */
const kept = [];

/** @type {import('boundary-log-proxy').Reporter} */
const reporter = {
  async report(batch, { signal }) {
    if (leak !== '') kept.push(Buffer.alloc(1024).toString('latin1') + kept.length, batch);
    await sleep(random() * 2);
    if (isHonest) return;
    if (performance.now() % CYCLE_MS < OUTAGE_MS) throw new Error('an outage');
    const what = random();
    if (what < 0.1) throw new Error('a failure');
    if (what < 0.102) throw Object.assign(new Error('never'), { permanent: true });
    // Until the attempt is abandoned.
    if (what < 0.1025) await sleep(60_000, undefined, { signal, ref: false });
  },
};

const proxy = new BoundaryLogProxy({ socketPath });
const forwarding = proxy.runForwarder(reporter, {
  concurrency: 8,
  retry: { initialDelayMs: 5, maxDelayMs: 100, timeoutMs: 200 },
});
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
await proxy.start();
delay.enable();

async function sample() {
  const delayMs = Math.max(delay.mean / 1e6 - RESOLUTION_MS, 0);
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const metrics = await proxy.registry.metrics();
  const open = Number(/connections_open (\d+)/.exec(metrics)?.[1]);
  const descriptors = readdirSync('/proc/self/fd').length - open;
  delay.reset();
  return { heapMB: heapUsed / 2 ** 20, rssMB: rss / 2 ** 20, descriptors, delayMs, metrics };
}

process.on('message', async (message) => {
  if (message === 'sample') {
    process.send?.(await sample());
  } else {
    isHonest = true;
    await proxy.close({ drain: 30_000 });
    await forwarding;
    process.send?.({ accounts: proxy.accounts(), metrics: await proxy.registry.metrics() });
    process.disconnect();
  }
});
process.send?.('ready');
