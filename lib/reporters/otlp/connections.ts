import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { passing } from '../../connection/failure.js';
import { BoundaryLogError } from '../../errors.js';
import { bareHost, type Environment, type HttpProxy, httpProxyFor, unusableProxy } from '../http-proxy.js';
import type { OtlpTls } from './options.js';

/** One connection at a time, which is kept open. */
const KEPT = { keepAlive: true, maxSockets: 1 };

/** How requests reach a server: directly, or through an HTTP proxy. */
export class Connections {
  /** Host and port of the proxy, if there is one. */
  readonly via: string | undefined;
  /** The options of each request. */
  readonly options: RequestOptions;
  readonly #url: URL;
  readonly #proxy: HttpProxy | undefined;
  #agent: HttpAgent | undefined;
  /** Ends attempts to connect to the proxy. */
  #closing = new AbortController();
  /** The HTTP status with which the proxy refused the last connection. */
  #refusedWith: number | undefined;

  /** @throws ERR_INVALID_OPTION if the environment names a proxy that cannot be used. */
  constructor(url: URL, tls: OtlpTls, env: Environment = process.env) {
    this.#url = url;
    this.#proxy = httpProxyFor(url, env, refused);
    if (this.#proxy !== undefined && !/^https?:$/.test(this.#proxy.url.protocol))
      throw refused(unusableProxy(this.#proxy.name));
    this.via = this.#proxy?.url.host;
    // Through a proxy, the agent would check the certificate of an IP address against `localhost`.
    const host = bareHost(url);
    this.options = {
      ...tls,
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    };
  }

  /** The agent for the next request. */
  async agent(): Promise<HttpAgent> {
    this.#refusedWith = undefined;
    this.#agent ??= await this.#newAgent();
    return this.#agent;
  }

  /** A request has failed, so the next one uses another connection. */
  reset(): void {
    this.#closing.abort();
    this.#agent?.destroy();
    this.#agent = undefined;
    this.#closing = new AbortController();
  }

  /** @throws a Failure if what seems to be the answer of the server is that of the proxy. */
  checkProxy(): void {
    const status = this.#refusedWith;
    if (status === undefined) return;
    const said = `the OpenTelemetry server cannot be reached: the HTTP proxy answers CONNECT with ${status}`;
    if (status === 407) throw passing('ERR_CONNECT_FAILED', `${said}. Add user and password to HTTPS_PROXY`);
    throw passing(
      'ERR_CONNECT_FAILED',
      `${said}. Allow this address in the proxy, or bypass it with NO_PROXY`,
    );
  }

  async #newAgent(): Promise<HttpAgent> {
    if (this.#proxy === undefined)
      return this.#url.protocol === 'https:' ? new HttpsAgent(KEPT) : new HttpAgent(KEPT);
    // Only those who have a proxy load it.
    const { HttpsProxyAgent } = await import('https-proxy-agent');
    const agent = new HttpsProxyAgent(this.#proxy.url, { ...KEPT, signal: this.#closing.signal });
    agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
      if (statusCode !== 200) this.#refusedWith = statusCode;
    });
    return agent;
  }
}

function refused(message: string): BoundaryLogError {
  return new BoundaryLogError('ERR_INVALID_OPTION', message);
}
