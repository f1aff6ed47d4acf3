// The cost of a log over one connection and over many, and the memory that many connections need.
import { blocked } from '../blocked.js';
import { incomplete } from '../incomplete.js';
import { CPU_UNIT, FULL_SPEED, playing } from '../plays.js';

/**
 * @param {'proxy' | 'drain'} target
 * @param {number} connections
 * @param {Partial<import('../stage.js').Play>} [more]
 */
const over = (target, connections, more) =>
  playing(`${target}, ${connections}`, {
    target,
    load: { logs: 10, connections },
    ...FULL_SPEED[10],
    ...more,
  });

const proxies = [1, 100, 1000].map((connections) => ({ connections, of: over('proxy', connections) }));
const drains = [1, 1000].map((connections) => ({ connections, of: over('drain', connections) }));
/** With the heap of the command: V8 collects garbage, and with it read buffers, sooner. */
const asCommand = over('proxy', 1000, { options: { asCommand: true } });

const ofIncomplete = incomplete();

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
      name: 'connections, 1000, as the command',
      unit: CPU_UNIT,
      figure: 'cpu',
      of: asCommand,
      baseline: proxies[0]?.of ?? asCommand,
    },
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
    {
      name: 'memory, 1000 connections, as the command',
      unit: 'MB RSS at most',
      figure: 'rss',
      of: asCommand,
      baseline: proxies[2]?.of,
    },
    ...[1, 10, 100].map((logs) => ({
      name: `memory, blocked connection, ${logs} per batch`,
      unit: 'KiB RSS',
      figure: 'kib',
      of: blocked(logs),
    })),
    { name: 'memory, incomplete frame', unit: 'KiB RSS', figure: 'kib', of: ofIncomplete },
    { name: 'memory, after an incomplete frame', unit: 'KiB RSS', figure: 'left', of: ofIncomplete },
  ],
};
