// What happens to the processes while events are sent: each is killed once, and the server is ended twice.
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './until.js';

/** The longest time that something stays dead, in ms. */
const MAX_DEAD_MS = 500;
/** So long before the server is killed it has certainly written which messages were acknowledged, in ms. */
const WRITTEN_MS = 1000;

/**
 * @typedef {object} Incident
 * @property {string} name
 * @property {() => Promise<number>} run Returns how many messages may be delivered again because of it.
 */

/**
 * @typedef {object} Cast
 * @property {import('./serve.js').Edge[]} edges
 * @property {import('./sender.js').Sender[]} senders One for each edge.
 * @property {import('./serve.js').Forwarder[]} forwarders
 * @property {import('./nats-server.js').NatsServer[]} servers
 * @property {() => Promise<void>} rush Sends much for a moment.
 * @property {() => Promise<{ unacknowledged: number }>} consumer What the server knows of the consumer.
 */

/**
 * @param {Cast} cast
 * @param {() => number} random
 * @returns {Incident[]} In a random order.
 */
export function incidentsOf({ edges, senders, forwarders, servers, consumer, rush }, random) {
  const dead = () => sleep(random() * MAX_DEAD_MS);
  const one = (/** @type {typeof servers} */ of) =>
    /** @type {typeof servers[0]} */ (of[Math.floor(random() * of.length)]);
  const incidents = [
    ...edges.map((edge, i) => killOf(edge, /** @type {import('./sender.js').Sender} */ (senders[i]))),
    ...forwarders.map(() => ({
      name: 'a forwarder is killed',
      run: async () => {
        await rush();
        const forwarder = await worker();
        await forwarder.kill();
        // What the server had sent to it, and has not seen an acknowledgement of. The other forwarders hold some of it.
        const { unacknowledged } = await consumer();
        await dead();
        await forwarder.start();
        return unacknowledged;
      },
    })),
    {
      name: 'a server is ended with SIGTERM',
      run: async () => {
        await one(servers).restart('SIGTERM', dead);
        // The forwarders repeat the acknowledgements that it has not read, as soon as they are connected again.
        return (await consumer()).unacknowledged;
      },
    },
    {
      name: 'a server is killed',
      run: async () => {
        // What was acknowledged a moment before, it may not have written, and forgets.
        const before = await forwardedBy(forwarders);
        await sleep(WRITTEN_MS);
        let after = before;
        await one(servers).restart('SIGKILL', async () => {
          after = await forwardedBy(forwarders);
          await dead();
        });
        return after - before + (await consumer()).unacknowledged;
      },
    },
  ];
  for (let i = incidents.length - 1; i > 0; i--) {
    const k = Math.floor(random() * (i + 1));
    [incidents[i], incidents[k]] = [
      /** @type {Incident} */ (incidents[k]),
      /** @type {Incident} */ (incidents[i]),
    ];
  }
  return incidents;

  /**
   * One that was not killed yet, as soon as it works: what it has in hand then is what its kill is about. The server may
   * send everything to one forwarder for a while.
   */
  async function worker() {
    const idle = forwarders
      .filter(({ kills }) => kills === 0)
      .map((forwarder) => ({ forwarder, size: sizeOf(forwarder.file) }));
    const works = () => idle.find(({ forwarder, size }) => sizeOf(forwarder.file) > size)?.forwarder;
    await until('a forwarder writes', works);
    return /** @type {import('./serve.js').Forwarder} */ (works());
  }

  /**
   * @param {import('./serve.js').Edge} edge
   * @param {import('./sender.js').Sender} sender
   * @returns {Incident}
   */
  function killOf(edge, sender) {
    return {
      name: `${edge.name} is killed`,
      async run() {
        await sender.paused(async () => {
          await edge.kill();
          await dead();
          await edge.start();
        });
        // The stream stores what it publishes again once.
        return 0;
      },
    };
  }
}

/** @param {readonly import('./serve.js').Forwarder[]} forwarders */
async function forwardedBy(forwarders) {
  const all = await Promise.all(forwarders.map((forwarder) => forwarder.metrics()));
  return all.reduce((sum, metrics) => sum + (metrics.get('batches_forwarded_total') ?? 0), 0);
}

/** @param {string} file */
function sizeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
