// What a log costs when it comes over one connection, or over many; and what memory many take.
import { CPU_UNIT, playing } from '../plays.js';

/** @param {'proxy' | 'drain'} target @param {number} connections */
const over = (target, connections) =>
  playing(`${target}, ${connections}`, { target, load: { logs: 10, connections }, ...LOAD });

/** Enough that each of 1,000 connections has several reads' worth to send. */
const LOAD = { warmUp: 40_000, batches: 200_000 };

const proxies = [1, 100, 1000].map((connections) => ({ connections, of: over('proxy', connections) }));
const drains = [1, 1000].map((connections) => ({ connections, of: over('drain', connections) }));

/** @type {import('../measure.js').Row[]} */
const costs = proxies.map(({ connections, of }) => ({
  name: `connections, ${connections}`,
  unit: CPU_UNIT,
  figure: 'cpu',
  of,
  baseline: proxies[0]?.of ?? of,
}));

/** @type {import('../measure.js').Group} */
export const connections = {
  title: 'Connections, at full speed, 10 logs per batch',
  runs: 5,
  rows: [
    ...costs,
    {
      name: 'drain, connections, 1000',
      unit: CPU_UNIT,
      figure: 'cpu',
      of: drains[1]?.of ?? over('drain', 1000),
      baseline: drains[0]?.of ?? over('drain', 1),
    },
    ...proxies.map(({ connections, of }) => ({
      name: `memory, ${connections} connections`,
      unit: 'MB RSS at most',
      figure: 'rss',
      of,
      baseline: drains.find((drain) => drain.connections === connections)?.of,
    })),
  ],
};
