import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BoundaryLogError } from '../errors.js';
import { ConnectionLimit } from '../http/connection-limit.js';
import { isAllowedHost } from '../http/host-check.js';
import type { Logger } from '../logger.js';
import { messageOf } from '../printable.js';
import { Episode } from '../telemetry/episode.js';
import { PAGE_TYPES, type PageFiles } from './page-files.js';

const MAX_HEADER_BYTES = 8192;
/** How long a connection that is not a stream may last, in ms. */
const MAX_CONNECTION_MS = 10_000;

/** Sent with each answer. The page uses nothing from elsewhere, and nobody else may use it. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const NOT_ACCEPTED = {
  started: 'connections to the console cannot be accepted',
  continues: 'connections to the console still cannot be accepted',
  ended: 'connections to the console are accepted again',
};

export interface ConsoleServerOptions {
  readonly token: string;
  readonly files: PageFiles;
  readonly maxConnections: number;
  readonly logger: Logger;
  readonly viewers: {
    /** Whether there is no room for another one. */
    readonly isFull: boolean;
    /**
     * A page receives the stream: the answer has begun.
     *
     * @param lastEventId What the page has received last; undefined if nothing.
     */
    add(response: ServerResponse, lastEventId: string | undefined): void;
  };
}

interface Reply {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

/**
 * Serves the page, which contains no data, to whoever can connect, and `/stream`, which contains all of it, to whoever has
 * the token. It changes nothing in the proxy.
 *
 * A web page of somebody else reaches this server only through the browser of the user. Such a request has no token, and a
 * `Host` (DNS rebinding) or an `Origin` that is not that of this server.
 */
export class ConsoleServer {
  /** Its base URL, such as `http://127.0.0.1:9466`. */
  readonly url: string;
  readonly #server: Server;
  readonly #options: ConsoleServerOptions;
  readonly #limit: ConnectionLimit;
  readonly #tokenHash: Buffer;

  private constructor(server: Server, options: ConsoleServerOptions) {
    const { address, family, port } = server.address() as AddressInfo;
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    this.#server = server;
    this.#options = options;
    this.#limit = new ConnectionLimit(options.maxConnections, MAX_CONNECTION_MS);
    this.#tokenHash = hashOf(options.token);
    const notAccepted = new Episode(options.logger, NOT_ACCEPTED);
    server.on('connection', (socket) => this.#limit.add(socket));
    // Without a listener for the last two, Node asks for the body that is refused, and keeps the connection open.
    for (const event of ['request', 'checkContinue', 'checkExpectation'])
      server.on(event, (request, response) => this.#onRequest(request, response));
    server.on('error', (err) => notAccepted.happened({ connections: 1 }, { err }));
    server.on('close', () => notAccepted.end());
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_LISTEN_FAILED */
  static async listen(
    { host, port }: { host: string; port: number },
    options: ConsoleServerOptions,
  ): Promise<ConsoleServer> {
    // ConnectionLimit has one time limit for everything.
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: 0, requestTimeout: 0 });
    try {
      server.listen(port, host);
      await once(server, 'listening');
    } catch (cause) {
      const how = 'choose another address with --console 127.0.0.1:PORT, or leave out --console';
      if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') {
        const inUse = `another program uses the address ${host}:${port} of the console: ${how}`;
        throw new BoundaryLogError('ERR_ADDRESS_IN_USE', inUse, { cause });
      }
      const failed = `cannot serve the console on ${host}:${port} (${messageOf(cause)}): ${how}`;
      throw new BoundaryLogError('ERR_LISTEN_FAILED', failed, { cause });
    }
    return new ConsoleServer(server, options);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    response.shouldKeepAlive = false;
    response.on('error', () => undefined);
    // What follows the first request is not answered: the connection closes with the first answer.
    if (!this.#limit.admit(request.socket)) return;
    const reply = this.#refusal(request) ?? this.#replyTo(request, response);
    if (reply === undefined) return;
    const { status, type = 'text/plain; charset=utf-8', body } = reply;
    response.writeHead(status, {
      ...HEADERS,
      'content-type': type,
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  }

  /** The answer to a request that somebody else may have caused, or that no page sends. */
  #refusal({ method, headers, headersDistinct }: IncomingMessage): Reply | undefined {
    const { host: hosts = [], origin: origins = [] } = headersDistinct;
    const [host = ''] = hosts;
    if (hosts.length !== 1 || !isAllowedHost(host, [])) {
      return { status: 403, body: 'this Host is not allowed: open the link that serve printed\n' };
    }
    if (!origins.every((origin) => origin === `http://${host}`)) {
      return { status: 403, body: 'this Origin is not allowed: open the link that serve printed\n' };
    }
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, body: 'only GET and HEAD are allowed\n' };
    if ((headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined) {
      return { status: 413, body: 'a request must not have a body\n' };
    }
    return undefined;
  }

  #replyTo(request: IncomingMessage, response: ServerResponse): Reply | undefined {
    const path = request.url?.split('?', 1)[0];
    if (path === '/stream') return this.#stream(request, response);
    const name = path === '/' ? 'index.html' : path?.slice(1);
    const type = PAGE_TYPES[name as keyof PageFiles];
    if (!Object.hasOwn(PAGE_TYPES, name ?? '')) return { status: 404, body: 'not found\n' };
    return { status: 200, type, body: this.#options.files[name as keyof PageFiles] };
  }

  #stream({ method, headers, socket }: IncomingMessage, response: ServerResponse): Reply | undefined {
    const site = headers['sec-fetch-site'] ?? 'same-origin';
    if (site !== 'same-origin' && site !== 'none')
      return { status: 403, body: 'another site may not read this\n' };
    const [, given = ''] = /^Bearer ([\w-]+)$/.exec(headers.authorization ?? '') ?? [];
    // Hashes have one length, which the comparison needs.
    if (!timingSafeEqual(hashOf(given), this.#tokenHash)) {
      return { status: 401, body: 'the token is missing or wrong: open the link that serve printed\n' };
    }
    if (method === 'HEAD') return { status: 200, type: 'text/event-stream', body: '' };
    const { viewers } = this.#options;
    if (viewers.isFull) return { status: 503, body: 'too many pages are open: close one of them\n' };
    this.#limit.keep(socket);
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const lastEventId = headers['last-event-id'];
    viewers.add(response, typeof lastEventId === 'string' ? lastEventId : undefined);
    return undefined;
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
