import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { proxies } from '../../../helpers/proxies.js';
import { connectTo } from '../../../helpers/socket-client.js';
import { tempPaths } from '../../../helpers/temp.js';

const path = tempPaths();
const newProxy = proxies();

/** Node has no public name for the descriptor of a socket. */
const descriptorOf = (object: Server | Socket) =>
  (object as unknown as { _handle: { fd: number } })._handle.fd;

/** A descriptor to pass, and how to close what it belongs to. */
type Passed = [fd: number, close: () => void];

test.each<[string, () => Promise<Passed>]>([
  [
    'a file',
    async () => {
      const fd = openSync(import.meta.filename, 'r');
      return [fd, () => closeSync(fd)];
    },
  ],
  [
    'a socket that this process uses already',
    async () => {
      const server = createServer().listen(path());
      await once(server, 'listening');
      return [descriptorOf(server), () => server.close()];
    },
  ],
  ['nothing', async () => [4000, () => undefined]],
  [
    'a TCP socket',
    async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return [descriptorOf(server), () => server.close()];
    },
  ],
  [
    'a connection, as with Accept=yes',
    async () => {
      const at = path();
      const server = createServer((socket) => socket.destroy()).listen(at);
      await once(server, 'listening');
      const socket = await connectTo(at);
      return [
        descriptorOf(socket),
        () => {
          socket.destroy();
          server.close();
        },
      ];
    },
  ],
])('%s is one clear error', async (_what, pass) => {
  const [socketFd, close] = await pass();
  await expect(newProxy({ socketFd }).start()).rejects.toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringMatching(
      /^socketFd: got \d+, expected the descriptor of a listening Unix stream socket, but it is /,
    ),
  });
  close();
});
