// The lower bound. Reads the socket and discards the bytes, or writes as much prepared text to stdout as they would
// become, in pieces of the same size.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { age } from '../stamp.js';

/** How many bytes a TextReporter writes at once, at full speed. */
const PIECE = 1 << 18;

/**
 * @param {string} socketPath
 * @param {{ fromEnd?: number, frameLength?: number, textOf?: number }} options The first two
 *   locate the stamp of each frame, if all have the same length. `textOf`: bytes of text per byte read.
 * @returns {Promise<import('../target.js').Target>}
 */
export async function open(socketPath, { fromEnd = 0, frameLength = 0, textOf = 0 }) {
  const text = Buffer.alloc(PIECE, 'text');
  let read = 0;
  let written = 0;
  /** @type {number[]} */
  const ages = [];
  const server = createServer((socket) => {
    let ofConnection = 0;
    socket.on('data', (chunk) => {
      read += chunk.length;
      for (; written + PIECE <= read * textOf; written += PIECE) writeSync(1, text);
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
