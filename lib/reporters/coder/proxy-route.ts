import type { Agent } from 'node:http';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { parsedUrl } from '../../parsed-url.js';
import { lasting } from './failures.js';
import { avoidsProxy } from './no-proxy.js';

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

type Environment = Readonly<Record<string, string | undefined>>;

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
  if (!/^https?:$/.test(proxy.url.protocol)) throw unusable(proxy.name);
  const agent = new HttpsProxyAgent(proxy.url, { signal });
  route.agent = agent;
  route.via = proxy.url.host;
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
    if (statusCode !== 200) route.refusedWith = statusCode;
  });
  return route;
}

/**
 * The proxy for a URL, by the rules of Go's `golang.org/x/net/http/httpproxy`, and the variable that names it. Two
 * things differ. `ALL_PROXY` is used if the variable for the scheme is not set. An address that is not valid is an
 * error, because Go would silently connect without the proxy.
 *
 * @throws ERR_CODER_REFUSED
 */
export function proxyFor(url: URL, env: Environment): { url: URL; name: string } | undefined {
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const [name, value] = variable(env, `${scheme}_proxy`) ?? variable(env, 'all_proxy') ?? [];
  if (name === undefined || value === undefined) return undefined;
  if (env.REQUEST_METHOD && /^http_proxy$/i.test(name)) {
    // In a CGI program, the header `Proxy` of any client becomes HTTP_PROXY (https://httpoxy.org).
    throw lasting(
      `${name} is not used, because REQUEST_METHOD is set, as in a CGI program: unset one of them`,
    );
  }
  if (avoidsProxy(bareHost(url), url.port || { http: '80', https: '443' }[scheme], noProxyOf(env)))
    return undefined;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const proxy = parsedUrl(text);
  if (proxy === undefined) throw unusable(name);
  try {
    decodeURIComponent(proxy.username + proxy.password);
  } catch {
    throw unusable(name);
  }
  return { url: proxy, name };
}

function noProxyOf(env: Environment): string {
  return variable(env, 'no_proxy')?.[1] ?? '';
}

/** The name and the value of a variable. The lower-case name takes precedence. An empty value is not a value. */
function variable(env: Environment, lowerCase: string): [name: string, value: string] | undefined {
  for (const name of [lowerCase, lowerCase.toUpperCase()]) {
    const value = env[name];
    if (value) return [name, value];
  }
  return undefined;
}

/** The message does not contain the address, which may contain a password. */
function unusable(name: string) {
  return lasting(
    `${name}: expected the http or https URL of an HTTP proxy, in which user and password are percent-encoded. ` +
      'Correct it, or add the host of Coder to NO_PROXY',
  );
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
