import { Failure, passing, rejection } from '../connection/failure.js';
import { quoted, visible } from '../printable.js';
import type { ResolvedNatsOptions } from './nats-options.js';

/** Of what a server writes, not more than this is part of a message. */
const MAX_TEXT = 200;

/** What an error says, on one line. */
export function said(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  const text = String(message || code || error);
  return visible(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}

/** The error and its causes, the outermost first. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  // Errors of Node may come from another realm than this module, so instanceof does not know them.
  for (
    let one = error as Error | undefined;
    typeof one?.message === 'string' && chain.length < 5;
    one = one.cause as Error
  )
    chain.push(one);
  return chain;
}

/** NATS does not accept this configuration, or does not accept it yet. It is retried, and the message says what to correct. */
export function refusal(message: string, cause?: unknown): Failure {
  return passing('ERR_NATS_REFUSED', message, cause);
}

/** What errors of a connection mean, by their name, code or message, and what to do. */
const CONNECT_MEANINGS: [pattern: RegExp, meaning: string][] = [
  [/ECONNREFUSED/, 'nothing listens there: start the server, or correct the address'],
  [/ENOTFOUND|EAI_AGAIN/, 'its name cannot be resolved: correct the address, or wait for DNS'],
  [/EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENETDOWN/, 'the network has no way there'],
  [
    /does not support 'tls'/,
    'it does not offer TLS: enable TLS on the server, or connect with nats:// and without --nats-ca',
  ],
  [
    /ALERT_CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA|ALERT_CERTIFICATE/,
    'it wants another certificate of this client: set --nats-cert and --nats-key',
  ],
  [/ALTNAME/, 'its certificate is for another host: connect to a name that the certificate contains'],
  [
    /key values mismatch|no start line/,
    'certificate and key do not belong together, or are not PEM: correct --nats-cert and --nats-key',
  ],
  [
    /CERT|SIGNATURE|ISSUER/,
    'its certificate is not trusted: name its authority with --nats-ca, or NODE_EXTRA_CA_CERTS',
  ],
  [
    /EPROTO|ERR_SSL_|ERR_TLS|ERR_OSSL/,
    'the TLS handshake failed: is this a NATS server, and do the certificates belong to it?',
  ],
  [/unexpected response/, 'what answers there is not a NATS server: correct the address'],
];

/** Errors of a TLS handshake. */
const OF_TLS = /ALTNAME|CERT|SIGNATURE|ISSUER|EPROTO|ERR_SSL_|ERR_TLS/;

/** The failure of an attempt to connect to a host. */
export function connectFailure(host: string, error: unknown, options: ResolvedNatsOptions): Failure {
  const chain = chainOf(error);
  const text = chain
    .map((one) => `${one.name} ${(one as NodeJS.ErrnoException).code} ${one.message}`)
    .join(' ');
  if (/AuthorizationError|UserAuthenticationExpiredError/.test(text)) {
    const message = `NATS at ${host} does not accept these credentials (${said(error)}): correct --nats-credentials, or NATS_USER and NATS_PASSWORD, or NATS_TOKEN`;
    return refusal(message, error);
  }
  if (/\bnkeys: /.test(text)) {
    return refusal(
      `the seed in the credentials file is not valid (${said(error)}): correct --nats-credentials`,
      error,
    );
  }
  const { servers, caFile, certFile, connectTimeoutMs } = options;
  const isPlain = !servers.tls && caFile === undefined && certFile === undefined;
  // The server may reset the connection before its alert has arrived.
  if (!isPlain && /ECONNRESET|EPIPE/.test(text)) {
    const message = `NATS cannot be reached at ${host} (${said(error)}): does it want another certificate of this client? Then correct --nats-cert and --nats-key`;
    return passing('ERR_CONNECT_FAILED', message, error);
  }
  const [, known] = CONNECT_MEANINGS.find(([pattern]) => pattern.test(text)) ?? [];
  const meaning = isPlain && OF_TLS.test(text) ? 'it wants TLS: connect with tls://' : known;
  if (meaning !== undefined) {
    return passing(
      'ERR_CONNECT_FAILED',
      `NATS cannot be reached at ${host} (${said(error)}): ${meaning}`,
      error,
    );
  }
  if (/TimeoutError|no connection within|\btimeout\b/.test(text)) {
    const message = `NATS at ${host} has not answered within ${connectTimeoutMs} ms: is it overloaded, or is something else there?`;
    return passing('ERR_CONNECT_FAILED', message, error);
  }
  const why = chain.length === 0 ? 'it has closed the connection' : said(error);
  return passing('ERR_CONNECT_FAILED', `NATS cannot be reached at ${host} (${why})`, error);
}

/** What the server calls its errors (`err_code`), as far as they are handled. */
export const ApiCode = {
  ACCOUNT_RESOURCES_EXCEEDED: 10_002,
  INSUFFICIENT_RESOURCES: 10_023,
  NOT_ENABLED_FOR_ACCOUNT: 10_039,
  STORAGE_RESOURCES_EXCEEDED: 10_047,
  MESSAGE_TOO_LARGE: 10_054,
  NAME_IN_USE: 10_058,
  STREAM_NOT_FOUND: 10_059,
  OTHER_STREAM: 10_060,
  SUBJECTS_OVERLAP: 10_065,
  REPLICAS_NOT_SUPPORTED: 10_074,
  NOT_ENABLED: 10_076,
  STORE_FAILED: 10_077,
  HEADERS_TOO_LARGE: 10_097,
  SEALED: 10_109,
} as const;

/** The number of an error that the JetStream API has returned. */
export function apiCode(error: unknown): number | undefined {
  const { name, code } = error as { name?: string; code?: unknown };
  return /^(JetStreamApiError|StreamNotFoundError|ConsumerNotFoundError)$/.test(name ?? '')
    ? Number(code)
    : undefined;
}

/** Whether no stream answers for a subject: it was deleted, has no leader, or JetStream is not enabled. */
export function isUnanswered(error: unknown): boolean {
  return chainOf(error).some(({ name }) => name === 'JetStreamNotEnabled' || name === 'NoRespondersError');
}

/** What the user may not do, if that is the error. */
export function violationOf(error: unknown): { operation: string; subject: string } | undefined {
  const found = chainOf(error).find(({ name }) => name === 'PermissionViolationError');
  return found as unknown as { operation: string; subject: string } | undefined;
}

/** What to do about an error of the JetStream API, by its number. */
const API_MEANINGS: Record<number, string> = {
  [ApiCode.ACCOUNT_RESOURCES_EXCEEDED]: 'raise the limits of this account on the server',
  [ApiCode.INSUFFICIENT_RESOURCES]: 'make room on the server, or raise its limits',
  [ApiCode.NOT_ENABLED_FOR_ACCOUNT]: 'enable JetStream for this account on the server',
  [ApiCode.STORAGE_RESOURCES_EXCEEDED]: 'make room on the server, or raise its limits',
  [ApiCode.OTHER_STREAM]: 'another stream stores this subject: name it with --nats-stream',
  [ApiCode.SUBJECTS_OVERLAP]: 'another stream stores these subjects: name it with --nats-stream',
  [ApiCode.REPLICAS_NOT_SUPPORTED]: 'this server is not part of a cluster: leave out --nats-replicas',
  [ApiCode.NOT_ENABLED]: 'enable JetStream on the server',
  [ApiCode.STORE_FAILED]:
    'if it is full, raise its limits, or remove what has been read; the batches wait here meanwhile',
  [ApiCode.SEALED]: 'it is sealed, and never accepts anything: name another one with --nats-stream',
};

/**
 * The failure of a request about a stream, or of a message to it.
 *
 * @param what The beginning of a sentence, such as `the stream "x" does not accept a batch`.
 */
export function requestFailure(what: string, error: unknown, timeoutMs: number): Failure {
  if (error instanceof Failure) return error;
  const violation = violationOf(error);
  if (violation !== undefined) {
    const { operation, subject } = violation;
    const verb = operation === 'publish' ? 'publish to' : 'subscribe to';
    return refusal(`${what}: this user may not ${verb} ${quoted(subject)}: allow it on the server`, error);
  }
  if (isUnanswered(error)) {
    const message = `${what}: no stream answers: is JetStream enabled for this account, and does the stream have a leader?`;
    return passing('ERR_CONNECT_FAILED', message, error);
  }
  const names = chainOf(error).map(({ name }) => name);
  if (names.includes('TimeoutError')) {
    return passing('ERR_CALL_TIMEOUT', `${what}: NATS has not answered within ${timeoutMs} ms`, error);
  }
  if (names.includes('InvalidArgumentError') && /max_payload/.test(said(error))) {
    return rejection(`${what}: it is larger than the server accepts: raise max_payload of the server`, error);
  }
  const code = apiCode(error);
  if (code === undefined) return passing('ERR_CONNECTION_LOST', `${what}: ${said(error)}`, error);
  if (code === ApiCode.MESSAGE_TOO_LARGE || code === ApiCode.HEADERS_TOO_LARGE) {
    return rejection(`${what}: ${said(error)}: raise max_msg_size of the stream`, error);
  }
  const meaning = API_MEANINGS[code];
  return refusal(`${what}: ${said(error)}${meaning === undefined ? '' : `: ${meaning}`}`, error);
}
