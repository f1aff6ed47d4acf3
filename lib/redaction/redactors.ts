import type { LogBatch } from '../../codec/index.js';
import type { BoundaryLogError } from '../errors.js';
import { invalidOption, resolveOptions } from '../options.js';
import { REDACT_OPTIONS, type RedactOptions } from './redact-options.js';
import { RequestRedactor } from './request-redactor.js';
import { UrlRedactor } from './url-redactor.js';

/** What decides whether a proxy redacts. */
export interface RedactionChoice {
  /** Undefined, if nothing is to be redacted. */
  readonly redact?: RedactOptions | undefined;
  /** Defined, if the bytes are recorded as they are received. */
  readonly record?: unknown;
}

/**
 * The redactors of many connections, which share what the options were compiled to.
 *
 * @param onDrop Called for each batch that cannot be redacted.
 * @returns what creates one; undefined if nothing is to be redacted.
 * @throws ERR_INVALID_OPTION
 */
export function redactors(
  { redact, record }: RedactionChoice,
  onDrop: (batch: LogBatch, error: BoundaryLogError) => void,
): (() => UrlRedactor<true>) | undefined {
  if (redact === undefined) return undefined;
  if (record !== undefined) {
    const expected =
      'nothing, because a recording contains the bytes as they were received, with all secrets';
    throw invalidOption('redact: record', record, expected);
  }
  const shared = new RequestRedactor('redact', resolveOptions('redact', redact, REDACT_OPTIONS));
  return () => new UrlRedactor<true>(shared).on('drop', onDrop);
}
