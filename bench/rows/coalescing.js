// What it saves to combine the batches that wait for a destination that is far away.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Actor, script } from '../actor.js';
import { coderPath, hasAgentApi } from '../coder-path.js';

const LOAD = { logs: 10, connections: 1 };
const BATCHES = 100_000;
const RATE = 150;

/**
 * Fills a spool, and measures how long another process takes to deliver what is in it, with 50 ms for each call.
 *
 * @param {string} name
 * @param {'far' | 'far, combined'} reporter
 * @param {number} batches The result is that of {@link BATCHES}, in proportion.
 * @returns {import('../measure.js').Measure}
 */
function delivering(name, reporter, batches) {
  return {
    name,
    async run({ smoke, root }) {
      const n = smoke ? Math.ceil(batches / 50) : batches;
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const spool = { folder: join(folder, 'spool'), maxBytes: 2 ** 30 };
      try {
        await proxying({ reporter: 'none', spool }, n, ({ received }) => received === n);
        const seconds = await proxying({ reporter, spool }, 0, ({ held }) => held === 0);
        return { seconds: (seconds * BATCHES) / n };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }

      /**
       * @param {import('../targets/proxy.js').ProxyOptions} options
       * @param {number} feed
       * @param {(looked: import('../backlog.js').Looked) => boolean} isDone
       * @returns {Promise<number>} Seconds.
       */
      async function proxying(options, feed, isDone) {
        const socketPath = join(folder, 's');
        const target = new Actor(
          [...script('target.js', [], root), 'proxy', socketPath, JSON.stringify(options)],
          'ignore',
        );
        const feeder = new Actor([...script('feeder.js'), socketPath, JSON.stringify(LOAD)]);
        try {
          await Promise.all([target.told('ready'), feeder.told('ready')]);
          const begun = performance.now();
          if (feed > 0) {
            await feeder.asked({ connect: true }, 'connected');
            await feeder.asked({ feed }, 'fed');
          }
          for (;;) {
            const looked = /** @type {import('../backlog.js').Looked} */ (
              await target.asked({ look: true }, 'looked')
            );
            if (isDone(looked)) break;
            await sleep(5);
          }
          const seconds = (performance.now() - begun) / 1000;
          await target.ended();
          return seconds;
        } finally {
          target.kill();
          feeder.kill();
        }
      }
    },
  };
}

const without = coderPath(RATE, [], 3000);
const lingering = coderPath(RATE, ['--linger', '100'], 3000);

/** @type {import('../measure.js').Row[]} */
const coder = [
  {
    name: `coder, ${RATE} batches/s`,
    unit: 'CPU ms / batch',
    figure: 'cpu',
    of: without,
  },
  {
    name: `coder, ${RATE} batches/s, --linger 100`,
    unit: 'CPU ms / batch',
    figure: 'cpu',
    of: lingering,
    baseline: without,
  },
  {
    name: `coder, ${RATE} batches/s, --linger 100, calls`,
    unit: 'calls / batch',
    figure: 'calls',
    of: lingering,
    baseline: without,
  },
];

/** @type {import('../measure.js').Group} */
export const coalescing = {
  title: 'Combining batches of 10 logs',
  runs: 3,
  rows: [
    {
      name: 'a backlog of 100,000 batches, 50 ms per call',
      unit: 's',
      figure: 'seconds',
      of: delivering('combined', 'far, combined', BATCHES),
      baseline: delivering('a call each', 'far', 200),
    },
    ...(hasAgentApi ? coder : []),
  ],
};
