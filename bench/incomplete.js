// The memory that connections take whose frames are incomplete: each sends a header, and one byte of its payload.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Actor, script } from './actor.js';
import { finalMemory, open } from './memory.js';

const CONNECTIONS = 1000;
const FRAME_TIMEOUT_MS = 15_000;
/** A header that announces the longest payload, and a byte of it. */
const BEGINNING = Buffer.from([1, 0, 0x80, 0, 0]);

/** @param {import('node:net').Socket} socket */
async function closed(socket) {
  if (socket.closed) return;
  await new Promise((resolve) => socket.on('close', resolve).resume());
}

/** @returns {import('./measure.js').Measure} */
export function incomplete() {
  return {
    name: 'incomplete frames',
    async run({ smoke, root }) {
      const connections = smoke ? CONNECTIONS / 50 : CONNECTIONS;
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const socketPath = join(folder, 's');
      const options = JSON.stringify({ asCommand: true, frameTimeout: smoke ? 500 : FRAME_TIMEOUT_MS });
      const target = new Actor([...script('target.js', [], root), 'proxy', socketPath, options], 'ignore');
      /** @type {import('node:net').Socket[]} */
      const sockets = [];
      try {
        await target.told('ready');
        const before = await finalMemory(target.pid, smoke);
        for (let i = 0; i < connections; i++) sockets.push(await open(socketPath, [BEGINNING]));
        const during = await finalMemory(target.pid, smoke);
        await Promise.all(sockets.map(closed));
        const after = await finalMemory(target.pid, smoke);
        return { kib: (during - before) / connections, left: (after - before) / connections };
      } finally {
        for (const socket of sockets) socket.destroy();
        target.kill();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
