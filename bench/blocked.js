// The memory that connections take whose data the proxy cannot accept: the buffer is full, and nobody forwards.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Actor, script } from './actor.js';
import { blocksOf } from './load.js';

const CONNECTIONS = 1000;
/** Between two looks at the memory, in ms. It is final when it no longer grows. */
const INTERVAL_MS = 500;

/**
 * Measures the growth of the proxy's memory by many blocked connections, divided by their number.
 *
 * @param {number} logs Logs in each batch.
 * @returns {import('./measure.js').Measure}
 */
export function blocked(logs) {
  return {
    name: `blocked, ${logs} per batch`,
    async run({ smoke, root }) {
      const connections = smoke ? CONNECTIONS / 50 : CONNECTIONS;
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const socketPath = join(folder, 's');
      const options = JSON.stringify({ reporter: 'none', bufferSize: 1, asCommand: true });
      const target = new Actor([...script('target.js', [], root), 'proxy', socketPath, options], 'ignore');
      /** @type {import('node:net').Socket[]} */
      const sockets = [];
      try {
        await target.told('ready');
        const blocks = blocksOf(logs);
        // The first connection fills the buffer, and has all code compiled.
        await block(socketPath, blocks, sockets);
        const before = await finalMemory(target.pid);
        for (let i = 0; i < connections; i++) await block(socketPath, blocks, sockets);
        return { kib: ((await finalMemory(target.pid)) - before) / connections };
      } finally {
        for (const socket of sockets) socket.destroy();
        target.kill();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/**
 * Connects, and writes more than the proxy and the kernel keep of it.
 *
 * @param {string} socketPath
 * @param {readonly { bytes: Buffer }[]} blocks
 * @param {import('node:net').Socket[]} sockets The new one is added.
 */
async function block(socketPath, blocks, sockets) {
  for (;;) {
    const socket = connect(socketPath);
    try {
      await once(socket, 'connect');
      socket.on('error', () => undefined);
      for (const { bytes } of blocks) socket.write(bytes);
      sockets.push(socket);
      return;
    } catch (error) {
      // As many connections wait for the proxy to accept them as are allowed.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') throw error;
      await sleep(1);
    }
  }
}

/** @param {number} pid @returns {Promise<number>} In KiB. */
async function finalMemory(pid) {
  let before = Number.NaN;
  for (;;) {
    const now = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    if (now <= before) return now;
    before = now;
    await sleep(INTERVAL_MS);
  }
}
