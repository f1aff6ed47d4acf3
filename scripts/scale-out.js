// npm run scale-out -- [--events N] [--sessions N] [--seconds N] [--edges N] [--forwarders N] [--servers N]
//   [--ack-wait SECONDS] [--buffer BATCHES] [--seed N] [--json FILE]
//
// Edges with spools publish to a real nats-server with JetStream, and forwarders write what is on the stream to files.
// While events are sent, each process is killed with SIGKILL, and the server is ended with SIGTERM and with SIGKILL.
// Exits with 1 if an event that an edge accepted is missing in the files or differs, if the stream is not in order within
// each session, or if an event arrived more often than the kills explain. docs/scaling.md explains the figures.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { AckPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { compare, readFiles, readStream } from './scale-out/delivered.js';
import { incidentsOf } from './scale-out/incidents.js';
import { startCluster } from './scale-out/nats-cluster.js';
import { NatsServer } from './scale-out/nats-server.js';
import { Sender } from './scale-out/sender.js';
import { Edge, Forwarder } from './scale-out/serve.js';
import { sessionsOf } from './scale-out/sessions.js';
import { until } from './scale-out/until.js';
import { randomFrom } from './soak/random.js';

const STREAM = 'boundary-logs';
const CONSUMER = 'boundary-log-proxy';
/** How much faster than usual senders are when a forwarder is killed, and for how long before it, in ms. */
const RUSH = 20;
const RUSH_MS = 100;
/** A machine with other work may take so long for what follows the sending, besides the ack wait, in s. */
const PATIENCE = 120;

const { values: options } = parseArgs({
  options: {
    events: { type: 'string', default: '200000' },
    sessions: { type: 'string', default: '30' },
    edges: { type: 'string', default: '3' },
    forwarders: { type: 'string', default: '2' },
    servers: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '40' },
    'ack-wait': { type: 'string', default: '30' },
    buffer: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    json: { type: 'string' },
  },
});
/** @param {Exclude<keyof typeof options, 'json'>} name */
function number(name) {
  const value = Number(options[name]);
  if (Number.isInteger(value) && (value > 0 || name === 'seed')) return value;
  throw new Error(`--${name}: got ${options[name]}, expected a whole number above 0`);
}
const upTo = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => i);

if (spawnSync('nats-server', ['--version']).status !== 0) {
  console.error('nats-server is not installed: install the package nats-server');
  process.exit(2);
}
const random = randomFrom(number('seed'));
const begun = performance.now();
const seconds = () => (performance.now() - begun) / 1000;
const say = (/** @type {string} */ text) => console.log(`${seconds().toFixed(1).padStart(6)} s  ${text}`);
console.log(`seed ${options.seed}`);

const folder = mkdtempSync(join(tmpdir(), 'scale-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(1));

const start = (/** @type {string} */ name, config = '') => new NatsServer(join(folder, name), config).start();
const replicas = number('servers');
const servers = replicas === 1 ? [await start('nats')] : await startCluster(replicas, start);
const url = `nats://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
const edges = await Promise.all(
  upTo(number('edges')).map((i) =>
    new Edge(`edge ${i + 1}`, join(folder, `edge-${i + 1}`), [
      '--reporter',
      url,
      '--nats-replicas',
      String(replicas),
    ]).start(),
  ),
);
const connection = await connect({
  servers: servers.map((server) => server.url),
  maxReconnectAttempts: -1,
  reconnectTimeWait: 50,
});
// A request that is sent while the server restarts gets no answer.
const manager = await jetstreamManager(connection, { timeout: 1000 });
await until('the stream exists', () =>
  manager.streams.info(STREAM).then(
    () => true,
    () => false,
  ),
);
// A forwarder would create the same consumer, with an ack wait of 30 s.
await manager.consumers.add(STREAM, {
  durable_name: CONSUMER,
  ack_policy: AckPolicy.Explicit,
  ack_wait: number('ack-wait') * 1e9,
  max_ack_pending: 65_536,
});
/** What the server knows of the consumer, as soon as it answers. */
async function consumer() {
  let found = { pending: 0, unacknowledged: 0 };
  await until('the server answers', async () => {
    const info = await manager.consumers.info(STREAM, CONSUMER).catch(() => undefined);
    if (info !== undefined) found = { pending: info.num_pending, unacknowledged: info.num_ack_pending };
    return info;
  });
  return found;
}
const forwarders = await Promise.all(
  upTo(number('forwarders')).map((i) => {
    const file = join(folder, `events-${i + 1}.ndjson`);
    const args = ['--source', url, '--buffer', String(number('buffer'))];
    return new Forwarder(`forwarder ${i + 1}`, file, args).start();
  }),
);
const sessions = sessionsOf(number('sessions'), random);
const senders = edges.map(
  (edge, i) =>
    new Sender(
      edge,
      sessions.filter((_, n) => n % edges.length === i),
      random,
    ),
);

const sent = () => senders.reduce((sum, sender) => sum + sender.sent.events, 0);
/** How much faster than usual they send. */
let haste = 1;
/** More events for a moment than forwarders can write at once. */
async function rush() {
  haste = RUSH;
  await sleep(RUSH_MS);
  haste = 1;
}
const incidents = incidentsOf({ edges, senders, forwarders, servers, consumer, rush }, random);
/** How many incidents are over. */
let over = 0;
const perSecond = () => (haste * number('events')) / number('seconds') / edges.length;
/** They go on until the last incident is over. */
const isOver = () => over === incidents.length && sent() >= number('events');
const sending = Promise.all(senders.map((sender) => sender.run(perSecond, isOver)));
const failed = sending.then(
  () => new Promise(() => undefined),
  (error) => Promise.reject(error),
);
let mayRepeat = 0;
for (const { name, run } of incidents) {
  const due = (number('events') * (over + 0.5)) / incidents.length;
  const isDue = until(`${due} events are sent`, () => sent() >= due, PATIENCE + number('seconds'));
  await Promise.race([failed, isDue]);
  const before = `after ${sent()} events ${name}`;
  const may = await run();
  mayRepeat += may;
  over += 1;
  say(`${before}; up to ${may} messages may be delivered again`);
}
await sending;
for (const sender of senders) await sender.isStored();
for (const sender of senders) sender.close();
say('all is sent');
const closed = [];
for (const edge of edges) {
  await until(`${edge.name} has published all`, async () => (await edge.waiting()) === 0, PATIENCE);
  closed.push(await edge.stop());
}
say('all is published');
await until(
  'all is delivered and acknowledged',
  async () => {
    const { pending, unacknowledged } = await consumer();
    return pending + unacknowledged === 0;
  },
  number('ack-wait') + PATIENCE,
);
for (const forwarder of forwarders) closed.push(await forwarder.stop());
say('all is delivered');

const stream = await readStream(connection, STREAM);
const { state } = await manager.streams.info(STREAM);
await connection.close();
for (const server of servers) await server.end();
const paths = forwarders.map(({ file }) => file);
const files = await readFiles(paths, sessions);
const { missing, again } = compare(files, stream);
const audit = await auditOf(paths);

/** @type {[what: string, got: unknown, expected: unknown][]} */
const checks = [
  ['events on the stream', stream.events, sent()],
  ['messages on the stream', state.messages, stream.messages],
  ['problems on the stream', stream.problems, []],
  ['problems in the files', files.problems, []],
  ['events that are missing in the files', missing, { count: 0, first: [] }],
  ['batches dropped', closed.map(dropped), closed.map(() => 0)],
  ['errors in the logs', [...edges, ...forwarders].flatMap(({ complaints }) => complaints), []],
  ['sessions that audit calls complete', audit.complete, sessions.length],
  ['events that audit misses', audit.missing, 0],
  ['exit code of audit', audit.code, audit.canReadAll ? 0 : 3],
];
const problems = [];
for (const [what, got, expected] of checks) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) problems.push(`${what}: got ${a}, expected ${b}`);
}
if (again.messages > mayRepeat)
  problems.push(`${again.messages} messages were delivered again; at most ${mayRepeat} may be`);
const kills = forwarders.reduce((sum, forwarder) => sum + forwarder.kills, 0);
if (files.cut > kills) problems.push(`${files.cut} lines are cut; at most ${kills} forwarders were killed`);

say('all is checked');
const result = {
  seed: number('seed'),
  events: stream.events,
  sessions: sessions.length,
  messages: stream.messages,
  missing: missing.count,
  repeatedMessages: again.messages,
  repeatedEvents: again.events,
  mayRepeat,
  cutLines: files.cut,
  auditCode: audit.code,
  bytesOnStream: state.bytes,
  seconds: Math.round(seconds()),
  problems,
};
console.log(`
${result.events} events in ${result.messages} messages of ${result.sessions} sessions, ${missing.count} missing
on the stream: ${state.bytes} bytes, in order within each session, none twice
in the files: ${again.events} events of ${again.messages} messages again (the kills explain up to ${mayRepeat}); ${files.cut} lines cut
audit: ${audit.complete} of ${sessions.length} sessions complete, exit code ${audit.code}`);
for (const problem of problems) console.log(`FAILED: ${problem}`);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

/**
 * What `audit` says of all files together.
 *
 * @param {readonly string[]} paths
 */
async function auditOf(paths) {
  const main = fileURLToPath(new URL('../dist/lib/cli/main.js', import.meta.url));
  const running = promisify(execFile)(process.execPath, [main, 'audit', '--json', ...paths], {
    maxBuffer: 2 ** 26,
  });
  const { stdout = '' } = await running.catch((error) => error);
  const {
    verdicts,
    missing: lost,
    is_readable: canReadAll,
  } = JSON.parse(stdout.trimEnd().split('\n').at(-1) || '{}');
  return { code: running.child.exitCode, complete: verdicts?.complete, missing: lost, canReadAll };
}

/** How many batches a closing account calls dropped. @param {Record<string, any> | undefined} account */
function dropped(account) {
  const byReason = /** @type {{ batches: number }[]} */ (
    Object.values(account?.dropped ?? { none: { batches: -1 } })
  );
  return byReason.reduce((sum, { batches }) => sum + batches, 0);
}
