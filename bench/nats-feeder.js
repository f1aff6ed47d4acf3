// The process that sends to an edge: batches of many sessions, each with its own numbers, because a stream stores a
// repeated batch once. It encodes all of them before it says that it is ready. nats-path.js starts it.
import { once } from 'node:events';
import { connect } from 'node:net';
import { frameOf } from './load.js';

/**
 * @typedef {object} NatsLoad
 * @property {number} logs Logs in each batch.
 * @property {number} batches
 * @property {number} sessions They send in turns, each on its own connection.
 */

const [socketPath = '', json = '{}'] = process.argv.slice(2);
/** @type {NatsLoad} */
const { logs, batches, sessions } = JSON.parse(json);

/** How many batches are in one write. */
const IN_WRITE = Math.ceil(65_536 / (100 * logs));
/** The writes of each session. @type {{ bytes: Buffer, batches: number }[][]} */
const writes = Array.from({ length: sessions }, (_, session) => {
  const id = `5f3c1c52-7b2a-4f0e-9d55-${String(session).padStart(12, '0')}`;
  const own = Math.ceil((batches - session) / sessions);
  const its = [];
  for (let first = 0; first < own; first += IN_WRITE) {
    const count = Math.min(IN_WRITE, own - first);
    const frames = Array.from({ length: count }, (_, i) =>
      frameOf(logs, (first + i) * logs, '', undefined, id),
    );
    its.push({ bytes: Buffer.concat(frames), batches: count });
  }
  return its;
});

/**
 * Sends the next batches: the sessions take turns, a write each.
 *
 * @param {number} count At least so many batches.
 * @returns {Promise<number>} How many these were.
 */
async function feed(count) {
  let sent = 0;
  while (sent < count) {
    let isEmpty = true;
    for (const [session, its] of writes.entries()) {
      const next = sent < count ? its.shift() : undefined;
      if (next === undefined) continue;
      isEmpty = false;
      const socket = /** @type {import('node:net').Socket} */ (sockets[session]);
      if (!socket.write(next.bytes)) await once(socket, 'drain');
      sent += next.batches;
    }
    if (isEmpty) break;
  }
  return sent;
}

/** @type {import('node:net').Socket[]} */
const sockets = [];
process.on('message', async (/** @type {{ connect?: true, feed?: number }} */ order) => {
  if (order.connect) {
    for (let i = 0; i < sessions; i++) {
      const socket = connect(socketPath);
      await once(socket, 'connect');
      sockets.push(socket.resume());
    }
    process.send?.({ connected: true });
  } else if (order.feed !== undefined) {
    process.send?.({ fed: await feed(order.feed) });
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
