import { ReportBoundaryLogsRequest } from './messages.js';
import { WireReader } from './wire-reader.js';

/** A valid batch of logs: counted, checked, and kept as the bytes that came. */
export class LogBatch {
  /** What distinguishes it from the other outcomes. */
  readonly kind = 'logs';
  /** The tag that it came under, 1 or 2. */
  readonly tag: number;
  /** How many logs are in it. */
  readonly count: number;
  #bytes: Buffer;
  #start: number;
  #end: number;
  #raw: Buffer | undefined;
  #request: ReportBoundaryLogsRequest | undefined;

  /** @param bytes Where its encoded request lies, from `start` (default 0) to `end` (default: their end). */
  constructor(tag: number, count: number, bytes: Buffer, start = 0, end = bytes.length) {
    this.tag = tag;
    this.count = count;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /**
   * The encoded ReportBoundaryLogsRequest as it was received, unknown fields included: what a reporter that
   * takes protobuf passes on. Where one envelope holds several, one after the other, which protobuf reads as
   * the merge of them.
   */
  get raw(): Buffer {
    // On first use: a view costs as much as all else that is made of a batch.
    this.#raw ??= this.#bytes.subarray(this.#start, this.#end);
    return this.#raw;
  }

  /** {@link raw} decoded, on first use. Unknown fields are under `$unknowns` of their message. */
  get request(): ReportBoundaryLogsRequest {
    this.#request ??= ReportBoundaryLogsRequest.decode(new WireReader(this.raw));
    return this.#request;
  }

  /**
   * Lets go of the chunk that the batch came in, by a copy of its own bytes. Whoever keeps batches calls it:
   * a batch of 1 KB that is a view keeps all of its chunk, 64 KiB or more, in memory.
   */
  detach(): void {
    const length = this.#end - this.#start;
    if (length === this.#bytes.buffer.byteLength) return;
    // Not from the allocation pool, which would be the next chunk to be kept alive.
    const copy = Buffer.allocUnsafeSlow(length);
    this.#bytes.copy(copy, 0, this.#start, this.#end);
    this.#bytes = copy;
    this.#start = 0;
    this.#end = length;
    this.#raw = undefined;
  }
}
