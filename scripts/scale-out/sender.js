// Sends the sessions of one edge, each on its own connection. It pauses around the kill of the edge, because what is in
// the socket of a dead receiver is lost, and no sender can tell how much that was.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameOf, pick, sizeOf } from './sessions.js';
import { until } from './until.js';

const PAUSE_MS = 10;

export class Sender {
  /** What was written completely, to all lives of the edge. */
  sent = { batches: 0, events: 0 };
  /** What was written to earlier lives. */
  #before = 0;
  #edge;
  #sessions;
  #random;
  /** @type {Map<string, import('node:net').Socket>} */
  #sockets = new Map();
  /** Resolves when nobody wants it to pause any more. @type {Promise<void>} */
  #mayRun = Promise.resolve();
  /** @type {Promise<void>} */
  #turn = Promise.resolve();

  /**
   * @param {import('./serve.js').Edge} edge
   * @param {import('./sessions.js').Session[]} sessions
   * @param {() => number} random
   */
  constructor(edge, sessions, random) {
    this.#edge = edge;
    this.#sessions = sessions;
    this.#random = random;
  }

  /**
   * Sends events.
   *
   * @param {() => number} perSecond
   * @param {() => boolean} isOver Whether there are enough.
   */
  async run(perSecond, isOver) {
    let due = 0;
    let last = performance.now();
    while (!isOver()) {
      await this.#mayRun;
      const now = performance.now();
      // After a pause it continues at its speed, and does not hurry to make up for it.
      due = Math.min(due + ((now - last) / 1000) * perSecond(), perSecond() / 4 + 100);
      last = now;
      this.#turn = this.#send(due);
      const before = this.sent.events;
      await this.#turn;
      due -= this.sent.events - before;
      await sleep(PAUSE_MS);
    }
  }

  /** While it pauses: waits until all that was sent is on the disk of the edge, calls `act`, and then continues. */
  async paused(/** @type {() => Promise<void>} */ act) {
    let proceed = () => {};
    this.#mayRun = new Promise((resolve) => {
      proceed = resolve;
    });
    await this.#turn;
    await this.isStored();
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
    this.#before = this.sent.events;
    await act();
    proceed();
  }

  /** Waits until the edge has accepted all that was sent to it: it has received it, and each batch is in its spool. */
  async isStored() {
    await until(`${this.#edge.name} has stored what was sent`, async () => {
      const metrics = await this.#edge.metrics();
      const received = metrics.get('logs_received_total') ?? 0;
      if (received > this.sent.events - this.#before) throw new Error('it received more than was sent');
      if (received < this.sent.events - this.#before) return false;
      const waiting = (metrics.get('buffer_batches') ?? 0) + (metrics.get('in_flight_batches') ?? 0);
      return waiting === 0 || lastId(this.#edge.spool) === this.sent.batches - 1;
    });
  }

  /** Sends so many events, or a few more, in batches of its sessions. @param {number} events */
  async #send(events) {
    /** @type {Promise<void>[]} */
    const writing = [];
    for (let left = events; left > 0; ) {
      const session = pick(this.#sessions, this.#random);
      const count = sizeOf(this.#random);
      const socket = await this.#socket(session.id);
      const frame = frameOf(session.id, session.sent, count);
      writing.push(
        new Promise((resolve, reject) => socket.write(frame, (error) => (error ? reject(error) : resolve()))),
      );
      session.sent += count;
      left -= count;
      this.sent.events += count;
      this.sent.batches += 1;
    }
    await Promise.all(writing);
  }

  /** @param {string} session */
  async #socket(session) {
    const open = this.#sockets.get(session);
    if (open !== undefined) return open;
    const socket = connect(this.#edge.socket);
    await once(socket, 'connect');
    socket.resume();
    this.#sockets.set(session, socket);
    return socket;
  }

  close() {
    for (const socket of this.#sockets.values()) socket.end();
  }
}

const HEADER_BYTES = 64;

/**
 * The id of the last batch in a spool, as docs/spool-format.md describes it; -1 if there is none.
 *
 * @param {string} folder
 */
function lastId(folder) {
  const names = readdirSync(folder).filter((name) => /^\d{16}\.log$/.test(name));
  const last = names.sort().at(-1);
  if (last === undefined) return -1;
  const bytes = readFileSync(join(folder, last));
  // The name of a segment is the id of its first batch.
  if (bytes.length === 0) return Number.parseInt(last, 10) - 1;
  for (let end = bytes.length; end >= HEADER_BYTES; ) {
    const at = bytes.lastIndexOf('BLR\x01', end - HEADER_BYTES);
    if (at < 0) break;
    if (at + HEADER_BYTES + bytes.readUInt32BE(at + 12) === bytes.length) {
      return Number(bytes.readBigUInt64BE(at + 24));
    }
    // A sender may have sent these four bytes, or the record is being written.
    end = at + HEADER_BYTES - 1;
  }
  return -1;
}
