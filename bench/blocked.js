// The memory that connections take whose data the proxy cannot accept: the buffer is full, and nobody forwards.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Actor, script } from './actor.js';
import { blocksOf } from './load.js';
import { finalMemory, open } from './memory.js';

const CONNECTIONS = 1000;

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
        // More than the proxy and the kernel keep of it.
        const blocks = blocksOf(logs).map(({ bytes }) => bytes);
        // The first connection fills the buffer, and has all code compiled.
        sockets.push(await open(socketPath, blocks));
        const before = await finalMemory(target.pid, smoke);
        for (let i = 0; i < connections; i++) sockets.push(await open(socketPath, blocks));
        return { kib: ((await finalMemory(target.pid, smoke)) - before) / connections };
      } finally {
        for (const socket of sockets) socket.destroy();
        target.kill();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
