import type { DuplexEvents } from '../events.js';
import { Transform, type TransformCallback } from '../streams/base.js';
import { CaptureDecoder, type CaptureFault } from './capture-decoder.js';
import type { CaptureRecord } from './record.js';

/**
 * Transform: the bytes of a capture → {@link CaptureRecord}s.
 *
 * It never emits an error for a bad capture. What is missing or damaged is its last object, a {@link CaptureFault},
 * because an error event would discard the records before it. A capture is complete if its last object is `finish` and
 * it has no `gap`.
 */
export class CaptureReader extends Transform<
  Uint8Array | string,
  CaptureRecord | CaptureFault,
  DuplexEvents<CaptureRecord | CaptureFault>
> {
  readonly #decoder = new CaptureDecoder();

  constructor() {
    super({ readableObjectMode: true });
  }

  /** Bytes decoded so far: where the next record begins. */
  get bytesConsumed(): number {
    return this.#decoder.bytesConsumed;
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, callback: TransformCallback): void {
    for (const item of this.#decoder.decode(chunk)) this.push(item);
    callback();
  }

  override _flush(callback: TransformCallback): void {
    const fault = this.#decoder.end();
    if (fault !== undefined) this.push(fault);
    callback();
  }
}
