// Measures in which processes take part; see stage.js.
import { stage } from './stage.js';

/**
 * A measure of one play: CPU seconds per million logs, batches per second, memory, ages.
 *
 * @param {string} name
 * @param {import('./stage.js').Play} play As it is in a full run.
 * @returns {import('./measure.js').Measure}
 */
export function playing(name, play) {
  return {
    name,
    isBuild: play.target === 'proxy',
    async run({ smoke, ...settings }) {
      const batches = smoke ? Math.ceil(play.batches / 50) : play.batches;
      const warmUp = smoke ? Math.ceil(play.warmUp / 50) : play.warmUp;
      const { cpu, seconds, ...rest } = await stage({ ...play, batches, warmUp }, settings);
      return { ...rest, cpu: (cpu / (batches * play.load.logs)) * 1e6, throughput: batches / seconds };
    },
  };
}

/**
 * A play of the proxy's with the reference in its place.
 *
 * @param {import('./stage.js').Play} play
 */
export function playingReference(play) {
  return playing('reference', { ...play, target: 'reference' });
}

/**
 * The reference's row, held against the proxy's.
 *
 * @param {import('./measure.js').Row} row The proxy's.
 * @param {import('./measure.js').Measure} of The reference.
 * @returns {import('./measure.js').Row}
 */
export function besideProxy(row, of) {
  const name = `reference, ${row.name.replace(/^proxy, /, '')}`;
  return { ...row, name, of, baseline: row.of, needsReference: true };
}

/**
 * Batches in a load at full speed, by the logs in each: about as long for each, and long enough that what is
 * paid at the start only, by V8's compiler and its heap, does not show. A fifth of these made `drain` twice as dear.
 */
export const FULL_SPEED = {
  1: { warmUp: 200_000, batches: 1_000_000 },
  10: { warmUp: 100_000, batches: 500_000 },
  100: { warmUp: 20_000, batches: 100_000 },
};
/** The same for text, of which there is three times as much. */
export const TEXT_AT_FULL_SPEED = { warmUp: 50_000, batches: 150_000 };
export const CPU_UNIT = 'CPU s / 1M logs';
