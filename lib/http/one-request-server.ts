import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';
import { messageOf } from '../printable.js';
import { Episode } from '../telemetry/episode.js';
import { ConnectionLimit } from './connection-limit.js';

const MAX_HEADER_BYTES = 8192;
/** How long a connection may last by default, in ms. Prometheus gives up after the same time by default. */
const MAX_CONNECTION_MS = 10_000;

export interface OneRequestServerOptions {
  /** What it serves, as in "cannot serve metrics on 127.0.0.1:9465". */
  readonly content: string;
  /** What messages call its address: `the metrics address`. */
  readonly place: string;
  /** How the user can have another address, or no server. */
  readonly advice: string;
  readonly maxConnections: number;
  /** How long a connection may last unless it is kept, in ms. Default: 10000. */
  readonly maxConnectionMs?: number | undefined;
  readonly logger: Logger;
}

/**
 * An HTTP server on which each connection has one request. Therefore nobody can hold a connection open between requests,
 * or cause many answers at once.
 */
export class OneRequestServer {
  /** Its base URL, such as `http://127.0.0.1:9465`. */
  readonly url: string;
  /** The IP address that it listens on. */
  readonly address: string;
  /** Its connections. */
  readonly limit: ConnectionLimit;
  readonly #server: Server;

  private constructor(server: Server, { place, logger, ...limits }: OneRequestServerOptions) {
    const { address, family, port } = server.address() as AddressInfo;
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    this.address = address;
    this.limit = new ConnectionLimit(limits.maxConnections, limits.maxConnectionMs ?? MAX_CONNECTION_MS);
    this.#server = server;
    const notAccepted = new Episode(logger, {
      started: `connections to ${place} cannot be accepted`,
      continues: `connections to ${place} still cannot be accepted`,
      ended: `connections to ${place} are accepted again`,
    });
    server.on('connection', (socket) => this.limit.add(socket));
    server.on('error', (err) => notAccepted.happened({ connections: 1 }, { err }));
    server.on('close', () => notAccepted.end());
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_LISTEN_FAILED */
  static async listen(
    { host, port }: { host: string; port: number },
    options: OneRequestServerOptions,
  ): Promise<OneRequestServer> {
    const { content, place, advice } = options;
    // ConnectionLimit has one time limit for everything.
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: 0, requestTimeout: 0 });
    try {
      server.listen(port, host);
      await once(server, 'listening');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') {
        const inUse = `another program uses ${place} ${host}:${port}: ${advice}`;
        throw new BoundaryLogError('ERR_ADDRESS_IN_USE', inUse, { cause });
      }
      const failed = `cannot serve ${content} on ${host}:${port} (${messageOf(cause)}): ${advice}`;
      throw new BoundaryLogError('ERR_LISTEN_FAILED', failed, { cause });
    }
    return new OneRequestServer(server, options);
  }

  /** Calls `answer` for each request. Its connection closes after the answer. */
  onRequest(answer: (request: IncomingMessage, response: ServerResponse) => void): void {
    // Without a listener for the last two, Node asks for the body that is refused, and keeps the connection open.
    for (const event of ['request', 'checkContinue', 'checkExpectation'])
      this.#server.on(event, (request: IncomingMessage, response: ServerResponse) => {
        response.shouldKeepAlive = false;
        response.on('error', () => undefined);
        // What follows the first request is not answered: the connection closes with the first answer.
        if (this.limit.admit(request.socket)) answer(request, response);
      });
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** An answer. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** The answer to a request that does anything but read. @returns undefined if it only reads. */
export function refusalOf({ method, headers }: IncomingMessage): Reply | undefined {
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, body: 'only GET and HEAD are allowed\n', headers: { allow: 'GET, HEAD' } };
  if ((headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined)
    return { status: 413, body: 'a request must not have a body\n' };
  return undefined;
}
