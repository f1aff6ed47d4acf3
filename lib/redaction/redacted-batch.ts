import { LogBatch } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';

/** What redacts the bytes of one request, such as a `RequestRedactor`. */
export interface BytesRedactor {
  redact(raw: Buffer): Buffer;
}

/**
 * @returns the batch itself if there is nothing to remove, otherwise a new one.
 * @throws ERR_REDACTION_FAILED
 */
export function redactedBatch(redactor: BytesRedactor, batch: LogBatch): LogBatch {
  try {
    const raw = redactor.redact(batch.raw);
    return raw === batch.raw ? batch : new LogBatch(batch.tag, batch.count, raw);
  } catch (thrown) {
    throw withoutUrl(thrown);
  }
}

/** The message and the cause of an unforeseen error may contain a URL, so only the name of its class remains. */
function withoutUrl(thrown: unknown): BoundaryLogError {
  if (thrown instanceof BoundaryLogError) return thrown;
  const name = thrown instanceof RangeError ? 'a RangeError' : 'an error';
  return new BoundaryLogError(
    'ERR_REDACTION_FAILED',
    `the URLs of a batch cannot be redacted, because of ${name}: the batch is dropped`,
  );
}
