// One measurement of fairness: quiet senders in one process, loud ones in another, the proxy in a third. The senders have
// one core, and the proxy has another.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Actor, script } from './actor.js';
import { stampable } from './stamp.js';

const QUIET = 100;
const LOUD = 50;
const SECONDS = 5;
const SMOKE_SECONDS = 0.3;
/** Bytes before the request: the frame's header, and the tag and the length of the envelope's member. */
const BEFORE_REQUEST = 4 + 3;

/** @param {string[]} command @param {number} core */
function pinned(command, core) {
  const isPossible = process.platform === 'linux' && availableParallelism() > 1;
  return isPossible ? ['taskset', '-c', String(core), ...command] : command;
}

/**
 * Measures how long the batches of quiet senders wait, from the sender's write to the reporter's call.
 *
 * @param {string | undefined} kind What the loud senders send. Default: there are none.
 * @returns {import('./measure.js').Measure}
 */
export function fairness(kind) {
  return {
    name: kind === undefined ? 'no loud senders' : `beside ${kind}`,
    isBuild: true,
    async run({ smoke, seconds = SECONDS, root }) {
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const socketPath = join(folder, 's');
      const { frame, fromEnd } = stampable();
      const options = JSON.stringify({ fromEnd, length: frame.length - BEFORE_REQUEST });
      const target = new Actor(pinned([...script('target.js', [], root), 'quiet', socketPath, options], 0));
      /** @type {Actor[]} */
      const crowds = [];
      const crowd = async (/** @type {string} */ ofKind, /** @type {number} */ connections) => {
        const command = [...script('crowd.js'), socketPath, ofKind, String(connections)];
        const actor = new Actor(pinned(command, 1));
        crowds.push(actor);
        await actor.told('ready');
        return actor;
      };
      try {
        await target.told('ready');
        const quiet = await crowd('quiet', QUIET);
        if (kind !== undefined) await crowd(kind, LOUD);
        // V8 has compiled everything by then, and the loud senders are at full speed.
        await sleep(smoke ? 100 : 2000);
        await target.asked({ begin: true }, 'begun');
        quiet.send({ begin: true });
        await sleep((smoke ? SMOKE_SECONDS : seconds) * 1000);
        const batches = Number(await quiet.asked({ end: true }, 'sent'));
        const end = { batches, logs: 0, bytes: 0 };
        const taken = /** @type {import('./target.js').Taken} */ (await target.asked({ end }, 'taken'));
        for (const actor of crowds) actor.assertAlive();
        return { worst: taken.max / 1000, p99: taken.p99 / 1000 };
      } finally {
        for (const actor of [target, ...crowds]) actor.kill();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
