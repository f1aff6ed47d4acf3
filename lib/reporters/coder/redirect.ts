import { type Failure, passing } from '../../connection/failure.js';
import { parsedUrl } from '../../parsed-url.js';
import { oneLine, shownUrl } from '../http-answer.js';

/** The statuses that Go's `net/http` follows. */
const STATUSES: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308]);
/** How many requests Go's `net/http` makes at most, the first one included. */
const MAX_REQUESTS = 10;

/** A redirect that an attempt to connect has received. */
export interface Redirect {
  readonly from: URL;
  readonly to: URL;
  /** The token that was sent, which no message may contain. */
  readonly token: string;
}

/**
 * Where a response redirects to.
 *
 * @returns undefined if it does not redirect.
 * @throws ERR_CONNECT_FAILED if the target is not a valid address.
 */
export function redirectIn(
  from: URL,
  { statusCode, headers }: { statusCode?: number | undefined; headers: { location?: string | undefined } },
  token: string,
): Redirect | undefined {
  const { location } = headers;
  if (!STATUSES.has(statusCode) || !location) return undefined;
  const to = parsedUrl(location, from.href);
  // Go's WebSocket client accepts the schemes ws and wss, too.
  if (to === undefined || !/^(http|ws)s?:$/.test(to.protocol)) {
    const target = oneLine(location.replaceAll(token, '[token]'));
    throw refused({ from, token }, target, 'which is not an http or https address');
  }
  to.protocol = to.protocol.replace('ws', 'http');
  to.hash = '';
  return { from, to, token };
}

/**
 * Decides whether to follow a redirect. Go's client follows each of them, and sends the token with it: it removes only
 * `Authorization` and cookies from a request to another host, and the token has a header of its own. Therefore only
 * redirects within the same host are followed here, and none from https to http: whoever can answer one request, such
 * as a captive portal, would otherwise receive the token.
 *
 * @param requests How many requests were made.
 * @throws ERR_CONNECT_FAILED with the target, if the redirect is not followed.
 */
export function checkRedirect(redirect: Redirect, requests: number): void {
  const { from, to, token } = redirect;
  const target = shownUrl(to, token);
  if (to.hostname !== from.hostname) {
    const how = 'if that is your Coder, set --coder-url, or CODER_AGENT_URL, to its address';
    throw refused(redirect, target, `another host, which must not get the token: ${how}`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw refused(redirect, target, 'which would send the token without encryption: correct what redirects');
  }
  if (requests >= MAX_REQUESTS) {
    throw refused(redirect, target, `after ${requests} requests: correct what redirects in a circle`);
  }
}

function refused({ from, token }: Pick<Redirect, 'from' | 'token'>, target: string, why: string): Failure {
  return passing('ERR_CONNECT_FAILED', `${shownUrl(from, token)} redirects to ${target}, ${why}`);
}
