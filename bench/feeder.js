// The process that sends. It sends batches that were encoded beforehand over any number of connections, as fast as they
// are accepted or at a given rate. stage.js starts it, and sends it orders as messages.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { blocksOf, framesOf, stretchOf } from './load.js';
import { stamp, stampable } from './stamp.js';

/**
 * @typedef {object} Load
 * @property {number} logs Logs in each batch.
 * @property {number} connections
 * @property {number} [rate] Batches per second, over all connections. Default: as many as are accepted.
 * @property {number} [cut] Bytes in each write at full speed, which cuts frames. Default: blocks of whole frames.
 * @property {import('./load.js').Queries} [queries] How many URLs have a query.
 * @property {boolean} [stamped] Whether each batch carries the time at which it was sent.
 */

/** Lowest rate of a warm-up. At 500 batches per second V8 would not compile the code in time. */
const WARM_UP_RATE = 5_000;
/** How many frames may be on their way at the same time. Each buffer is reused after that many others. */
const STAMPABLE = 2048;

/** A wait shorter than this is spent spinning, in ms. */
const NEAR_MS = 0.08;
const SLEEP = new Int32Array(new SharedArrayBuffer(4));

const [socketPath = '', json = '{}'] = process.argv.slice(2);
/** @type {Load} */
const load = JSON.parse(json);
/** @type {import('node:net').Socket[]} */
const sockets = [];
const blocks = blocksOf(load.logs, load.queries);
const frames = framesOf(load.logs, load.queries);
const { frame: template, fromEnd } = stampable();
const stampables = load.stamped ? Array.from({ length: STAMPABLE }, () => Buffer.from(template)) : [];

/** @returns {Promise<import('node:net').Socket>} */
async function connected() {
  for (;;) {
    const socket = connect(socketPath);
    try {
      await once(socket, 'connect');
      // If a connection breaks, the target misses data and the measurement fails.
      socket.on('error', () => undefined);
      return socket;
    } catch (error) {
      // The queue of connections that wait to be accepted is full.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') throw error;
      await sleep(1);
    }
  }
}

/**
 * @param {number} batches How many to send.
 * @param {boolean} isWarmUp
 * @returns {Promise<number>} How many bytes these were.
 */
function feed(batches, isWarmUp) {
  if (load.cut !== undefined) return feedInCuts(batches, load.cut);
  if (load.rate === undefined) return feedAtFullSpeed(batches);
  return feedAtRate(batches, isWarmUp ? Math.max(load.rate, WARM_UP_RATE) : load.rate);
}

/**
 * Writes a block to each connection that is ready for one, until everything is sent.
 *
 * @param {number} batches
 */
async function feedAtFullSpeed(batches) {
  let left = batches;
  let bytes = 0;
  let turn = 0;
  /** @returns {Buffer | undefined} */
  const next = () => {
    const block = blocks[turn++ % blocks.length];
    if (block === undefined || left === 0) return undefined;
    const n = Math.min(left, block.batches);
    const part = n === block.batches ? block.bytes : Buffer.concat(frames.slice(0, n));
    left -= n === block.batches ? n : Math.min(n, frames.length);
    bytes += part.length;
    return part;
  };
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve) => {
          const write = () => {
            const part = next();
            if (part === undefined) resolve(undefined);
            else socket.write(part, write);
          };
          write();
        }),
    ),
  );
  return bytes;
}

/**
 * Writes pieces of `size` bytes to the first connection, wherever they cut frames, until all is sent.
 *
 * @param {number} batches A multiple of the number of different batches, so that each feed begins with a whole frame.
 * @param {number} size
 */
async function feedInCuts(batches, size) {
  const { bytes: stretch, bytesOfAll } = stretchOf(load.logs);
  const total = (batches / frames.length) * bytesOfAll;
  const socket = sockets[0];
  if (socket === undefined || !Number.isInteger(batches / frames.length)) throw new Error('cannot be cut');
  for (let sent = 0; sent < total; ) {
    const from = sent % stretch.length;
    const length = Math.min(size, total - sent);
    const part = stretch.subarray(from, from + length);
    const rest = stretch.subarray(0, length - part.length);
    const piece = rest.length === 0 ? part : Buffer.concat([part, rest]);
    await new Promise((resolve) => socket.write(piece, resolve));
    sent += piece.length;
  }
  return total;
}

/**
 * Writes one batch at a time, evenly spaced, to one connection after the other, as that many senders would. It spins
 * shortly before each write, so that the intervals are even.
 *
 * @param {number} batches
 * @param {number} rate
 */
async function feedAtRate(batches, rate) {
  const start = performance.now();
  let bytes = 0;
  for (let sent = 0; sent < batches; ) {
    const wait = start + (sent * 1000) / rate - performance.now();
    if (wait > 0) {
      // Sleeping puts no load on the machine. The last moment is spent spinning, because timers are too coarse.
      if (wait > NEAR_MS) Atomics.wait(SLEEP, 0, 0, wait - NEAR_MS);
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    const frame = load.stamped ? stampables[sent % STAMPABLE] : frames[sent % frames.length];
    const socket = sockets[sent % sockets.length];
    if (frame === undefined || socket === undefined) throw new Error('nothing to send, or nowhere');
    if (load.stamped) stamp(frame, fromEnd);
    socket.write(frame);
    bytes += frame.length;
    sent += 1;
  }
  return bytes;
}

process.on('message', async (/** @type {{ connect?: true, feed?: number, isWarmUp?: boolean }} */ order) => {
  if (order.connect) {
    for (let i = 0; i < load.connections; i++) {
      sockets.push(await connected());
    }
    process.send?.({ connected: true });
  } else if (order.feed !== undefined) {
    process.send?.({ fed: await feed(order.feed, order.isWarmUp === true) });
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
