// The cost of storing each batch on disk until it is reported, with a reporter that accepts a batch before it is
// written, and with one that accepts it later.
import { CPU_UNIT, playing } from '../plays.js';

const play = {
  target: /** @type {const} */ ('proxy'),
  load: { logs: 10, connections: 1 },
  warmUp: 5_000,
  batches: 30_000,
};
const reporters = [
  { name: 'with a spool', options: { reporter: /** @type {const} */ ('null') } },
  { name: 'with a spool, reported later', options: { reporter: /** @type {const} */ ('later') } },
];
const variants = reporters.flatMap(({ name, options }) => {
  const baseline = playing('without', { ...play, options });
  return [
    { name, of: playing('with', { ...play, options, spool: {} }), baseline },
    {
      name: `${name}, sync`,
      of: playing('with, sync', { ...play, options, spool: { sync: true } }),
      baseline,
    },
  ];
});

/** @type {import('../measure.js').Group} */
export const spool = {
  title: 'The spool, 10 logs per batch',
  runs: 3,
  rows: [
    { name: 'throughput', unit: 'batches / s', figure: 'throughput' },
    { name: 'CPU', unit: CPU_UNIT, figure: 'cpu' },
  ].flatMap(({ name, ...row }) =>
    variants.map((variant) => ({ ...row, ...variant, name: `${variant.name}, ${name}` })),
  ),
};
