// The way of events over a real nats-server: from a feeder through an edge to a stream, and from the stream through a
// forwarder to a file. Each step runs alone, so that each has two cores, with the server.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { NatsServer } from '../scripts/scale-out/nats-server.js';
import { Edge, Serve } from '../scripts/scale-out/serve.js';
import { Actor, script } from './actor.js';
import { cpuOf, rssOf } from './processes.js';

const DEADLINE_MS = 120_000;
const SESSIONS = 100;
const STREAM = 'boundary-logs';

const version = spawnSync('nats-server', ['--version'], { encoding: 'utf8' });
/** Whether there is a server. */
export const hasNats = version.status === 0;
/** Whether it can sync each message, as 2.10 and newer ones can. */
export const canSync = hasNats && !/ v2\.\d\./.test(version.stdout);

/** How many batches are sent, by logs per batch. A quarter more is sent before the clock runs. */
const BATCHES = { 1: 40_000, 10: 40_000, 100: 8_000 };

/**
 * @param {1 | 10 | 100} logs Logs in each batch.
 * @returns {import('./measure.js').Measure}
 */
export function natsPath(logs) {
  return {
    name: 'nats',
    async run({ smoke }) {
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const server = await new NatsServer(join(folder, 'nats')).start();
      try {
        const batches = BATCHES[logs] / (smoke ? 20 : 1);
        const all = 1.25 * batches;
        const edge = await edging(folder, ['--reporter', server.url], { logs, batches, server });
        const connection = await connect({ servers: server.url });
        const { state } = await (await jetstreamManager(connection)).streams.info(STREAM);
        await connection.close();
        if (state.messages !== all)
          throw new Error(`the stream contains ${state.messages} of ${all} batches`);
        const forwarder = await forwarding(folder, ['--source', server.url], { logs, batches, server });
        return {
          ...figures('edge', edge),
          ...figures('forwarder', forwarder),
          bytes: (state.bytes / (all * logs)) * 1e6,
        };
      } finally {
        await server.end('SIGKILL');
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/**
 * The same without a server: an edge whose reporter discards everything, and one that writes to a file at once.
 *
 * @param {1 | 10 | 100} logs
 * @returns {import('./measure.js').Measure}
 */
export function withoutNats(logs) {
  return {
    name: 'without NATS',
    async run({ smoke }) {
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      try {
        const batches = BATCHES[logs] / (smoke ? 20 : 1);
        const edge = await edging(folder, ['--reporter', 'null'], { logs, batches });
        const file = ['--events-file', join(folder, 'events.ndjson'), '--format', 'json'];
        const writing = await edging(folder, file, { logs, batches, hasSpool: false });
        return { ...figures('edge', edge), ...figures('forwarder', writing) };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/**
 * @typedef {object} Step What a step is given.
 * @property {number} logs
 * @property {number} batches
 * @property {NatsServer} [server]
 * @property {boolean} [hasSpool] Default true.
 *
 * @typedef {object} Taken What was measured.
 * @property {number} logs
 * @property {number} seconds
 * @property {number} cpu
 * @property {number} serverCpu
 * @property {number} rss
 */

/**
 * Sends to an edge, until it has forwarded all.
 *
 * @param {string} folder
 * @param {readonly string[]} args
 * @param {Step} step
 * @returns {Promise<Taken>}
 */
async function edging(folder, args, { logs, batches, server, hasSpool = true }) {
  const edge = new Edge('the edge', join(folder, 'edge'), ['--overflow', 'block', ...args], hasSpool);
  const load = { logs, batches: 1.25 * batches, sessions: SESSIONS };
  const feeder = new Actor([...script('nats-feeder.js'), edge.socket, JSON.stringify(load)]);
  try {
    await Promise.all([edge.start(), feeder.told('ready')]);
    await feeder.asked({ connect: true }, 'connected');
    const warm = Number(await feeder.asked({ feed: batches / 4 }, 'fed'));
    await forwarded(edge, warm * logs);
    const before = now(edge, server);
    const rest = Number(await feeder.asked({ feed: load.batches }, 'fed'));
    await forwarded(edge, (warm + rest) * logs);
    const taken = since(before, now(edge, server), rest * logs);
    await edge.stop();
    return taken;
  } finally {
    feeder.kill();
    edge.kill().catch(() => undefined);
    await rm(edge.spool, { recursive: true, force: true });
  }
}

/**
 * Lets a forwarder empty a stream. It is measured from the time at which it has forwarded a fifth.
 *
 * @param {string} folder
 * @param {readonly string[]} args
 * @param {Step} step
 * @returns {Promise<Taken>}
 */
async function forwarding(folder, args, { logs, batches, server }) {
  const file = ['--events-file', join(folder, 'events.ndjson'), '--format', 'json'];
  const forwarder = new Serve('the forwarder', [...file, ...args]);
  try {
    await forwarder.start();
    const begin = now(forwarder, server);
    const all = 1.25 * batches * logs;
    const warm = await forwarded(forwarder, (batches / 4) * logs);
    const before = now(forwarder, server);
    await forwarded(forwarder, all);
    const after = now(forwarder, server);
    // A smoke run may be over at the first look.
    const taken = warm < all ? since(before, after, all - warm) : since(begin, after, all);
    await forwarder.stop();
    return taken;
  } finally {
    forwarder.kill().catch(() => undefined);
  }
}

/**
 * Waits until so many logs are forwarded. @returns how many really are.
 *
 * @param {Serve} serve
 * @param {number} logs
 */
async function forwarded(serve, logs) {
  for (const deadline = performance.now() + DEADLINE_MS; ; await sleep(25)) {
    const done = (await serve.metrics()).get('logs_forwarded_total') ?? 0;
    if (done >= logs) return done;
    serve.mustRun();
    if (performance.now() > deadline) throw new Error(`${done} of ${logs} were forwarded: ${serve.stderr}`);
  }
}

/**
 * @param {Serve} serve
 * @param {NatsServer | undefined} server
 */
function now(serve, server) {
  return {
    time: performance.now(),
    cpu: cpuOf(serve.pid),
    serverCpu: server === undefined ? 0 : cpuOf(server.pid),
    rss: rssOf(serve.pid),
  };
}

/**
 * @param {ReturnType<typeof now>} before
 * @param {ReturnType<typeof now>} after
 * @param {number} logs
 * @returns {Taken}
 */
function since(before, after, logs) {
  return {
    logs,
    seconds: (after.time - before.time) / 1000,
    cpu: after.cpu - before.cpu,
    serverCpu: after.serverCpu - before.serverCpu,
    rss: after.rss,
  };
}

/**
 * @param {string} who
 * @param {Taken} taken
 */
function figures(who, { logs, seconds, cpu, serverCpu, rss }) {
  return {
    [`${who}, logs/s`]: logs / seconds,
    [`${who}, CPU`]: (cpu / logs) * 1e6,
    [`${who}, server CPU`]: (serverCpu / logs) * 1e6,
    [`${who}, RSS`]: rss,
  };
}
