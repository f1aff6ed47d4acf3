import type { IncomingMessage } from 'node:http';
import { quoted, visible } from '../../printable.js';

/** How much of a body is read. No response that matters here is nearly as long. */
const MAX_LENGTH = 64 * 1024;
/** How long to wait for a body, in ms. The status alone is enough to go on. */
const BODY_TIMEOUT_MS = 3000;
const MAX_SHOWN_LENGTH = 300;

/** An HTTP response to a request to connect, other than the expected one. */
export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Who has answered, by the form of the body. Without a body, it may be anybody. */
  readonly from: 'Coder' | 'anybody' | 'others';
  /** What has answered, for a message: the status, and what the body says. */
  readonly answer: string;
}

/** Reads the rest of a response. @param token Is removed from all texts: some servers repeat the request. */
export async function refusalIn(reply: IncomingMessage, token: string): Promise<Refusal> {
  const status = reply.statusCode as number;
  const text = (await beginningOf(reply)).replaceAll(token, '[token]');
  const type = (reply.headers['content-type'] ?? 'no content type').replaceAll(token, '[token]');
  const message = messageIn(text);
  const isFromCoder = message !== '';
  return {
    status,
    retryAfter: reply.headers['retry-after'],
    from: isFromCoder ? 'Coder' : text.trim() === '' ? 'anybody' : 'others',
    answer: `HTTP ${status}${isFromCoder ? `: ${oneLine(message)}` : `, ${described(type, text)}`}`,
  };
}

/** The beginning of a body: what has arrived when it ends, becomes too long, or takes too long. */
async function beginningOf(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => reply.destroy(), BODY_TIMEOUT_MS);
  try {
    for await (const chunk of reply) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_LENGTH) break;
    }
  } catch {
    // A connection that ends within the body does not change what the response means.
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString();
}

/** Coder's errors are JSON with a `message` and details. */
function messageIn(text: string): string {
  try {
    const { message, detail, validations } = JSON.parse(text);
    const details = Array.isArray(validations) ? validations.map((validation) => validation?.detail) : [];
    return [message, detail, ...details].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return '';
  }
}

/** The content type of a body that is not Coder's, and its first visible characters. */
function described(contentType: string, text: string): string {
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
