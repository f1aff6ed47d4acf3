import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { explained } from '../../../lib/cli/running-proxy.js';
import { BoundaryLogError } from '../../../lib/errors.js';
import { BoundaryLogProxy } from '../../../lib/index.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const inUse = (code: 'ERR_ADDRESS_IN_USE' | 'ERR_SOCKET_IN_USE') => new BoundaryLogError(code, 'in use');

/** A server that does something with each connection. */
async function server(answer: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const listening = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  closing.push(() => {
    listening.close();
    for (const socket of sockets) socket.destroy();
  });
  return { host: '127.0.0.1', port: (listening.address() as AddressInfo).port };
}

/** A proxy that another one could replace, as `serve` starts it. */
async function proxy(): Promise<string> {
  const started = new BoundaryLogProxy({ socketPath: path(), onReplace: () => undefined });
  closing.push(() => started.close());
  await started.start();
  return started.socketPath;
}

describe('explained', () => {
  test.each(['ERR_ADDRESS_IN_USE', 'ERR_SOCKET_IN_USE'] as const)(
    '%s: a proxy on the same socket is named, with its process, and not disturbed',
    async (code) => {
      const socketPath = await proxy();
      const metrics = await server(() => undefined);
      const original = inUse(code);
      for (let i = 0; i < 3; i++) {
        const error = (await explained(original, { socketPath, metrics })) as Error;
        expect(error).toMatchObject({ code: 'ERR_SOCKET_IN_USE', cause: original });
        expect(error.message).toMatch(
          `a proxy is already running with the socket ${socketPath}, as process ${process.pid}:`,
        );
      }
    },
  );

  test('a proxy on the metrics address is named with its socket', async () => {
    const body = '{"status":"ok","reasons":[],"socketPath":"/run/\\u001b[31m"}';
    const metrics = await server((socket) => socket.end(`HTTP/1.0 200 OK\r\n\r\n${body}\n`));
    const original = inUse('ERR_ADDRESS_IN_USE');
    const error = (await explained(original, { socketPath: path(), metrics })) as Error;
    expect(error).toMatchObject({ code: 'ERR_ADDRESS_IN_USE', cause: original });
    expect(error.message).toMatch(
      'a proxy is already running with the socket "/run/\\u001b[31m", and uses the metrics address 127.0.0.1:',
    );
  });

  test.each<[string, (socket: Socket) => void]>([
    ['says nothing', () => undefined],
    ['hangs up', (socket) => socket.destroy()],
    ['resets', (socket) => socket.resetAndDestroy()],
    ['says something else', (socket) => socket.end('220 mail.example.com ESMTP\r\n')],
    ['answers another JSON', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n{"status":"ok"}')],
    ['answers null', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nnull')],
    [
      'never stops',
      (socket) => {
        const more = () => {
          while (!socket.destroyed && socket.write('x'.repeat(65_536)));
        };
        socket.on('drain', more);
        more();
      },
    ],
  ])('an error remains as it is if what uses the address %s', async (_what, answer) => {
    const metrics = await server(answer);
    const original = inUse('ERR_ADDRESS_IN_USE');
    expect(await explained(original, { socketPath: path(), metrics })).toBe(original);
  });

  test('an error remains as it is if another server is on the socket', async () => {
    const socketPath = path();
    const other = createServer().listen(socketPath);
    await once(other, 'listening');
    closing.push(() => other.close());
    const original = inUse('ERR_SOCKET_IN_USE');
    expect(await explained(original, { socketPath, metrics: 'off' })).toBe(original);
  });

  test.each([
    new Error('other'),
    new BoundaryLogError('ERR_LISTEN_FAILED', 'x'),
    Object.assign(new Error('x'), { code: 'EIO' }),
  ])('%s remains as it is', async (error) => {
    expect(await explained(error, { socketPath: await proxy(), metrics: 'off' })).toBe(error);
  });
});
