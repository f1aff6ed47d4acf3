// The cost of storing each batch on disk until it is reported, with a reporter that accepts a batch before it is
// written, and with one that accepts it later. Then, what it costs while much is waiting.
import { backlog, diskUse } from '../backlog.js';
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

const gigabyte = backlog(1e9);
const small = backlog(1e9 / 16);

/** @type {import('../measure.js').Row[]} */
const waiting = [
  {
    name: 'filling it to 1 GB, memory',
    unit: 'MB RSS at most',
    figure: 'fillingRss',
    of: gigabyte,
    baseline: small,
  },
  {
    name: 'emptying 1 GB, memory',
    unit: 'MB RSS at most',
    figure: 'emptyingRss',
    of: gigabyte,
    baseline: small,
  },
  { name: '1 GB, time until it listens', unit: 'ms', figure: 'listeningMs', of: gigabyte, baseline: small },
  { name: '1 GB, time until it is open', unit: 'ms', figure: 'openedMs', of: gigabyte, baseline: small },
  { name: 'disk use at most', unit: 'of the limit', figure: 'ofLimit', of: diskUse(64 * 2 ** 20) },
];

/** @type {import('../measure.js').Group} */
export const spool = {
  title: 'The spool, 10 logs per batch',
  runs: 3,
  rows: [
    ...[
      { name: 'throughput', unit: 'batches / s', figure: 'throughput' },
      { name: 'CPU', unit: CPU_UNIT, figure: 'cpu' },
    ].flatMap(({ name, ...row }) =>
      variants.map((variant) => ({ ...row, ...variant, name: `${variant.name}, ${name}` })),
    ),
    ...waiting,
  ],
};
