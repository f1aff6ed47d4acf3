import { createHash, randomBytes } from 'node:crypto';
import { decodeMessage, LogBatch, Tag } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';

/** All messages have subjects that begin with this. The rest is one token, which stands for the session. */
export const SUBJECT_PREFIX = 'boundary.logs.';
/** The subjects of all batches. */
export const ALL_SUBJECTS = `${SUBJECT_PREFIX}>`;

/** The headers of a message, besides {@link MESSAGE_ID}. */
export const Header = {
  /** The tag of the frame in which the batch arrived: 1 or 2. */
  TAG: 'Boundary-Tag',
  /** How many logs the batch has. */
  COUNT: 'Boundary-Count',
  /** The name of the proxy that published it. */
  PROXY: 'Boundary-Proxy',
} as const;

/** The stream stores only one of several messages with the same id, within its duplicate window. */
export const MESSAGE_ID = 'Nats-Msg-Id';

/** The longest token. A longer subject would exceed the line that a server accepts, and end the connection. */
const MAX_TOKEN = 200;
/** No session that is a token as it is contains this character. */
const ESCAPE = '~';
/** The token of batches without a session. No session becomes it, because every encoded one is longer. */
export const NO_SESSION = ESCAPE;

/**
 * The token of a session in a subject. A session of letters, digits, `-` and `_` is its own token. Any other one is `~`
 * and the base64url of its UTF-8, and one that would be too long is `~~` and the base64url of its SHA-256.
 */
export function tokenOf(session: string): string {
  if (session === '') return NO_SESSION;
  if (session.length <= MAX_TOKEN && /^[A-Za-z0-9_-]+$/.test(session)) return session;
  const encoded = ESCAPE + Buffer.from(session).toString('base64url');
  if (encoded.length <= MAX_TOKEN) return encoded;
  return ESCAPE + ESCAPE + createHash('sha256').update(session).digest('base64url');
}

/** The session of a token; undefined if it is a hash, or if no session has this token. */
export function sessionOf(token: string): string | undefined {
  if (token === NO_SESSION) return '';
  if (!token.startsWith(ESCAPE)) return tokenOf(token) === token ? token : undefined;
  const session = Buffer.from(token.slice(1), 'base64url').toString();
  return tokenOf(session) === token ? session : undefined;
}

export function subjectOf(session: string): string {
  return SUBJECT_PREFIX + tokenOf(session);
}

/** How many characters of the hash are part of an id: 132 bits. */
const HASH_LENGTH = 22;

/** Distinguishes the batches without a session that one process has received, from those of other processes, too. */
const PROCESS_ID = randomBytes(9).toString('base64url');
let arrivals = 0;
const arrivalIds = new WeakMap<LogBatch, string>();

/** The same for each attempt to deliver this object. What a spool reads after a restart is another object. */
function arrivalIdOf(batch: LogBatch): string {
  let id = arrivalIds.get(batch);
  if (id === undefined) {
    arrivals += 1;
    id = `${PROCESS_ID}${arrivals.toString(36)}`;
    arrivalIds.set(batch, id);
  }
  return id;
}

/**
 * The id of a batch's message: its tag, the range of its sequence numbers, and the beginning of a SHA-256 of the session
 * and the bytes. A batch with other bytes has another id, so a forged one cannot suppress an honest one.
 *
 * A sender without a session does not number its logs. Two of its batches may be equal and both honest, so the id contains
 * an arrival id in place of the range.
 */
export function messageIdOf(batch: LogBatch): string {
  const { tag, sessionId, raw } = batch;
  const hash = createHash('sha256')
    .update(`${Buffer.byteLength(sessionId)}:${sessionId}`)
    .update(raw);
  const bytes = hash.digest('base64url').slice(0, HASH_LENGTH);
  return `${tag}.${sessionId === '' ? arrivalIdOf(batch) : rangeOf(batch)}.${bytes}`;
}

/** What a message has besides its data and its headers. */
export interface Envelope {
  readonly subject: string;
  readonly id: string;
}

/**
 * The subject and the id of a batch's message.
 *
 * @throws ERR_INVALID_BATCH with `permanent: true` for an object that is not a LogBatch.
 */
export function envelopeOf(batch: LogBatch): Envelope {
  try {
    return { subject: subjectOf(batch.sessionId), id: messageIdOf(batch) };
  } catch (cause) {
    const message = 'only a LogBatch can be published: decode the bytes with decodeMessage()';
    throw Object.assign(new BoundaryLogError('ERR_INVALID_BATCH', message, { cause }), { permanent: true });
  }
}

/** The first and the last number. If the numbers are not consecutive, only how many there are. */
function rangeOf({ firstNumber, count }: LogBatch): string {
  return firstNumber < 0 ? `x${count}` : `${firstNumber}-${firstNumber + count - 1}`;
}

/** A message of the stream, of which only this is used. */
export interface StoredMessage {
  readonly data: Uint8Array;
  readonly headers?: { get(name: string): string } | undefined;
}

/**
 * The batch in a message. Anybody who may publish could have written it, so its bytes are checked as those of a socket
 * are, and of the headers only the tag is used.
 *
 * @throws ERR_INVALID_PROTOBUF, ERR_INVALID_UTF8, ERR_UNSUPPORTED_TAG, always with `permanent: true`.
 */
export function batchOf({ data, headers }: StoredMessage): LogBatch {
  const tag = Number(headers?.get(Header.TAG) || Tag.V1);
  if (tag !== Tag.V1 && tag !== Tag.V2) {
    throw unusable(new BoundaryLogError('ERR_UNSUPPORTED_TAG', `the header ${Header.TAG} is not 1 or 2`));
  }
  const payload = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  // The bytes are those of a request, whatever the frame around them was.
  const outcome = decodeMessage({ tag: Tag.V1, payload });
  if (outcome.kind === 'logs')
    return tag === Tag.V1 ? outcome : new LogBatch(tag, outcome.count, outcome.raw);
  throw unusable((outcome as { error: BoundaryLogError }).error);
}

function unusable({ code, message }: BoundaryLogError): BoundaryLogError {
  return Object.assign(new BoundaryLogError(code, message), { permanent: true });
}
