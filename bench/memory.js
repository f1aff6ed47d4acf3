// The memory of a process that many connections are opened to.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks at the memory, in ms. It is final when it no longer grows. */
const INTERVAL_MS = 500;

/**
 * Connects, and writes.
 *
 * @param {string} socketPath
 * @param {readonly Buffer[]} pieces
 * @returns {Promise<import('node:net').Socket>}
 */
export async function open(socketPath, pieces) {
  for (;;) {
    const socket = connect(socketPath);
    try {
      await once(socket, 'connect');
      socket.on('error', () => undefined);
      for (const bytes of pieces) socket.write(bytes);
      return socket;
    } catch (error) {
      // As many connections wait for the proxy to accept them as are allowed.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') throw error;
      await sleep(1);
    }
  }
}

/**
 * @param {number} pid
 * @param {boolean} [smoke] Whether the figure does not matter.
 * @returns {Promise<number>} In KiB.
 */
export async function finalMemory(pid, smoke = false) {
  let before = Number.NaN;
  for (;;) {
    const now = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    if (now <= before) return now;
    before = now;
    await sleep(smoke ? 10 : INTERVAL_MS);
  }
}
