import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAllowedHost, isLoopback } from '../http/host-check.js';
import { OneRequestServer, type Reply, refusalOf } from '../http/one-request-server.js';
import type { Logger } from '../logger.js';
import { descriptorBudget } from '../server/descriptors.js';
import { Episode } from '../telemetry/episode.js';
import type { Health } from '../telemetry/health.js';
import { Counter, type MetricsRegistry } from '../telemetry/prom-client.js';
import type { Address } from './arguments.js';

export const HTTP_CONNECTIONS_CLOSED = {
  name: 'agent_boundary_log_proxy_http_connections_closed_total',
  type: 'counter',
  help: 'Connections to the metrics address that were closed without an answer.',
  label: 'reason',
} as const;

const FAILED = {
  started: 'metrics cannot be collected',
  continues: 'metrics still cannot be collected',
  ended: 'metrics can be collected again',
};

export interface MetricsServerOptions {
  readonly registry: MetricsRegistry;
  readonly health: () => Health;
  /** Hosts that a request may name besides this machine, in lower case. */
  readonly allowedHosts: readonly string[];
  readonly logger: Logger;
  /** How many connections there may be. Default: all that the process has for HTTP. */
  readonly maxConnections?: number;
  /** How long a connection may last, in ms. Default: 10000. */
  readonly maxConnectionMs?: number;
}

/**
 * Serves `/metrics` (the text format of Prometheus), `/healthz` (the health of the proxy as JSON) and `/livez` (whether
 * the process answers).
 */
export class MetricsServer {
  readonly #server: OneRequestServer;
  readonly #options: MetricsServerOptions;
  /** Whether only this machine can reach it. */
  readonly #isLocal: boolean;
  readonly #failures: Episode;

  private constructor(server: OneRequestServer, options: MetricsServerOptions) {
    this.#server = server;
    this.#options = options;
    this.#isLocal = isLoopback(server.address);
    this.#failures = new Episode(options.logger, FAILED);
    server.onRequest((request, response) => this.#onRequest(request, response));
    countClosed(options.registry, server.limit.closed);
  }

  /** @throws ERR_ADDRESS_IN_USE, ERR_LISTEN_FAILED */
  static async listen(address: Address, options: MetricsServerOptions): Promise<MetricsServer> {
    const { logger, maxConnectionMs, maxConnections = descriptorBudget().http } = options;
    const server = await OneRequestServer.listen(address, {
      content: 'metrics',
      place: 'the metrics address',
      advice: 'choose another address with --metrics HOST:PORT, or turn metrics off with --metrics off',
      // Neither this server nor the Unix socket can take the descriptors of the other.
      maxConnections,
      maxConnectionMs,
      logger,
    });
    return new MetricsServer(server, options);
  }

  /** Its base URL, such as `http://127.0.0.1:9465`. */
  get url(): string {
    return this.#server.url;
  }

  /** Logs its address, and a warning if other machines can reach it. */
  announce(): void {
    const { logger } = this.#options;
    logger.info({ url: `${this.url}/metrics` }, 'serving metrics');
    if (this.#isLocal) return;
    const advice = 'use --metrics 127.0.0.1:9465, or let only your monitoring reach the port';
    logger.warn({ url: this.url }, `other machines can read the metrics and the health: ${advice}`);
  }

  async close(): Promise<void> {
    await this.#server.close();
    this.#failures.end();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
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

  async #replyTo(request: IncomingMessage): Promise<Reply> {
    const { registry, health, allowedHosts } = this.#options;
    // HTTP/1.0 needs no Host, and simple checkers do not send one. Browsers always do.
    const hosts = request.headersDistinct.host ?? [];
    if (this.#isLocal && !hosts.every((host) => isAllowedHost(host, allowedHosts))) {
      return { status: 403, body: 'this Host is not allowed: add its name with --allow-host\n' };
    }
    const refusal = refusalOf(request);
    if (refusal !== undefined) return refusal;
    switch (request.url?.split('?', 1)[0]) {
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
