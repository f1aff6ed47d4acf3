import { encodeRawLogs } from '../../codec/index.js';
import { type EncodedEvent, MAX_REQUEST_LENGTH } from './event-encoder.js';

/** Events that are sent in one frame. They share a session and a process. */
export class OutgoingBatch {
  readonly #maxEvents: number;
  readonly #origin: Uint8Array;
  readonly #logs: Uint8Array[] = [];
  /** Length of the encoded request. */
  #length: number;

  /** A batch with its first event. */
  constructor(first: EncodedEvent, maxEvents: number) {
    this.#maxEvents = maxEvents;
    this.#origin = first.origin;
    this.#length = first.origin.length;
    this.add(first);
  }

  /** How many events it contains. */
  get count(): number {
    return this.#logs.length;
  }

  get isFull(): boolean {
    return this.count >= this.#maxEvents;
  }

  /** Adds an event if it belongs and fits into this batch. @returns whether it does. */
  add({ log, origin }: EncodedEvent): boolean {
    if (this.isFull || this.#length + log.length > MAX_REQUEST_LENGTH) return false;
    if (Buffer.compare(origin, this.#origin) !== 0) return false;
    this.#logs.push(log);
    this.#length += log.length;
    return true;
  }

  toFrame(): Buffer {
    return encodeRawLogs(Buffer.concat([...this.#logs, this.#origin]));
  }
}
