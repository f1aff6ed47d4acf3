import type { Agent } from 'node:http';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { lasting } from './failures.js';

/** The way to a server. */
export interface Route {
  /** False for no proxy, and no connections kept. */
  agent: Agent | false;
  /** What the proxy answered, where it did not let the connection through. */
  refusedWith: number | undefined;
  /** Holds a certificate to the address: through a proxy, one of an IP address would be held to `localhost`. */
  checkServerIdentity(name: string, certificate: PeerCertificate): Error | undefined;
}

/**
 * The way that HTTPS_PROXY or HTTP_PROXY, and NO_PROXY tell for an address. A proxy is asked by CONNECT, also
 * for http, as a WebSocket needs.
 *
 * @param signal Ends what has not become a connection yet.
 * @throws ERR_CODER_REFUSED for a proxy's address that cannot be used.
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
  // The address may have a password in it: it is in no message.
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
    throw lasting('HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: takes an http or https URL');
  }
  const agent = new HttpsProxyAgent(proxy, { signal });
  route.agent = agent;
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
    if (statusCode !== 200) route.refusedWith = statusCode;
  });
  return route;
}
