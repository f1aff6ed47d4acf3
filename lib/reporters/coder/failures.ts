import { BoundaryLogError, type ErrorCode } from '../../errors.js';
import type { ReportError } from '../../forwarding/reporter.js';
import { visible } from '../../printable.js';

/** How long to wait after a failure that lasts until somebody changes the configuration, in ms. */
const CONFIGURATION_RETRY_MS = 120_000;

/** An error of the connection to Coder or of a call, with the reporter's hints about retries. */
export class Failure extends BoundaryLogError implements ReportError {
  declare readonly permanent?: true;
  declare readonly retryAfterMs?: number;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; permanent?: true; retryAfterMs?: number | undefined } = {},
  ) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause });
    if (options.permanent !== undefined) this.permanent = options.permanent;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** A failure that may pass by itself. @param retryAfterMs How long the server asked to wait. */
export function passing(code: ErrorCode, message: string, cause?: unknown, retryAfterMs?: number): Failure {
  return new Failure(code, message, { cause, retryAfterMs });
}

/** A failure that lasts until somebody changes the configuration. Batches are kept, and retried slowly. */
export function lasting(message: string, cause?: unknown): Failure {
  return passing('ERR_CODER_REFUSED', message, cause, CONFIGURATION_RETRY_MS);
}

export function isLasting(error: unknown): error is Failure {
  return (error as Partial<Failure>).code === 'ERR_CODER_REFUSED';
}

/** The server will never accept this batch. */
export function permanent(message: string): Failure {
  return new Failure('ERR_CALL_REJECTED', message, { permanent: true });
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
  return permanent(`Coder rejects this batch (code ${code}): ${oneLine(text)}`);
}

/** An HTTP response other than the expected one. */
export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The server's explanation, or an empty text. */
  readonly text: string;
}

/** The failure that an HTTP response to a request to connect means. @param url The URL of the request. */
export function refusalFailure(url: string, { status, retryAfter, text }: Refusal): Failure {
  const said = `HTTP ${status}${text === '' ? '' : `: ${oneLine(text)}`}`;
  switch (status) {
    case 400:
      return lasting(`Coder does not support the agent API 2.7, which needs Coder 2.30 or newer (${said})`);
    case 401:
      return lasting(
        `Coder does not know this agent token: set CODER_AGENT_TOKEN, or the token file, to the token of this workspace's agent (${said})`,
      );
    case 403:
      return lasting(
        `Coder rejects this agent, because its workspace was rebuilt: use the token of the latest build (${said})`,
      );
    case 408:
    case 425:
    case 429:
      break;
    default:
      if (status < 500) return lasting(`there is no agent API at ${url}: is this address correct? (${said})`);
  }
  const message = `Coder is not available: ${url} answers with ${said}`;
  return passing('ERR_CONNECT_FAILED', message, undefined, parseRetryAfter(retryAfter, Date.now()));
}

/** The failure that the response of an HTTP proxy to CONNECT means. */
export function proxyFailure(status: number): Failure {
  const said = `the HTTP proxy answers CONNECT with ${status}`;
  if (status === 407) return lasting(`${said}: add user and password to HTTPS_PROXY`);
  if (status < 500 && status !== 429)
    return lasting(`${said}: allow this address in the proxy, or bypass the proxy with NO_PROXY`);
  return passing('ERR_CONNECT_FAILED', `Coder is not available: ${said}`);
}

/** The delay that a `Retry-After` header asks for, as seconds or as a date, in ms. Its users limit it. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

const MAX_SHOWN_LENGTH = 300;

/** A text from the server in a form that is safe for a message: on one line, and of limited length. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const short = line.length > MAX_SHOWN_LENGTH ? `${line.slice(0, MAX_SHOWN_LENGTH)}…` : line;
  return visible(short);
}
