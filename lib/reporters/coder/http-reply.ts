import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Refusal } from './failures.js';

/** Nobody here has more to say. */
const MAX_LENGTH = 64 * 1024;

/** GETs what is at an address. */
export function get(
  url: URL,
  options: Pick<RequestOptions, 'agent' | 'checkServerIdentity' | 'signal'>,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    request(url, options).on('response', resolve).on('error', reject).end();
  });
}

/** The text of a reply, as far as it is of use. */
export async function textOf(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of reply) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_LENGTH) break;
  }
  return Buffer.concat(chunks).toString();
}

/** What a refusal says: Coder's `message`, with what it says of each field. What is not Coder's is not quoted. */
export async function refusalIn(reply: IncomingMessage): Promise<Refusal> {
  const text = await textOf(reply).catch(() => '');
  return {
    status: reply.statusCode as number,
    retryAfter: reply.headers['retry-after'],
    text: messageIn(text),
  };
}

function messageIn(text: string): string {
  try {
    const { message, detail, validations } = JSON.parse(text);
    const details = Array.isArray(validations) ? validations.map((validation) => validation?.detail) : [];
    return [message, detail, ...details].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return '';
  }
}
