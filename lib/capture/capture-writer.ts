import { BoundaryLogError } from '../errors.js';
import type { DuplexEvents } from '../events.js';
import { Transform, type TransformCallback } from '../streams/base.js';
import { encodeCaptureRecord } from './encode.js';
import { RecordOrder } from './order.js';
import type { CaptureRecord } from './record.js';
import { shapeFault } from './shape.js';

/**
 * Transform: {@link CaptureRecord}s → the bytes of a capture. The first one is `start`. If the stream ends without
 * `finish`, readers regard the capture as truncated.
 *
 * The stream fails with `ERR_INVALID_CAPTURE` if a record cannot follow those before it, such as data of a connection
 * that is not open. Data without bytes are left out.
 */
export class CaptureWriter extends Transform<CaptureRecord, Buffer, DuplexEvents<Buffer>> {
  readonly #order = new RecordOrder();

  constructor() {
    super({ writableObjectMode: true });
  }

  override _transform(record: CaptureRecord, _encoding: BufferEncoding, callback: TransformCallback): void {
    const fault = shapeFault(record);
    const isEmpty = fault === undefined && record.kind === 'data' && record.bytes.length === 0;
    const wrong = fault ?? (isEmpty ? undefined : this.#order.next(record));
    if (wrong !== undefined) {
      const message = fault ?? `a ${record.kind} record cannot be written here: ${wrong}`;
      callback(new BoundaryLogError('ERR_INVALID_CAPTURE', message));
    } else if (isEmpty) {
      callback();
    } else {
      callback(null, encodeCaptureRecord(record));
    }
  }
}
