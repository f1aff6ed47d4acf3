// The peers of a long run: connections that come and go. Of what they send, a part is garbage.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeLogs, encodeStatus, Tag } from 'boundary-log-proxy/codec';

/** Part of the connections that end with garbage. */
const GARBAGE = 0.05;
const MAX_FRAMES = 20;
const MAX_LOGS = 20;
/** Longest time between two frames of a connection, in ms. */
const MAX_PAUSE_MS = 400;

/**
 * A frame with any payload.
 *
 * @param {number} tag
 * @param {Buffer} payload
 */
function frame(tag, payload, length = payload.length) {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(((tag << 24) | length) >>> 0);
  return Buffer.concat([header, payload]);
}

/** Bytes that lead to exactly one rejected frame, by the reason. A connection ends after them. */
const GARBAGE_OF = {
  invalid_protobuf: frame(1, Buffer.from([0xff, 0xff, 0xff])),
  invalid_utf8: frame(1, Buffer.from([0x12, 0x01, 0xff])),
  truncated_header: Buffer.from([1, 0]),
  truncated_payload: frame(1, Buffer.from([0x12, 0x01]), 100),
  unsupported_tag: frame(99, Buffer.from('GET / HTTP/1.1')),
  message_too_large: frame(1, Buffer.alloc(10), 0xff_ff_ff),
  unknown_variant: frame(2, Buffer.from([0x7a, 0x00])),
  implausible_status: encodeStatus({ droppedChannelFull: 2n ** 63n - 1n }),
};

export class Senders {
  /** What was written completely. */
  sent = { batches: 0, logs: 0, statusCount: 0, connections: 0 };
  /** Garbage that was written completely, by the reason for which it must be rejected. */
  garbage = Object.fromEntries(Object.keys(GARBAGE_OF).map((reason) => [reason, 0]));
  /** @type {Error[]} */
  errors = [];
  #isStopped = false;

  /**
   * @param {string} path The socket.
   * @param {() => number} random
   */
  constructor(path, random) {
    this.path = path;
    this.random = random;
  }

  /**
   * Keeps so many connections open until `stop()`, each as long as it likes.
   *
   * @param {number} n
   */
  async run(n) {
    const slot = async () => {
      while (!this.#isStopped) await this.#connection();
    };
    await Promise.all(Array.from({ length: n }, slot));
  }

  stop() {
    this.#isStopped = true;
  }

  async #connection() {
    const socket = connect(this.path);
    socket.on('error', (error) => this.errors.push(error));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await once(socket, 'connect');
    this.sent.connections += 1;
    socket.resume();
    const write = (/** @type {Buffer} */ bytes) =>
      new Promise((resolve) =>
        socket.write(bytes, (error) => resolve(error === undefined || error === null)),
      );
    for (let left = this.#upTo(MAX_FRAMES); left > 0 && !this.#isStopped; left--) {
      await sleep(this.random() * MAX_PAUSE_MS);
      const logs = this.#upTo(MAX_LOGS);
      if (await write(this.#logs(logs))) {
        this.sent.batches += 1;
        this.sent.logs += logs;
      }
    }
    const what = this.random();
    if (what < GARBAGE) {
      const all = Object.entries(GARBAGE_OF);
      const [reason, bytes] = all[this.#upTo(all.length) - 1] ?? ['', Buffer.alloc(0)];
      if (await write(bytes)) this.garbage[reason] = (this.garbage[reason] ?? 0) + 1;
    } else if (what < 2 * GARBAGE) {
      const count = this.#upTo(1000);
      if (await write(encodeStatus({ droppedChannelFull: BigInt(count) }))) this.sent.statusCount += count;
    }
    if (this.random() < 0.5) socket.end();
    else socket.destroy();
    await closed;
  }

  /** @param {number} max */
  #upTo(max) {
    return 1 + Math.floor(this.random() * max);
  }

  /** @param {number} count */
  #logs(count) {
    const n = this.sent.batches;
    return encodeLogs(
      {
        sessionId: `session-${n}`,
        confinedProcessName: 'soak',
        logs: Array.from({ length: count }, (_, i) => ({
          allowed: this.random() < 0.9,
          time: { seconds: 1_772_566_954 + n, nanos: i },
          httpRequest: {
            method: 'GET',
            url: `https://example.com/${n}/${'x'.repeat(this.#upTo(200))}`,
            matchedRule: 'domain=example.com',
          },
          sequenceNumber: i,
        })),
      },
      this.random() < 0.5 ? Tag.V1 : Tag.V2,
    );
  }
}
