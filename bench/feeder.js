// The process that sends: batches encoded beforehand, over any number of connections, as fast as they are
// taken, or at a rate. Started by stage.js, told what to do by messages.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { blocksOf, framesOf, stretchOf } from './load.js';
import { stamp, stampable } from './stamp.js';

/**
 * @typedef {object} Load
 * @property {number} logs Logs in each batch.
 * @property {number} connections
 * @property {number} [rate] Batches a second, over all connections. Default: as many as are taken.
 * @property {number} [cut] Bytes in each write at full speed, which cuts frames. Default: blocks of whole frames.
 * @property {boolean} [stamped] Whether each batch carries the time at which it was sent.
 */

/** The least rate of a warm-up: at 500 batches a second nothing would be compiled in time. */
const WARM_UP_RATE = 5_000;
/** Frames that may be on their way at once; each is written to again only after so many others. */
const STAMPABLE = 2048;

/** Where the wait for the next batch is over soon, in ms. */
const NEAR_MS = 0.08;
const SLEEP = new Int32Array(new SharedArrayBuffer(4));

const [socketPath = '', json = '{}'] = process.argv.slice(2);
/** @type {Load} */
const load = JSON.parse(json);
/** @type {import('node:net').Socket[]} */
const sockets = [];
const blocks = blocksOf(load.logs);
const frames = framesOf(load.logs);
const { frame: template, fromEnd } = stampable();
const stampables = load.stamped ? Array.from({ length: STAMPABLE }, () => Buffer.from(template)) : [];

/** @returns {Promise<import('node:net').Socket>} */
async function connected() {
  for (;;) {
    const socket = connect(socketPath);
    try {
      await once(socket, 'connect');
      // What a broken connection loses, the target misses.
      socket.on('error', () => undefined);
      return socket;
    } catch (error) {
      // So many wait to be accepted that no more may.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') throw error;
      await sleep(1);
    }
  }
}

/**
 * @param {number} batches How many to send.
 * @param {boolean} isWarmUp
 * @returns {Promise<number>} The bytes of these.
 */
function feed(batches, isWarmUp) {
  if (load.cut !== undefined) return feedInCuts(batches, load.cut);
  if (load.rate === undefined) return feedAtFullSpeed(batches);
  return feedAtRate(batches, isWarmUp ? Math.max(load.rate, WARM_UP_RATE) : load.rate);
}

/**
 * A block for each connection that is ready for one, until all is sent.
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
 * Pieces of so many bytes for the first connection, wherever they cut frames, until all is sent.
 *
 * @param {number} batches A multiple of the different ones, so that each feed begins where a frame does.
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
 * One write for each batch, evenly spaced, to one connection after the other, as that many senders would.
 * It spins while the next one is near, so that the spaces are even.
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
      // Asleep, and so no load on the machine, but for the last moment: a timer's millisecond is too long.
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
