import { Failure, lastingRefusal, passing, rejection } from '../../connection/failure.js';
import { oneLine, parseRetryAfter } from '../http-answer.js';
import type { Refusal } from './http-reply.js';

export { Failure, isLasting, passing, rejection as permanent } from '../../connection/failure.js';

/** A failure that lasts until somebody changes the configuration. Batches are kept, and retried slowly. */
export function lasting(message: string, cause?: unknown): Failure {
  return lastingRefusal('ERR_CODER_REFUSED', message, cause);
}

/**
 * Coder does not accept the token. It says so as long as a workspace is being built, so it may pass by itself; after
 * some time it is {@link lasting}.
 */
export class TokenRefusal extends Failure {
  constructor(message: string) {
    super('ERR_CODER_REFUSED', message);
  }
}

const UNIMPLEMENTED = 12n;

/** The failure that an error packet reports. Its code is nearly always 0, so the text has to be interpreted. */
export function callFailure(code: bigint, text: string): Failure {
  // This is how a server answers that does not know the method: coderd, and the DRPC library itself.
  if (code === UNIMPLEMENTED || /^(protocol error: )?unknown rpc\b/.test(text)) {
    return lasting(
      `this Coder does not accept boundary logs (${oneLine(text)}): it needs Coder 2.30 or newer`,
    );
  }
  // These are Go's texts for an interrupted call, for example because the server is shutting down.
  if (/\bcontext (canceled|deadline exceeded)\b/.test(text)) {
    return passing('ERR_CONNECTION_LOST', `Coder has interrupted the call: ${oneLine(text)}`);
  }
  return rejection(`Coder rejects this batch (code ${code}): ${oneLine(text)}`);
}

/** The failure that an HTTP response to a request to connect means. @param url The URL of the request. */
export function refusalFailure(url: string, refusal: Refusal, { allowOldServer = false } = {}): Failure {
  const { status, answer, from } = refusal;
  if (status === 400 && from === 'Coder')
    return lasting(`Coder is too old (${answer}): ${allowOldServer ? TOO_OLD : OLD}`);
  if (status === 401 && from !== 'others')
    return new TokenRefusal(`Coder does not accept this agent token (${answer}). ${TOKEN}`);
  const isBusy = status >= 500 || status === 408 || status === 425 || status === 429;
  const message = isBusy
    ? `Coder is not available: ${url} answers with ${answer}`
    : `there is no agent API at ${url}, which answers with ${answer}: is this address correct, and does everything in front of Coder let WebSockets and this agent through?`;
  const ms = parseRetryAfter(refusal.retryAfter, Date.now());
  return passing('ERR_CONNECT_FAILED', message, undefined, ms);
}

const TOO_OLD = 'boundary logs need the agent API 2.7, which is part of Coder 2.30 and newer';
const OLD =
  'the agent API 2.8 is part of Coder 2.31.1 and newer. Upgrade it, or allow old servers (--coder-allow-old), ' +
  'which show the workspace agent as disconnected when this connection ends';
const TOKEN =
  'While the workspace is being built, this passes by itself. If the workspace was rebuilt, use the token of its ' +
  'latest build: correct CODER_AGENT_TOKEN or the token file';

/** The failure that the response of an HTTP proxy to CONNECT means. */
export function proxyFailure(status: number): Failure {
  const said = `the HTTP proxy answers CONNECT with ${status}`;
  if (status === 407) return lasting(`${said}: add user and password to HTTPS_PROXY`);
  // It forbids this address, or it does not support CONNECT.
  if (status === 403 || status === 405) {
    return lasting(`${said}: allow this address in the proxy, or bypass the proxy with NO_PROXY`);
  }
  return passing('ERR_CONNECT_FAILED', `Coder is not available: ${said}`);
}
