import type { LogBatch } from '../../../codec/index.js';

/** A message that was delivered here, and about which the server has not been told anything yet. */
export interface HeldMessage {
  readonly key: string;
  readonly batch: LogBatch;
  /** How many times it was delivered so far. */
  readonly deliveries: number;
  /** Where the server expects the answer: that of the last delivery. */
  reply: string;
  /** Until when the server waits was last decided at this time, by `performance.now()`. */
  extendedAt: number;
}

/** The messages that this process is responsible for. Their number and their bytes are what a source bounds. */
export class HeldMessages {
  /** How many bytes all batches have. */
  bytes = 0;
  readonly #byKey = new Map<string, HeldMessage>();
  readonly #byBatch = new Map<LogBatch, HeldMessage>();

  get size(): number {
    return this.#byKey.size;
  }

  add(message: HeldMessage): void {
    this.#byKey.set(message.key, message);
    this.#byBatch.set(message.batch, message);
    this.bytes += message.batch.byteLength;
  }

  ofKey(key: string): HeldMessage | undefined {
    return this.#byKey.get(key);
  }

  ofBatch(batch: LogBatch): HeldMessage | undefined {
    return this.#byBatch.get(batch);
  }

  /** @returns the message, or undefined if it is not here any more. */
  remove(batch: LogBatch): HeldMessage | undefined {
    const message = this.#byBatch.get(batch);
    if (message === undefined) return undefined;
    this.#byBatch.delete(batch);
    this.#byKey.delete(message.key);
    this.bytes -= batch.byteLength;
    return message;
  }

  [Symbol.iterator](): Iterator<HeldMessage> {
    return this.#byKey.values();
  }
}
