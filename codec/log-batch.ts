import { ReportBoundaryLogsRequest } from './messages.js';
import { WireReader } from './wire-reader.js';

/** A valid batch of logs: counted, checked, and kept as the bytes that came. */
export class LogBatch {
  readonly kind = 'logs';
  /** The tag that it came under, 1 or 2. */
  readonly tag: number;
  /** How many logs are in it. */
  readonly count: number;
  #raw: Buffer;
  #request: ReportBoundaryLogsRequest | undefined;

  constructor(tag: number, count: number, raw: Buffer) {
    this.tag = tag;
    this.count = count;
    this.#raw = raw;
  }

  /**
   * The encoded ReportBoundaryLogsRequest as it was received, unknown fields included: what a reporter that
   * takes protobuf passes on. Where one envelope holds several, one after the other, which protobuf reads as
   * the merge of them.
   */
  get raw(): Buffer {
    return this.#raw;
  }

  /** {@link raw} decoded, on first use. Unknown fields are under `$unknowns` of their message. */
  get request(): ReportBoundaryLogsRequest {
    this.#request ??= ReportBoundaryLogsRequest.decode(new WireReader(this.#raw));
    return this.#request;
  }

  /**
   * Lets go of the chunk that the batch came in, by a copy of its own bytes. Whoever keeps batches calls it:
   * a batch of 1 KB that is a view keeps all of its chunk, 64 KiB or more, in memory.
   */
  detach(): void {
    const raw = this.#raw;
    if (raw.length === raw.buffer.byteLength) return;
    // Not from the allocation pool, which would be the next chunk to be kept alive.
    this.#raw = Buffer.allocUnsafeSlow(raw.length);
    raw.copy(this.#raw);
  }
}
