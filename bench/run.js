// npm run bench -- [--smoke] [--only NAME] [--seconds N] [--json FILE] [--profile FOLDER] [--reference PROGRAM]
//   [--against DIR [--pairs N]]     See README.md.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compare, pairTable } from './against.js';
import { measure } from './measure.js';
import { coalescing } from './rows/coalescing.js';
import { codec } from './rows/codec.js';
import { connections } from './rows/connections.js';
import { console_ } from './rows/console.js';
import { fairness } from './rows/fairness.js';
import { hostile } from './rows/hostile.js';
import { latency } from './rows/latency.js';
import { nats, natsServer } from './rows/nats.js';
import { opentelemetry } from './rows/opentelemetry.js';
import { paced } from './rows/paced.js';
import { proxy } from './rows/proxy.js';
import { redaction } from './rows/redaction.js';
import { replace } from './rows/replace.js';
import { spool } from './rows/spool.js';
import { streams } from './rows/streams.js';
import { text } from './rows/text.js';
import { table } from './table.js';

const GROUPS = {
  codec,
  text,
  redaction,
  streams,
  proxy,
  paced,
  latency,
  fairness,
  connections,
  console: console_,
  spool,
  coalescing,
  opentelemetry,
  replace,
  nats,
  'nats-server': natsServer,
  hostile,
};

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    seconds: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
    reference: { type: 'string' },
    against: { type: 'string' },
    pairs: { type: 'string', default: '15' },
  },
});

/** @type {import('./measure.js').Settings} */
const settings = {
  ...options,
  seconds: options.seconds === undefined ? undefined : Number(options.seconds),
  root: undefined,
};

/** A name selects a group, or every row whose name contains it. @param {string} group @param {string} row */
function isPicked(group, row) {
  return options.only?.some((name) => name === group || row.includes(name)) ?? true;
}

/** @param {import('./measure.js').Row} row */
function canRun({ needsReference }) {
  return !needsReference || options.reference !== undefined;
}

const groups = Object.entries(GROUPS)
  .map(([name, group]) => ({
    ...group,
    name,
    rows: group.rows.filter((row) => isPicked(name, row.name) && canRun(row)),
  }))
  .filter(({ rows }) => rows.length > 0);
if (groups.length === 0) {
  console.error(`no row is called ${options.only}; groups: ${Object.keys(GROUPS).join(', ')}`);
  process.exit(2);
}

const machine = {
  node: process.version,
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  system: `${process.platform} ${release()}`,
  load: loadavg()[0] ?? 0,
};
console.log(
  `Node ${machine.node}, ${machine.cores} cores (${machine.cpu}), ${machine.system}, load ${machine.load.toFixed(2)}\n`,
);

if (options.smoke) console.log('A smoke run: its figures mean nothing.\n');

const begun = new Date();
const results = [];
for (const group of groups) {
  if (options.against !== undefined) {
    const rows = await compare(
      group.rows,
      { ...settings, root: resolve(options.against) },
      Number(options.pairs),
    );
    if (rows.length > 0) console.log(pairTable(group.title, rows));
    results.push({ group: group.name, title: group.title, rows });
    continue;
  }
  const rows = await measure(group, settings);
  console.log(table(group.title, rows));
  results.push({ group: group.name, title: group.title, rows });
}
const seconds = Math.round((Date.now() - begun.getTime()) / 1000);
console.log(`${seconds} s`);
if (options.json !== undefined) {
  const all = { date: begun.toISOString(), smoke: options.smoke, seconds, machine, groups: results };
  writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
}
