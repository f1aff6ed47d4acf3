import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { BoundaryLogError } from '../errors.js';
import { messageOf } from '../printable.js';
import type { Address } from './arguments.js';

/**
 * Not an import, which would evaluate all that the module exports. From Node 22 on that includes Node's HTTP client,
 * which ends the process if there is no WebAssembly.
 */
const { createServer } = createRequire(import.meta.url)('node:http') as typeof import('node:http');

/** Serves `/metrics` (the text format of Prometheus) and `/healthz`. */
export class MetricsServer {
  /** Its base URL, such as `http://127.0.0.1:9465`. */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    const { address, family, port } = server.address() as AddressInfo;
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_LISTEN_FAILED */
  static async listen({ host, port }: Address, registry: Registry): Promise<MetricsServer> {
    const server = createServer((request, response) => {
      answer(request, response, registry).catch((error) => response.destroy(error));
    });
    try {
      server.listen(port, host);
      await once(server, 'listening');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const how = 'choose another address with --metrics HOST:PORT, or turn metrics off with --metrics off';
      if (code === 'EADDRINUSE') {
        const inUse = `another program uses the metrics address ${host}:${port}: ${how}`;
        throw new BoundaryLogError('ERR_ADDRESS_IN_USE', inUse, { cause });
      }
      const failed = `cannot serve metrics on ${host}:${port} (${messageOf(cause)}): ${how}`;
      throw new BoundaryLogError('ERR_LISTEN_FAILED', failed, { cause });
    }
    return new MetricsServer(server);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, registry: Registry): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
  } else if (path === '/metrics') {
    const body = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(body);
  } else if (path === '/healthz') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found: try /metrics or /healthz\n');
  }
}
