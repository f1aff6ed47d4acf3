// What it costs to keep each batch on disk until it was reported.
import { CPU_UNIT, playing } from '../plays.js';

const play = {
  target: /** @type {const} */ ('proxy'),
  load: { logs: 10, connections: 1 },
  warmUp: 5_000,
  batches: 30_000,
};
const without = playing('without', play);
const variants = [
  { name: 'with a spool', of: playing('with', { ...play, spool: {} }) },
  { name: 'with a spool, sync', of: playing('with, sync', { ...play, spool: { sync: true } }) },
];

/** @type {import('../measure.js').Group} */
export const spool = {
  title: 'The spool, null reporter, 10 logs per batch',
  runs: 3,
  rows: [
    { name: 'throughput', unit: 'batches / s', figure: 'throughput' },
    { name: 'CPU', unit: CPU_UNIT, figure: 'cpu' },
  ].flatMap(({ name, ...row }) =>
    variants.map((variant) => ({ ...row, ...variant, name: `${variant.name}, ${name}`, baseline: without })),
  ),
};
