// The floor: reads the socket, and throws the bytes away.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { age } from '../stamp.js';

/**
 * @param {string} socketPath
 * @param {{ fromEnd?: number, frameLength?: number }} options For the age of each frame, if all are as long.
 * @returns {Promise<import('../target.js').Target>}
 */
export async function open(socketPath, { fromEnd = 0, frameLength = 0 }) {
  let read = 0;
  /** @type {number[]} */
  const ages = [];
  const server = createServer((socket) => {
    let ofConnection = 0;
    socket.on('data', (chunk) => {
      read += chunk.length;
      if (frameLength === 0) return;
      let end = frameLength - (ofConnection % frameLength);
      for (; end <= chunk.length; end += frameLength) {
        if (end >= fromEnd) ages.push(age(chunk.subarray(0, end), fromEnd));
      }
      ofConnection += chunk.length;
    });
  }).listen(socketPath);
  await once(server, 'listening');
  return {
    ages,
    isDone: ({ bytes }) => read === bytes,
    async close() {
      server.close();
    },
  };
}
