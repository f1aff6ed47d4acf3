import { expect } from '@jest/globals';
import { LogBatch, Tag } from '../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../codec/messages.js';
import { resolveOptions } from '../../lib/options.js';
import { REDACT_OPTIONS, type RedactOptions } from '../../lib/redaction/redact-options.js';
import { RequestRedactor } from '../../lib/redaction/request-redactor.js';

export function requestRedactor(options: RedactOptions = {}): RequestRedactor {
  return new RequestRedactor('redact', resolveOptions('redact', options, REDACT_OPTIONS));
}

/** An encoded request with one log for each URL. */
export function requestOf(...urls: string[]): Buffer {
  const logs = urls.map((url) => ({ allowed: true, httpRequest: { method: 'GET', url } }));
  const request = { sessionId: 'session', confinedProcessName: 'agent', logs };
  return Buffer.from(ReportBoundaryLogsRequest.encode(request).finish());
}

/** The URLs of an encoded request. */
export function urlsOf(raw: Buffer): string[] {
  return new LogBatch(Tag.V2, 0, raw).request.logs.map(({ httpRequest }) => httpRequest?.url ?? '');
}

/** The redacted request. JavaScript makes the same of it as WebAssembly. */
export function redactedTwice(raw: Buffer, redactor = requestRedactor()): Buffer {
  const result = redactor.redact(raw);
  const slow = redactor.redactSlowly(raw);
  // Tests call this so often that most calls must not reach `expect`.
  if (!slow.equals(result)) expect(result.toString('latin1')).toBe(slow.toString('latin1'));
  if ((slow === raw) !== (result === raw)) throw new Error('one of them copied a request without secrets');
  return result;
}

/** What becomes of a URL. */
export function redacted(url: string, redactor = requestRedactor()): string {
  return urlsOf(redactedTwice(requestOf(url), redactor))[0] ?? '';
}
