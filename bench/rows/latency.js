// The time from the sender's write to the reporter's call, by a clock that both processes share.
import { besideProxy, playing, playingReference } from '../plays.js';
import { stampable } from '../stamp.js';

const RATE = 5_000;
const { frame, fromEnd } = stampable();

/** @type {import('../stage.js').Play} */
const play = {
  target: 'proxy',
  options: { reporter: 'age', fromEnd },
  load: { logs: 10, connections: 4, rate: RATE, stamped: true },
  warmUp: 15_000,
  batches: 4 * RATE,
};
const of = playing('proxy', play);
const reference = playingReference(play);
const baseline = playing('drain', {
  ...play,
  target: 'drain',
  options: { fromEnd, frameLength: frame.length },
});

/** @type {import('../measure.js').Group} */
export const latency = {
  title: `Latency from write to report, at ${RATE} batches/s of 10 logs`,
  runs: 5,
  rows: ['p50', 'p99'].flatMap((figure) => {
    const row = { name: `latency, ${figure}`, unit: 'µs', figure, of, baseline };
    return [row, besideProxy(row, reference)];
  }),
};
