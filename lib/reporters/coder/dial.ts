import { WebSocket } from 'ws';
import { BoundaryLogError } from '../../errors.js';
import { orAborted } from '../../forwarding/abort.js';
import { AgentSession } from './agent-session.js';
import { type Failure, lasting, oneLine, passing, proxyFailure, refusalFailure } from './failures.js';
import { get, refusalIn, textOf } from './http-reply.js';
import { isToken, type ResolvedCoderOptions } from './options.js';
import { type Route, routeTo } from './proxy-route.js';
import { isNewEnough } from './server-version.js';

/** The first version of the agent API with `ReportBoundaryLogs`. */
const API_VERSION = '2.7';
/** With any role but `agent`, the server does not mistake this connection for that of the workspace agent. */
const ROLE = 'boundary-log-proxy';
/** Longest WebSocket message that the server sends or accepts, in bytes. The client has the same limit. */
const MAX_MESSAGE_LENGTH = 4 * 1024 * 1024;
/** How long to wait for the server's part of the WebSocket closing handshake, in ms. */
const CLOSE_TIMEOUT_MS = 1000;

export type DialOptions = Pick<ResolvedCoderOptions, 'url' | 'token' | 'allowOldServer' | 'keepAliveMs'>;

/**
 * Connects to the agent API. Unless old servers are allowed, it checks the version of the server first.
 *
 * @param signal Ends the attempt.
 * @throws ERR_CONNECT_FAILED if the reason may pass by itself
 * @throws ERR_CODER_REFUSED if somebody has to change the configuration
 */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<AgentSession> {
  const base = new URL(options.url);
  let route: Route | undefined;
  try {
    const token = await orAborted(readToken(options.token), signal);
    route = routeTo(base, signal);
    if (!options.allowOldServer) await checkServer(below(base, 'api/v2/buildinfo'), route, signal);
    const rpc = below(base, 'api/v2/workspaceagents/me/rpc');
    rpc.search = String(new URLSearchParams({ version: API_VERSION, role: ROLE }));
    return await openSession(rpc, token, route, options, signal);
  } catch (error) {
    if (route?.refusedWith !== undefined) throw proxyFailure(route.refusedWith);
    throw error instanceof BoundaryLogError
      ? error
      : unreachable(base, signal.aborted ? signal.reason : error);
  }
}

function below(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}

async function readToken(token: DialOptions['token']): Promise<string> {
  if (typeof token === 'string') return token;
  let given: string;
  try {
    given = await token();
  } catch (cause) {
    throw lasting(`the agent token cannot be read (${oneLine(String((cause as Error)?.message))})`, cause);
  }
  if (!isToken(given))
    throw lasting('the agent token is empty, or not a valid token: correct it where it is read from');
  return given;
}

async function checkServer(url: URL, route: Route, signal: AbortSignal): Promise<void> {
  const { agent, checkServerIdentity } = route;
  const reply = await get(url, { agent, checkServerIdentity, signal });
  if (reply.statusCode !== 200) throw refusalFailure(url.href, await refusalIn(reply));
  const text = await textOf(reply);
  let version: unknown;
  try {
    version = JSON.parse(text).version;
  } catch {
    // The version stays undefined: the server does not tell.
  }
  const why =
    'Coder before 2.31 mistakes this connection for the workspace agent, and shows the agent as disconnected';
  const how = 'upgrade it, or allow old servers (--coder-allow-old)';
  switch (isNewEnough(version)) {
    case false:
      throw lasting(`this is Coder ${oneLine(String(version))}, but ${why}: ${how}`);
    case undefined: {
      const said =
        typeof version === 'string' ? `says ${JSON.stringify(oneLine(version))}` : 'does not name it';
      throw lasting(`the version of this Coder is unknown (${url.href} ${said}), and ${why}: ${how}`);
    }
  }
}

function openSession(
  url: URL,
  token: string,
  { agent, checkServerIdentity }: Route,
  { keepAliveMs }: DialOptions,
  signal: AbortSignal,
): Promise<AgentSession> {
  const options = {
    headers: { 'coder-session-token': token },
    maxPayload: MAX_MESSAGE_LENGTH,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    signal,
    // The types of ws say that it returns a boolean, but ws passes it to Node, where it returns an error.
    checkServerIdentity: checkServerIdentity as unknown as () => boolean,
    ...(agent === false ? {} : { agent }),
  };
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options);
    // The session must be created at once: the server's first message may arrive with its response.
    socket.on('open', () => resolve(new AgentSession(socket, { keepAliveMs })));
    socket.on('error', reject);
    socket.on('unexpected-response', async (_request, reply) => {
      reject(refusalFailure(url.origin + url.pathname, await refusalIn(reply)));
      socket.terminate();
    });
  });
}

function unreachable(url: URL, cause: unknown): Failure {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = [code, message].filter((text) => text !== undefined && text !== '').join(': ');
  const isAboutCertificates = /CERT|SIGNATURE|ISSUER/.test(code ?? '');
  const how = isAboutCertificates ? '. Trust its certificate authority with NODE_EXTRA_CA_CERTS' : '';
  return passing('ERR_CONNECT_FAILED', `Coder cannot be reached at ${url.href} (${why})${how}`, cause);
}
