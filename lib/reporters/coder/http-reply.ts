import type { IncomingMessage } from 'node:http';
import { beginningOf, described, oneLine } from '../http-answer.js';

/** How much of a body is read. No response that matters here is nearly as long. */
const MAX_LENGTH = 64 * 1024;
/** How long to wait for a body, in ms. The status alone is enough to go on. */
const BODY_TIMEOUT_MS = 3000;

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
  const { bytes } = await beginningOf(reply, { maxBytes: MAX_LENGTH, timeoutMs: BODY_TIMEOUT_MS });
  const text = bytes.toString().replaceAll(token, '[token]');
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
