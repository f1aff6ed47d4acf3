import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach } from '@jest/globals';

/**
 * An HTTP proxy that understands only CONNECT, and connects to the loopback address, whatever host it is asked for: a
 * loopback address itself is never reached through a proxy. It is closed after the test.
 */
export interface ConnectProxy {
  readonly url: string;
  /** The requests that it received: `host:port` and credentials. */
  readonly asked: { target: string | undefined; authorization: string | undefined }[];
  /** The status that it answers instead of 200; 0 for no answer. */
  status: number;
  /** How many connections are open. */
  open(): number;
}

export function connectProxies(): () => Promise<ConnectProxy> {
  const servers: [Server, Set<Socket>][] = [];
  afterEach(async () => {
    for (const [server, sockets] of servers.splice(0)) {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    }
  });
  return async () => {
    const server = createServer();
    const sockets = new Set<Socket>();
    servers.push([server, sockets]);
    server.on('connection', (socket) => {
      sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => undefined));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy: ConnectProxy = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      asked: [],
      status: 200,
      open: () => sockets.size,
    };
    server.on('connect', ({ url, headers }, socket) => {
      proxy.asked.push({ target: url, authorization: headers['proxy-authorization'] });
      if (proxy.status === 0) {
        // The connection may be half open: its end is not its close.
        socket.on('end', () => socket.end()).resume();
        return;
      }
      if (proxy.status !== 200) {
        socket.end(`HTTP/1.1 ${proxy.status} No\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      const { port } = new URL(`http://${url}`);
      const target = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('close', () => target.destroy());
    });
    return proxy;
  };
}
