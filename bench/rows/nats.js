// One edge and one forwarder beside a real nats-server with file storage, with batches of 1, 10 and 100 logs.
import { memoryFor, memoryOfConnections, storing } from '../nats-limits.js';
import { canSync, hasNats, natsPath, withoutNats } from '../nats-path.js';
import { CPU_UNIT } from '../plays.js';

const SIZES = /** @type {const} */ ([1, 10, 100]);

/** @type {import('../measure.js').Row[]} */
const rows = SIZES.flatMap((logs) => {
  const of = natsPath(logs);
  const baseline = withoutNats(logs);
  const name = (/** @type {string} */ what) => `${what}, ${logs} per batch`;
  return [
    { name: name('edge, throughput'), unit: 'logs / s', figure: 'edge, logs/s', of, baseline },
    { name: name('edge, CPU'), unit: CPU_UNIT, figure: 'edge, CPU', of, baseline },
    { name: name('edge, CPU of the server'), unit: CPU_UNIT, figure: 'edge, server CPU', of },
    { name: name('edge, memory'), unit: 'MB RSS at most', figure: 'edge, RSS', of, baseline },
    { name: name('forwarder, throughput'), unit: 'logs / s', figure: 'forwarder, logs/s', of, baseline },
    { name: name('forwarder, CPU'), unit: CPU_UNIT, figure: 'forwarder, CPU', of, baseline },
    { name: name('forwarder, CPU of the server'), unit: CPU_UNIT, figure: 'forwarder, server CPU', of },
    { name: name('stream, size'), unit: 'bytes / 1M logs', figure: 'bytes', of },
  ];
});

/** @type {import('../measure.js').Group} */
export const nats = {
  title: 'An edge and a forwarder beside a NATS server, one after the other',
  runs: 3,
  rows: hasNats ? rows : [],
};

const [one, three, synced] = [
  storing('one replica'),
  storing('three replicas'),
  storing('every message synced'),
];
const [subjects, ids] = [memoryFor('subject'), memoryFor('id')];

/** @type {import('../measure.js').Row[]} */
const limits = [
  { name: 'server, memory of a subject', unit: 'bytes RSS', figure: 'bytes', of: subjects },
  { name: 'server, memory of a message id', unit: 'bytes RSS', figure: 'bytes', of: ids },
  { name: 'server, start with 100,000 subjects', unit: 's', figure: 'seconds', of: subjects },
  { name: 'server, start with 100,000 message ids', unit: 's', figure: 'seconds', of: ids },
  { name: 'server, memory of a connection', unit: 'KiB RSS', figure: 'kib', of: memoryOfConnections() },
  { name: 'server, one replica', unit: 'messages / s', figure: 'throughput', of: one },
  { name: 'server, three replicas', unit: 'messages / s', figure: 'throughput', of: three, baseline: one },
  { name: 'server, CPU of one replica', unit: 'CPU s / 1M messages', figure: 'cpu', of: one },
  {
    name: 'server, CPU of three replicas',
    unit: 'CPU s / 1M messages',
    figure: 'cpu',
    of: three,
    baseline: one,
  },
];

/** @type {import('../measure.js').Row[]} */
const always = [
  {
    name: 'server, every message synced',
    unit: 'messages / s',
    figure: 'throughput',
    of: synced,
    baseline: one,
  },
];

/** @type {import('../measure.js').Group} */
export const natsServer = {
  title: 'A NATS server alone, with batches as plain messages',
  runs: 3,
  rows: hasNats ? [...limits, ...(canSync ? always : [])] : [],
};
