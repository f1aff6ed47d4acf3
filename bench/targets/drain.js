// The floor: reads the socket, and throws the bytes away; or writes as much ready text to stdout as would be made of
// them, in pieces as large.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { age } from '../stamp.js';

/** Bytes that a TextReporter writes at once, at full speed. */
const PIECE = 1 << 18;

/**
 * @param {string} socketPath
 * @param {{ fromEnd?: number, frameLength?: number, textOf?: number }} options For the age of each frame, if all are
 *   as long; bytes of text for each byte that is read.
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
