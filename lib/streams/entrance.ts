import type { Writable as NodeWritable } from 'node:stream';
import { type Batch, refuseOther } from '../batch.js';
import { BoundaryLogError } from '../errors.js';
import type { WritableEvents } from '../events.js';
import { type Callback, Writable } from './base.js';
import { failWrite } from './direct.js';
import { whenDrained } from './drained.js';
import type { TypedWritable } from './typed-stream.js';

const CLOSED = 'the buffer of this sender was ended or destroyed: keep it open as long as its senders';

/** A stream that writes to another one on behalf of one of its senders. */
export interface EntranceOptions<T extends Batch> {
  /** The stream that it writes to. */
  readonly buffer: NodeWritable;
  /** @returns false if the sender has to wait until the buffer has drained. */
  write(batch: T): boolean;
  /** The sender has gone. */
  close(): void;
}

/** Writable, object mode: the place at which one sender writes to a buffer. */
export function entrance<T extends Batch>({ buffer, write, close }: EntranceOptions<T>): TypedWritable<T> {
  let stopWaiting: (() => void) | undefined;
  let onWritten: Callback | undefined;
  return new Writable<T, WritableEvents>({
    objectMode: true,
    write(batch: T, _encoding, callback) {
      if (refuseOther(batch, callback)) return;
      if (!buffer.writable) callback(new BoundaryLogError('ERR_ROUTE_CLOSED', CLOSED));
      else if (write(batch)) callback();
      else {
        onWritten = callback;
        stopWaiting = whenDrained(buffer, () => callback());
      }
    },
    destroy(error, callback) {
      stopWaiting?.();
      close();
      callback(error);
      failWrite(this, onWritten);
    },
  });
}
