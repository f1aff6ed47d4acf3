// Measures that consist of several processes; see stage.js.
import { stage } from './stage.js';

/**
 * Makes a measure of a play: CPU seconds per million logs, batches per second, memory, ages.
 *
 * @param {string} name
 * @param {import('./stage.js').Play} play The play of a full run.
 * @returns {import('./measure.js').Measure}
 */
export function playing(name, play) {
  return {
    name,
    isBuild: play.target === 'proxy',
    async run({ smoke, ...settings }) {
      const batches = smoke ? Math.ceil(play.batches / 200) : play.batches;
      const warmUp = smoke ? Math.ceil(play.warmUp / 200) : play.warmUp;
      const { cpu, seconds, ...rest } = await stage({ ...play, batches, warmUp }, settings);
      return { ...rest, cpu: (cpu / (batches * play.load.logs)) * 1e6, throughput: batches / seconds };
    },
  };
}

/**
 * The same play with the reference program instead of the proxy.
 *
 * @param {import('./stage.js').Play} play
 */
export function playingReference(play) {
  return playing('reference', { ...play, target: 'reference' });
}

/**
 * The row of the reference program. Its baseline is the proxy.
 *
 * @param {import('./measure.js').Row} row The row of the proxy.
 * @param {import('./measure.js').Measure} of The measure of the reference program.
 * @returns {import('./measure.js').Row}
 */
export function besideProxy(row, of) {
  const name = `reference, ${row.name.replace(/^proxy, /, '')}`;
  return { ...row, name, of, baseline: row.of, needsReference: true };
}

/**
 * How many batches a load at full speed has, by logs per batch. All loads take about the same time. They are long
 * enough to hide the cost of V8's compiler and heap at the start: with a fifth of them `drain` cost twice as much.
 */
export const FULL_SPEED = {
  1: { warmUp: 200_000, batches: 1_000_000 },
  10: { warmUp: 100_000, batches: 500_000 },
  100: { warmUp: 20_000, batches: 100_000 },
};
/** The same for text, which is three times as long. */
export const TEXT_AT_FULL_SPEED = { warmUp: 50_000, batches: 150_000 };
export const CPU_UNIT = 'CPU s / 1M logs';
