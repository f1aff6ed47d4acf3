// A realistic load: one write per batch of 10 logs, evenly spaced, on 4 connections.
import { besideProxy, CPU_UNIT, playing, playingReference } from '../plays.js';

/** Batches per second, and for how many seconds. */
const RATES = /** @type {const} */ ([
  [500, 4],
  [5_000, 2],
  [20_000, 2],
]);

/** @type {import('../measure.js').Group} */
export const paced = {
  title: 'A paced load: 10 logs per batch, 4 connections',
  runs: 3,
  rows: RATES.flatMap(([rate, seconds]) => {
    /** @type {import('../stage.js').Play} */
    const play = {
      target: 'proxy',
      load: { logs: 10, connections: 4, rate },
      warmUp: 15_000,
      batches: rate * seconds,
    };
    const row = {
      name: `paced, ${rate} batches/s`,
      unit: CPU_UNIT,
      figure: 'cpu',
      of: playing('proxy', play),
      baseline: playing('drain', { ...play, target: 'drain' }),
    };
    return [row, besideProxy(row, playingReference(play))];
  }),
};
