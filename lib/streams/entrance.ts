import type { Batch } from '../batch.js';
import type { WritableEvents } from '../events.js';
import { Writable } from './base.js';
import type { TypedWritable } from './typed-stream.js';

/** A stream that writes to another one on behalf of one of its senders. */
export interface EntranceOptions<T extends Batch> {
  /** @returns false if the sender has to wait for {@link drained}. */
  write(batch: T): boolean;
  drained(proceed: () => void): void;
  /** The sender has gone. */
  close(): void;
}

/** Writable, object mode: the place at which one sender writes to a buffer. */
export function entrance<T extends Batch>({ write, drained, close }: EntranceOptions<T>): TypedWritable<T> {
  return new Writable<T, WritableEvents>({
    objectMode: true,
    write(batch: T, _encoding, callback) {
      if (write(batch)) callback();
      else drained(callback);
    },
    destroy(error, callback) {
      close();
      callback(error);
    },
  });
}
