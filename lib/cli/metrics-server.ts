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
import { ConnectionLimit } from '../http/connection-limit.js';
import { isAllowedHost, isLoopback } from '../http/host-check.js';
import type { Logger } from '../logger.js';
import { messageOf } from '../printable.js';
import { descriptorBudget } from '../server/descriptors.js';
import { Episode } from '../telemetry/episode.js';
import type { Health } from '../telemetry/health.js';
import { Counter, type MetricsRegistry } from '../telemetry/prom-client.js';
import type { Address } from './arguments.js';

const MAX_HEADER_BYTES = 8192;

export const HTTP_CONNECTIONS_CLOSED = {
  name: 'agent_boundary_log_proxy_http_connections_closed_total',
  type: 'counter',
  help: 'Connections to the metrics address that were closed without an answer.',
  label: 'reason',
} as const;

const TEXTS = {
  failed: {
    started: 'metrics cannot be collected',
    continues: 'metrics still cannot be collected',
    ended: 'metrics can be collected again',
  },
  notAccepted: {
    started: 'connections to the metrics address cannot be accepted',
    continues: 'connections to the metrics address still cannot be accepted',
    ended: 'connections to the metrics address are accepted again',
  },
};

export interface MetricsServerOptions {
  readonly registry: MetricsRegistry;
  readonly health: () => Health;
  /** Hosts that a request may name besides this machine, in lower case. */
  readonly allowedHosts: readonly string[];
  readonly logger: Logger;
  /** How many connections there may be. Default: all that the process has for HTTP. */
  readonly maxConnections?: number;
  /** How long a connection may last, in ms. Default: 10000, after which Prometheus gives up by default, too. */
  readonly maxConnectionMs?: number;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: OutgoingHttpHeaders;
}

/**
 * Serves `/metrics` (the text format of Prometheus), `/healthz` (the health of the proxy as JSON) and `/livez` (whether
 * the process answers).
 *
 * Each connection has one request. Therefore nobody can hold one open between requests, or make the server collect
 * answers by sending many requests at once.
 */
export class MetricsServer {
  /** Its base URL, such as `http://127.0.0.1:9465`. */
  readonly url: string;
  readonly #server: Server;
  readonly #limit: ConnectionLimit;
  readonly #options: MetricsServerOptions;
  /** Whether only this machine can reach it. */
  readonly #isLocal: boolean;
  readonly #failures: Episode;

  private constructor(server: Server, options: MetricsServerOptions) {
    const { address, family, port } = server.address() as AddressInfo;
    const { registry, logger, maxConnections = descriptorBudget().http, maxConnectionMs = 10_000 } = options;
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    this.#server = server;
    this.#options = options;
    // Neither this server nor the Unix socket can take the descriptors of the other.
    this.#limit = new ConnectionLimit(maxConnections, maxConnectionMs);
    this.#isLocal = isLoopback(address);
    this.#failures = new Episode(logger, TEXTS.failed);
    const notAccepted = new Episode(logger, TEXTS.notAccepted);
    server.on('connection', (socket) => this.#limit.add(socket));
    // Without a listener for the last two, Node asks for the body that is refused, and keeps the connection open.
    for (const event of ['request', 'checkContinue', 'checkExpectation'])
      server.on(event, (request, response) => this.#onRequest(request, response));
    server.on('error', (err) => notAccepted.happened({ connections: 1 }, { err }));
    server.on('close', () => {
      this.#failures.end();
      notAccepted.end();
    });
    countClosed(registry, this.#limit.closed);
  }

  /** Logs its address, and a warning if other machines can reach it. */
  announce(): void {
    const { logger } = this.#options;
    logger.info({ url: `${this.url}/metrics` }, 'serving metrics');
    if (this.#isLocal) return;
    const advice = 'use --metrics 127.0.0.1:9465, or let only your monitoring reach the port';
    logger.warn({ url: this.url }, `other machines can read the metrics and the health: ${advice}`);
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_LISTEN_FAILED */
  static async listen({ host, port }: Address, options: MetricsServerOptions): Promise<MetricsServer> {
    // ConnectionLimit has one time limit for everything.
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: 0, requestTimeout: 0 });
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
    return new MetricsServer(server, options);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    response.shouldKeepAlive = false;
    // What follows the first request is not answered: the connection closes with the first answer.
    if (!this.#limit.admit(request.socket)) return;
    this.#replyTo(request)
      .catch((err): Reply => {
        this.#failures.happened({ requests: 1 }, { err });
        return { status: 500, body: `the metrics cannot be collected: ${(err as Error)?.message ?? err}\n` };
      })
      .then(({ status, body, headers }) => {
        const common = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
        response.writeHead(status, { ...common, 'cache-control': 'no-store', ...headers }).end(body);
      })
      .catch((error) => request.socket.destroy(error));
  }

  async #replyTo({ method, headers, headersDistinct, url = '' }: IncomingMessage): Promise<Reply> {
    const { registry, health, allowedHosts } = this.#options;
    // HTTP/1.0 needs no Host, and simple checkers do not send one. Browsers always do.
    const hosts = headersDistinct.host ?? [];
    if (this.#isLocal && !hosts.every((host) => isAllowedHost(host, allowedHosts))) {
      return { status: 403, body: 'this Host is not allowed: add its name with --allow-host\n' };
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, body: 'only GET and HEAD are allowed\n', headers: { allow: 'GET, HEAD' } };
    }
    if ((headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined) {
      return { status: 413, body: 'a request must not have a body\n' };
    }
    switch (url.split('?', 1)[0]) {
      case '/metrics':
        return {
          status: 200,
          body: await registry.metrics(),
          headers: { 'content-type': registry.contentType },
        };
      case '/healthz': {
        const state = health();
        return {
          status: state.status === 'failing' ? 503 : 200,
          body: `${JSON.stringify(state)}\n`,
          headers: { 'content-type': 'application/json' },
        };
      }
      case '/livez':
        return { status: 200, body: 'ok\n' };
      default:
        return { status: 404, body: 'not found: try /metrics, /healthz or /livez\n' };
    }
  }
}

function countClosed(registry: MetricsRegistry, closed: Readonly<Record<string, number>>): void {
  const { name, help, label } = HTTP_CONNECTIONS_CLOSED;
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(closed)) this.inc({ reason }, count);
    },
  });
}
