import type { Agent } from 'node:http';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { bareHost, type Environment, type HttpProxy, httpProxyFor, unusableProxy } from '../http-proxy.js';
import { lasting } from './failures.js';

/** How to connect to a server: directly, or through an HTTP proxy. */
export interface Route {
  /** The agent that connects through the proxy. False if there is no proxy: then no connection is reused. */
  agent: Agent | false;
  /** Host and port of the proxy, if there is one. */
  via: string | undefined;
  /** The HTTP status with which the proxy refused the connection. */
  refusedWith: number | undefined;
  /**
   * Checks a certificate against the address that the user gave. Through a proxy, the agent would check the certificate
   * of an IP address against `localhost`.
   */
  checkServerIdentity(name: string, certificate: PeerCertificate): Error | undefined;
}

/**
 * The route to an address, according to {@link proxyFor}. The request to a proxy is always CONNECT, also for `http`,
 * because a WebSocket needs it.
 *
 * @param signal Ends attempts to connect to the proxy.
 * @throws ERR_CODER_REFUSED if the address of the proxy is not valid.
 */
export function routeTo(url: URL, signal: AbortSignal, env: Environment = process.env): Route {
  const host = bareHost(url);
  const route: Route = {
    agent: false,
    via: undefined,
    refusedWith: undefined,
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  };
  const proxy = proxyFor(url, env);
  if (proxy === undefined) return route;
  if (!/^https?:$/.test(proxy.url.protocol)) throw lasting(unusableProxy(proxy.name));
  const agent = new HttpsProxyAgent(proxy.url, { signal });
  route.agent = agent;
  route.via = proxy.url.host;
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
    if (statusCode !== 200) route.refusedWith = statusCode;
  });
  return route;
}

/** @throws ERR_CODER_REFUSED */
export function proxyFor(url: URL, env: Environment): HttpProxy | undefined {
  return httpProxyFor(url, env, lasting);
}
