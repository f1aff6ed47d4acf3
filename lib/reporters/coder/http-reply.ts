import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Refusal } from './failures.js';

/** Longer responses are cut off. No response that matters here is nearly as long. */
const MAX_LENGTH = 64 * 1024;

/** Sends a GET request, and resolves with the response. */
export function get(
  url: URL,
  options: Pick<RequestOptions, 'agent' | 'checkServerIdentity' | 'signal'>,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    request(url, options).on('response', resolve).on('error', reject).end();
  });
}

/** The beginning of a response's text. */
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

/** What a response says, if it is an error of Coder: its `message` and details. Other texts are not quoted. */
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
