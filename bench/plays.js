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
    async run({ smoke, profile }) {
      const batches = smoke ? Math.ceil(play.batches / 50) : play.batches;
      const warmUp = smoke ? Math.ceil(play.warmUp / 50) : play.warmUp;
      const { cpu, seconds, ...rest } = await stage({ ...play, batches, warmUp, profile });
      return { ...rest, cpu: (cpu / (batches * play.load.logs)) * 1e6, throughput: batches / seconds };
    },
  };
}

/** Batches in a load at full speed, by the logs in each: about as long for each. */
export const FULL_SPEED = {
  1: { warmUp: 100_000, batches: 300_000 },
  10: { warmUp: 40_000, batches: 100_000 },
  100: { warmUp: 5_000, batches: 20_000 },
};
export const CPU_UNIT = 'CPU s / 1M logs';
