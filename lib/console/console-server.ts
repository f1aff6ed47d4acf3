import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAllowedHost } from '../http/host-check.js';
import { OneRequestServer, type Reply, refusalOf } from '../http/one-request-server.js';
import type { Logger } from '../logger.js';
import { PAGE_TYPES, type PageFiles } from './page-files.js';

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

/**
 * Serves the page, which contains no data, to whoever can connect, and `/stream`, which contains all of it, to whoever has
 * the token. It changes nothing in the proxy.
 *
 * A web page of somebody else reaches this server only through the browser of the user. Such a request has no token, and a
 * `Host` (DNS rebinding) or an `Origin` that is not that of this server.
 */
export class ConsoleServer {
  readonly #server: OneRequestServer;
  readonly #options: ConsoleServerOptions;
  readonly #tokenHash: Buffer;

  private constructor(server: OneRequestServer, options: ConsoleServerOptions) {
    this.#server = server;
    this.#options = options;
    this.#tokenHash = hashOf(options.token);
    server.onRequest((request, response) => this.#onRequest(request, response));
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_LISTEN_FAILED */
  static async listen(
    address: { host: string; port: number },
    options: ConsoleServerOptions,
  ): Promise<ConsoleServer> {
    const { maxConnections, logger } = options;
    const server = await OneRequestServer.listen(address, {
      content: 'the console',
      place: 'the console address',
      advice: 'choose another address with --console 127.0.0.1:PORT, or leave out --console',
      maxConnections,
      logger,
    });
    return new ConsoleServer(server, options);
  }

  /** Its base URL, such as `http://127.0.0.1:9466`. */
  get url(): string {
    return this.#server.url;
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const reply = this.#refusal(request) ?? this.#replyTo(request, response);
    if (reply === undefined) return;
    const { status, headers, body } = reply;
    response.writeHead(status, {
      ...HEADERS,
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(body);
  }

  /** The answer to a request that somebody else may have caused, or that no page sends. */
  #refusal(request: IncomingMessage): Reply | undefined {
    const { host: hosts = [], origin: origins = [] } = request.headersDistinct;
    const [host = ''] = hosts;
    if (hosts.length !== 1 || !isAllowedHost(host, [])) {
      return { status: 403, body: 'this Host is not allowed: open the link that serve printed\n' };
    }
    if (!origins.every((origin) => origin === `http://${host}`)) {
      return { status: 403, body: 'this Origin is not allowed: open the link that serve printed\n' };
    }
    return refusalOf(request);
  }

  #replyTo(request: IncomingMessage, response: ServerResponse): Reply | undefined {
    const path = request.url?.split('?', 1)[0];
    if (path === '/stream') return this.#stream(request, response);
    const name = path === '/' ? 'index.html' : path?.slice(1);
    const type = PAGE_TYPES[name as keyof PageFiles];
    if (!Object.hasOwn(PAGE_TYPES, name ?? '')) return { status: 404, body: 'not found\n' };
    return {
      status: 200,
      headers: { 'content-type': type },
      body: this.#options.files[name as keyof PageFiles],
    };
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
    if (method === 'HEAD') return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: '' };
    const { viewers } = this.#options;
    if (viewers.isFull) return { status: 503, body: 'too many pages are open: close one of them\n' };
    this.#server.limit.keep(socket);
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
