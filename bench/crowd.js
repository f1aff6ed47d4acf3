// A process with many connections: quiet senders, or loud ones of some kind. fairness.js starts it.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOUD } from './loud.js';
import { stamp, stampable } from './stamp.js';

/** How often a quiet sender sends a batch, in ms. */
const QUIET_MS = 100;

const [socketPath = '', kind = '', connections = '0'] = process.argv.slice(2);
let isOver = false;
/** @type {() => void} */
let begin = () => undefined;
const begun = new Promise((resolve) => {
  begin = () => resolve(undefined);
});

/** @returns {Promise<import('node:net').Socket>} */
async function connected() {
  for (;;) {
    const socket = connect(socketPath);
    const error = await new Promise((resolve) => socket.on('connect', resolve).on('error', resolve));
    if (error === undefined) return socket;
    await sleep(1);
  }
}

/** Sends as fast as it can. If the proxy closes the connection, it connects again. */
async function shout() {
  const blocks = LOUD[kind] ?? [];
  for (;;) {
    const socket = await connected();
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.resume();
    let turn = 0;
    // A closed socket fails each write in the same turn, so a write after a failed one would never let the loop go on.
    const write = (/** @type {Error | null | undefined} */ error) => {
      if (!error) socket.write(/** @type {Buffer} */ (blocks[turn++ % blocks.length]), write);
    };
    write(undefined);
    await closed;
  }
}

/** Sends a stamped batch now and then. @returns {Promise<number>} How many. */
async function whisper() {
  const { frame, fromEnd } = stampable();
  const socket = await connected();
  socket.on('error', () => undefined);
  await begun;
  await sleep(Math.random() * QUIET_MS);
  let sent = 0;
  for (; !isOver; sent++) {
    const batch = Buffer.from(frame);
    stamp(batch, fromEnd);
    socket.write(batch);
    await sleep(QUIET_MS);
  }
  return sent;
}

const senders = Array.from({ length: Number(connections) }, () => (kind === 'quiet' ? whisper() : shout()));
process.on('message', async (/** @type {{ begin?: true, end?: true }} */ order) => {
  if (order.begin) begin();
  if (!order.end) return;
  isOver = true;
  const sent = await Promise.all(senders);
  process.send?.({ sent: sent.reduce((sum, n) => Number(sum) + Number(n), 0) });
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
