import { BoundaryLogError, type ErrorCode } from '../../errors.js';
import type { ReportError } from '../../forwarding/reporter.js';

/** How long a failure that only an operator can mend is left alone, in ms. */
export const CONFIGURATION_RETRY_MS = 120_000;

export type Failure = BoundaryLogError & ReportError;

/** It may pass. @param retryAfterMs What the other end asked for. */
export function passing(code: ErrorCode, message: string, cause?: unknown, retryAfterMs?: number): Failure {
  const error = new BoundaryLogError(code, message, cause === undefined ? {} : { cause });
  return retryAfterMs === undefined ? error : Object.assign(error, { retryAfterMs });
}

/** It lasts until the configuration is another one: batches are kept, and tried again slowly. */
export function lasting(message: string, cause?: unknown): Failure {
  return passing('ERR_CODER_REFUSED', message, cause, CONFIGURATION_RETRY_MS);
}

export function isLasting(error: unknown): error is Failure {
  return (error as Partial<Failure>).code === 'ERR_CODER_REFUSED';
}

/** The server will never take this batch. */
export function permanent(message: string): Failure {
  return Object.assign(new BoundaryLogError('ERR_CALL_REJECTED', message), { permanent: true });
}

const UNIMPLEMENTED = 12n;

/** What an error packet says: `code` is 0 for nearly everything, so that the text must tell it. */
export function callFailure(code: bigint, text: string): Failure {
  // How a server that knows no such method answers: coderd, and the DRPC library on its own.
  if (code === UNIMPLEMENTED || /^(protocol error: )?unknown rpc\b/.test(text)) {
    return lasting(`this Coder cannot take boundary logs (${oneLine(text)}): it needs Coder 2.30 or newer`);
  }
  // Go's words for a call that was interrupted, as by a server that is shutting down.
  if (/\bcontext (canceled|deadline exceeded)\b/.test(text)) {
    return passing('ERR_CONNECTION_LOST', `Coder has interrupted the call: ${oneLine(text)}`);
  }
  return permanent(`Coder will not take this batch (code ${code}): ${oneLine(text)}`);
}

/** The answer of an HTTP server that is not what was asked for. */
export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** What it says. */
  readonly text: string;
}

/** Why a request to connect was answered otherwise. @param url What was asked. */
export function refusalFailure(url: string, { status, retryAfter, text }: Refusal): Failure {
  const said = `HTTP ${status}${text === '' ? '' : `: ${oneLine(text)}`}`;
  switch (status) {
    case 400:
      return lasting(`Coder does not speak the agent API 2.7, which needs Coder 2.30 or newer (${said})`);
    case 401:
      return lasting(
        `Coder does not know this agent token: set CODER_AGENT_TOKEN, or the token file, to that of this workspace's agent (${said})`,
      );
    case 403:
      return lasting(
        `Coder refuses this agent, as its workspace was built anew: use the token of the latest build (${said})`,
      );
    case 408:
    case 425:
    case 429:
      break;
    default:
      if (status < 500) return lasting(`there is no agent API at ${url}: is this address right? (${said})`);
  }
  const message = `Coder cannot be reached now: ${url} answers with ${said}`;
  return passing('ERR_CONNECT_FAILED', message, undefined, retryAfterMs(retryAfter, Date.now()));
}

/** Why the proxy did not let a connection through. */
export function proxyFailure(status: number): Failure {
  const said = `the HTTP proxy answers CONNECT with ${status}`;
  if (status === 407) return lasting(`${said}: give it user and password in HTTPS_PROXY`);
  if (status < 500 && status !== 429) return lasting(`${said}: let it pass, or go past it with NO_PROXY`);
  return passing('ERR_CONNECT_FAILED', `Coder cannot be reached now: ${said}`);
}

/** What a `Retry-After` header asks for, in ms: seconds, or a date. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

const MAX_SHOWN_LENGTH = 300;

/** Foreign text as it may stand in a message: on one line, and not endless. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > MAX_SHOWN_LENGTH ? `${line.slice(0, MAX_SHOWN_LENGTH)}…` : line;
}
