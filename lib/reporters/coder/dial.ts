import { WebSocket } from 'ws';
import { orAborted } from '../../abort.js';
import { Failure, passing } from '../../connection/failure.js';
import { BoundaryLogError } from '../../errors.js';
import { connectionError, oneLine, shownUrl } from '../http-answer.js';
import { AgentSession } from './agent-session.js';
import { proxyFailure, refusalFailure } from './failures.js';
import { refusalIn } from './http-reply.js';
import { isToken, type ResolvedCoderOptions } from './options.js';
import { type Route, routeTo } from './proxy-route.js';
import { checkRedirect, type Redirect, redirectIn } from './redirect.js';

/**
 * The version of the agent API that is asked for. A server that does not support it answers with 400. All servers with
 * this version respect {@link ROLE}.
 */
const API_VERSION = '2.8';
/** The first version with `ReportBoundaryLogs`. Its servers ignore {@link ROLE}. */
const OLD_API_VERSION = '2.7';
/** With any role but `agent`, the server does not mistake this connection for that of the workspace agent. */
const ROLE = 'boundary-log-proxy';
/** Longest WebSocket message that the server sends or accepts, in bytes. The client has the same limit. */
const MAX_MESSAGE_LENGTH = 4 * 1024 * 1024;
/** How long to wait for the server's part of the WebSocket closing handshake, in ms. */
const CLOSE_TIMEOUT_MS = 1000;

export type DialOptions = Pick<ResolvedCoderOptions, 'url' | 'token' | 'allowOldServer' | 'keepAliveMs'>;

/**
 * Connects to the agent API, and follows redirects within its host.
 *
 * @param signal Ends the attempt.
 * @throws ERR_CONNECT_FAILED if the reason may pass by itself
 * @throws ERR_CODER_REFUSED if somebody may have to change the configuration
 */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<AgentSession> {
  let url = rpcUrl(options);
  let route: Route | undefined;
  let token: string | undefined;
  try {
    token = await orAborted(readToken(options.token), signal);
    for (let requests = 1; ; requests++) {
      route = routeTo(url, signal);
      const opened = await openSession(url, token, route, options, signal);
      if (opened instanceof AgentSession) return opened;
      checkRedirect(opened, requests);
      url = opened.to;
    }
  } catch (error) {
    if (route?.refusedWith !== undefined) throw proxyFailure(route.refusedWith);
    throw error instanceof BoundaryLogError
      ? error
      : unreachable(shownUrl(url, token), route, signal.aborted ? signal.reason : error);
  }
}

function rpcUrl({ url, allowOldServer }: DialOptions): URL {
  const rpc = new URL(url);
  rpc.pathname = `${rpc.pathname.replace(/\/+$/, '')}/api/v2/workspaceagents/me/rpc`;
  const version = allowOldServer ? OLD_API_VERSION : API_VERSION;
  rpc.search = String(new URLSearchParams({ version, role: ROLE }));
  return rpc;
}

/** A token that cannot be read is retried soon: its file may be about to be replaced. */
async function readToken(token: DialOptions['token']): Promise<string> {
  if (typeof token === 'string') return token;
  let given: string;
  try {
    given = await token();
  } catch (cause) {
    const why = oneLine(String((cause as Error)?.message));
    throw new Failure('ERR_CODER_REFUSED', `the agent token cannot be read (${why})`, { cause });
  }
  if (isToken(given)) return given;
  const message = 'the agent token is empty, or not a valid token: correct it where it is read from';
  throw new Failure('ERR_CODER_REFUSED', message);
}

function openSession(
  url: URL,
  token: string,
  { agent, checkServerIdentity }: Route,
  { keepAliveMs, allowOldServer }: DialOptions,
  signal: AbortSignal,
): Promise<AgentSession | Redirect> {
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
      try {
        const redirect = redirectIn(url, reply, token);
        if (redirect !== undefined) return resolve(redirect);
        reject(refusalFailure(shownUrl(url, token), await refusalIn(reply, token), { allowOldServer }));
      } catch (error) {
        reject(error);
      } finally {
        socket.terminate();
      }
    });
  });
}

function unreachable(where: string, route: Route | undefined, cause: unknown): Failure {
  const { why, meaning } = connectionError(cause);
  const through = route?.via === undefined ? '' : ` through the HTTP proxy ${route.via}`;
  const how = meaning === undefined ? '' : `. ${meaning}`;
  return passing('ERR_CONNECT_FAILED', `Coder cannot be reached at ${where}${through} (${why})${how}`, cause);
}
