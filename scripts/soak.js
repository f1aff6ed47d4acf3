// npm run soak -- --minutes 20 [--json FILE] [--seed N] [--smoke] [--leak]
//
// Runs a proxy in a process of its own, with 200 connections that come and go, garbage among what they send, and a
// reporter that fails. Exits with 1 if a figure grows faster than BOUNDS in soak/trend.js allows, or if the accounts do
// not balance. --smoke only looks at the accounts: over seconds, a slope says nothing. --leak makes the proxy's process
// keep what it reports, to see that the soak notices.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomFrom } from './soak/random.js';
import { Senders } from './soak/senders.js';
import { trends } from './soak/trend.js';

const CONNECTIONS = 200;

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    json: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    smoke: { type: 'boolean', default: false },
    leak: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.minutes) * 60;
if (!(seconds > 0 && seconds < 1e6))
  throw new Error(`--minutes: got ${options.minutes}, expected a number above 0`);
/** About 60 samples in the second half of a long run. */
const sampleSeconds = Math.min(5, seconds / 12);

const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const socketPath = join(folder, 's');
const target = fork(
  fileURLToPath(new URL('soak/target.js', import.meta.url)),
  [socketPath, options.seed, ...(options.leak ? ['leak'] : [])],
  { execArgv: ['--expose-gc'] },
);
process.on('exit', () => {
  target.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
const ended = once(target, 'exit');

/** @param {string} question */
async function ask(question) {
  target.send(question);
  const [answer] = await Promise.race([
    once(target, 'message'),
    ended.then(([code]) => Promise.reject(new Error(`the proxy's process ended with ${code}`))),
  ]);
  return answer;
}

/**
 * The samples of a metric, by the value of its label.
 *
 * @param {string} text
 * @param {string} name
 */
function metric(text, name) {
  /** @type {Record<string, number>} */
  const values = {};
  for (const [, label = '', value] of text.matchAll(
    new RegExp(`^agent_boundary_log_proxy_${name}(?:\\{reason="(.*)"\\})? (.+)$`, 'gm'),
  ))
    values[label] = Number(value);
  return values;
}

/** @param {Record<string, number>} values */
const sum = (values) => Object.values(values).reduce((total, value) => total + value, 0);

/**
 * What is left when the metrics account for everything: 0.
 *
 * @param {string} text
 */
function imbalance(text) {
  const of = (/** @type {string} */ name) => sum(metric(text, name));
  return (
    of('batches_received_total') -
    of('batches_forwarded_total') -
    of('batches_dropped_total') -
    of('buffer_batches') -
    of('in_flight_batches')
  );
}

await once(target, 'message');
const senders = new Senders(socketPath, randomFrom(Number(options.seed)));
const sending = senders.run(CONNECTIONS);
/** @type {import('./soak/trend.js').Sample[]} */
const samples = [];
/** @type {string[]} */
const problems = [];
const start = performance.now();
for (let at = sampleSeconds; at <= seconds + 1e-6; at += sampleSeconds) {
  await sleep(Math.max(0, start + at * 1000 - performance.now()));
  const { metrics, ...figures } = await ask('sample');
  samples.push({ seconds: at, ...figures });
  if (imbalance(metrics) !== 0)
    problems.push(`after ${at} s the metrics account for ${imbalance(metrics)} batches too few`);
}
senders.stop();
await sending;
const { accounts, metrics } = await ask('close');
await ended;

const rejected = metric(metrics, 'frames_rejected_total');
const dropped = metric(metrics, 'logs_dropped_total');
/** @type {[what: string, got: unknown, expected: unknown][]} */
const checks = [
  ['errors of connections', senders.errors.map(String).slice(0, 3), []],
  ['connections', sum(metric(metrics, 'connections_total')), senders.sent.connections],
  ['batches received', accounts.received.batches, senders.sent.batches],
  ['logs received', accounts.received.logs, senders.sent.logs],
  ['logs that senders dropped', dropped.boundary_channel_full, senders.sent.statusCount],
  [
    'frames rejected',
    Object.fromEntries(Object.keys(senders.garbage).map((reason) => [reason, rejected[reason]])),
    senders.garbage,
  ],
  ['all frames rejected', sum(rejected), sum(senders.garbage)],
  ['batches left', accounts.buffered.batches + accounts.inFlight.batches, 0],
  ['batches unaccounted for', imbalance(metrics), 0],
];
for (const [what, got, expected] of checks) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) problems.push(`${what}: got ${a}, expected ${b}`);
}
const rows = trends(samples);
for (const { figure, perHour, bound, isMet } of rows) {
  if (!isMet && !options.smoke)
    problems.push(`${figure} grows by ${perHour.toFixed(1)} per hour; the bound is ${bound}`);
}

const { batches, logs, connections } = senders.sent;
console.log(`seed ${options.seed}, ${options.minutes} minutes, ${samples.length} samples
${connections} connections, ${batches} batches, ${logs} logs, ${sum(senders.garbage)} pieces of garbage
forwarded ${accounts.forwarded.batches}, dropped ${sum(metric(metrics, 'batches_dropped_total'))}, retries ${sum(metric(metrics, 'retries_total'))}
`);
console.log('second half       min       max  per hour     bound');
for (const { figure, min, max, perHour, bound } of rows) {
  console.log(
    figure.padEnd(12) + [min, max, perHour, bound].map((value) => value.toFixed(1).padStart(10)).join(''),
  );
}
for (const problem of problems) console.log(`FAILED: ${problem}`);
if (options.json !== undefined) {
  const result = {
    seed: Number(options.seed),
    minutes: Number(options.minutes),
    sent: senders.sent,
    accounts,
    rows,
    samples,
    problems,
  };
  writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
}
process.exitCode = problems.length === 0 ? 0 : 1;
