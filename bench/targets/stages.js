// The cost of four stages of readable-stream that do nothing: chunks pass through unchanged.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough, pipeline, Writable } from 'readable-stream';

/**
 * @param {string} socketPath
 * @returns {Promise<import('../target.js').Target>}
 */
export async function open(socketPath) {
  let read = 0;
  const server = createServer((socket) => {
    const sink = new Writable({
      write(
        /** @type {Buffer} */ chunk,
        /** @type {string} */ _encoding,
        /** @type {() => void} */ callback,
      ) {
        read += chunk.length;
        callback();
      },
    });
    pipeline(socket, new PassThrough(), new PassThrough(), new PassThrough(), sink, () => undefined);
  }).listen(socketPath);
  await once(server, 'listening');
  return {
    ages: [],
    isDone: ({ bytes }) => read === bytes,
    async close() {
      server.close();
    },
  };
}
