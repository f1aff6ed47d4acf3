import type { LogBatch } from '../../codec/index.js';
import type { BoundaryLogError } from '../errors.js';
import { resolveOptions } from '../options.js';
import { REDACT_OPTIONS, type RedactOptions } from './redact-options.js';
import { RequestRedactor } from './request-redactor.js';
import { UrlRedactor } from './url-redactor.js';

/**
 * The redactors of many connections, which share what the options were compiled to.
 *
 * @param options Undefined, if nothing is to be redacted.
 * @param onDrop Called for each batch that cannot be redacted.
 * @returns what creates one; undefined without options.
 * @throws ERR_INVALID_OPTION
 */
export function redactors(
  options: RedactOptions | undefined,
  onDrop: (batch: LogBatch, error: BoundaryLogError) => void,
): (() => UrlRedactor<true>) | undefined {
  if (options === undefined) return undefined;
  const shared = new RequestRedactor('redact', resolveOptions('redact', options, REDACT_OPTIONS));
  return () => new UrlRedactor<true>(shared).on('drop', onDrop);
}
