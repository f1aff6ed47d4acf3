import type { LogBatch } from '../../codec/index.js';
import type { Batch } from '../batch.js';
import type { WritableEvents } from '../events.js';
import { type Callback, Writable } from './base.js';
import { isDirectBatch, type Write } from './direct.js';
import { whenDrained } from './drained.js';
import type { Accepting, WriteRest } from './typed-stream.js';

/**
 * Writable, object mode: writes each batch to all its outputs, in order. It waits until each output has room for more.
 * So an output that drops batches instead of waiting, as a `LogBuffer` does by default, does not delay the others. The
 * stream neither ends nor destroys its outputs.
 */
export class FanOut<T extends Batch = LogBatch> extends Writable<T, WritableEvents> {
  readonly #outputs: readonly Accepting<T>[];
  /** The outputs that have no room for more. */
  readonly #full = new Set<Accepting<T>>();
  /** The batch that write() has already written to the outputs. _write() must not write it again. */
  #sent: T | undefined;
  /** Whether a batch is being written to the outputs. If a reader of an output writes a batch meanwhile, that one waits. */
  #isSending = false;
  #proceed: Callback | undefined;

  constructor(outputs: readonly Accepting<T>[]) {
    super({ objectMode: true, highWaterMark: 1 });
    this.#outputs = outputs;
  }

  /** @returns false while an output has no room: continue at `drain`. */
  override write(batch: never, encoding?: unknown, callback?: unknown): boolean;
  override write(batch: T, ...rest: WriteRest): boolean;
  override write(batch: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (!this.#isSending && this.writable && isDirectBatch(this, batch, encoding, callback)) {
      if (this.#send(batch as T)) return true;
      // super.write() keeps the stream busy until there is room.
      this.#sent = batch as T;
    }
    return (super.write as Write)(batch, encoding, callback);
  }

  override _write(batch: T, encoding: BufferEncoding, callback: Callback): void {
    if (this.#isSending) {
      process.nextTick(() => this._write(batch, encoding, callback));
      return;
    }
    const isSent = this.#sent === batch;
    this.#sent = undefined;
    if (isSent ? this.#full.size === 0 : this.#send(batch)) callback();
    else this.#proceed = callback;
  }

  /** @returns whether all outputs have room for more. */
  #send(batch: T): boolean {
    this.#isSending = true;
    try {
      for (const output of this.#outputs) if (!output.write(batch)) this.#await(output);
    } finally {
      this.#isSending = false;
    }
    return this.#full.size === 0;
  }

  #await(output: Accepting<T>): void {
    if (this.#full.has(output)) return;
    this.#full.add(output);
    whenDrained(output, () => {
      this.#full.delete(output);
      if (this.#full.size > 0) return;
      const proceed = this.#proceed;
      this.#proceed = undefined;
      proceed?.();
    });
  }
}
