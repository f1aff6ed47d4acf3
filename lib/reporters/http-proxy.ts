import { parsedUrl } from '../parsed-url.js';
import { avoidsProxy } from './no-proxy.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An HTTP proxy, and the variable that names it. */
export interface HttpProxy {
  readonly url: URL;
  readonly name: string;
}

/**
 * The proxy for a URL, by the rules of Go's `golang.org/x/net/http/httpproxy`. Two things differ. `ALL_PROXY` is used if the
 * variable for the scheme is not set. An address that is not valid is an error, because Go would silently connect without
 * the proxy.
 *
 * @param refuse Makes the error from its message.
 * @throws what `refuse` returns.
 */
export function httpProxyFor(
  url: URL,
  env: Environment,
  refuse: (message: string) => Error,
): HttpProxy | undefined {
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const [name, value] = variable(env, `${scheme}_proxy`) ?? variable(env, 'all_proxy') ?? [];
  if (name === undefined || value === undefined) return undefined;
  if (env.REQUEST_METHOD && /^http_proxy$/i.test(name)) {
    // In a CGI program, the header `Proxy` of any client becomes HTTP_PROXY (https://httpoxy.org).
    throw refuse(
      `${name} is not used, because REQUEST_METHOD is set, as in a CGI program: unset one of them`,
    );
  }
  if (avoidsProxy(bareHost(url), url.port || { http: '80', https: '443' }[scheme], noProxyOf(env)))
    return undefined;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const proxy = parsedUrl(text);
  if (proxy === undefined) throw refuse(unusableProxy(name));
  try {
    decodeURIComponent(proxy.username + proxy.password);
  } catch {
    throw refuse(unusableProxy(name));
  }
  return { url: proxy, name };
}

/** Says that the address of a proxy cannot be used. The message does not contain it, as it may contain a password. */
export function unusableProxy(name: string): string {
  return (
    `${name}: expected the http or https URL of an HTTP proxy, in which user and password are percent-encoded. ` +
    'Correct it, or add the host of the server to NO_PROXY'
  );
}

/** The host of a URL, an IPv6 address without brackets. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
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
