import type { Agent } from 'node:http';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { lasting } from './failures.js';

/** How to connect to a server: directly, or through an HTTP proxy. */
export interface Route {
  /** The agent that connects through the proxy. False if there is no proxy: then no connection is reused. */
  agent: Agent | false;
  /** The HTTP status with which the proxy refused the connection. */
  refusedWith: number | undefined;
  /**
   * Checks a certificate against the address that the user gave. Through a proxy, the agent would check the certificate
   * of an IP address against `localhost`.
   */
  checkServerIdentity(name: string, certificate: PeerCertificate): Error | undefined;
}

/**
 * The route to an address, according to HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. The request to a proxy is
 * always CONNECT, also for `http`, because a WebSocket needs it.
 *
 * @param signal Ends attempts to connect to the proxy.
 * @throws ERR_CODER_REFUSED if the address of the proxy is not valid.
 */
export function routeTo(url: URL, signal: AbortSignal): Route {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const route: Route = {
    agent: false,
    refusedWith: undefined,
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  };
  const proxy = getProxyForUrl(url.href);
  if (proxy === '') return route;
  // The message must not contain the address, which may contain a password.
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
    throw lasting('HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: expected an http or https URL');
  }
  const agent = new HttpsProxyAgent(proxy, { signal });
  route.agent = agent;
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
    if (statusCode !== 200) route.refusedWith = statusCode;
  });
  return route;
}
