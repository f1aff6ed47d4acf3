import type { IncomingMessage } from 'node:http';
import { quoted, visible } from '../printable.js';

const MAX_SHOWN_LENGTH = 300;

/** How much of a body is read, and for how long. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** Default: as long as the server sends, or until somebody destroys the answer. */
  readonly timeoutMs?: number;
}

/** The beginning of a body: what has arrived when it ends, becomes too long, or takes too long. */
export async function beginningOf(
  reply: IncomingMessage,
  { maxBytes, timeoutMs }: BodyLimits,
): Promise<{ bytes: Buffer; isComplete: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  let isComplete = false;
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => reply.destroy(), timeoutMs);
  try {
    for await (const chunk of reply) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) break;
    }
    isComplete = reply.complete && length <= maxBytes;
  } catch {
    // A connection that ends within the body does not change what the status means.
  } finally {
    clearTimeout(timer);
  }
  return { bytes: Buffer.concat(chunks), isComplete };
}

/** The content type of a body, and its first visible characters, for a message. */
export function described(contentType: string, text: string): string {
  const type = oneLine(contentType.replace(/;.*/s, ''));
  const shown = beginning((/html/i.test(type) && textOfHtml(text)) || text, 120);
  return `${type}, ${shown === '' ? 'empty' : quoted(shown)}`;
}

/** The text of a page as its reader sees it. */
function textOfHtml(html: string): string {
  return html
    .replaceAll(/<!--[\s\S]*?(?:-->|$)|<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, ' ')
    .replaceAll(/<[^<>]*>/g, ' ')
    .trim();
}

/** A text from the server in a form that is safe for a message: on one line, and of limited length. */
export function oneLine(text: string): string {
  return visible(beginning(text, MAX_SHOWN_LENGTH));
}

/** A URL without its query, user and password. */
export function shownUrl({ origin, pathname }: URL, token?: string): string {
  const url = origin + pathname;
  return oneLine(token === undefined ? url : url.replaceAll(token, '[token]'));
}

function beginning(text: string, length: number): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

/** What an error of a connection often means, by its code. */
const MEANINGS: [codes: RegExp, meaning: string][] = [
  [/ALTNAME/, 'Its certificate is for another name: use that one in the URL'],
  [/EXPIRED|NOT_YET_VALID/, 'Renew its certificate, or correct the clock of this machine'],
  [/CERT|SIGNATURE|ISSUER/, 'Trust its certificate authority with TRUST'],
  [/^(EPROTO$|ERR_SSL_)/, 'Does this port speak TLS? Otherwise its URL begins with http'],
  [/^HPE_/, 'What answers is not HTTP. Does the URL have to begin with https?'],
];

/**
 * The code and the message of an error of a connection, and what it often means.
 *
 * @param trust The variable that adds a certificate authority.
 */
export function connectionError(
  cause: unknown,
  trust = 'NODE_EXTRA_CA_CERTS',
): { why: string; meaning: string | undefined } {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = [code, message].filter((text) => text !== undefined && text !== '').join(': ');
  const meaning = MEANINGS.find(([codes]) => codes.test(code ?? ''))?.[1].replace('TRUST', trust);
  return { why: oneLine(why), meaning };
}

/** The delay that a `Retry-After` header asks for, as seconds or as a date, in ms. Its users limit it. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
