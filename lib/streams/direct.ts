import type { Readable, Writable } from 'node:stream';
import { Transform } from './base.js';

/*
 * If a stream has nothing queued and its reader is waiting, objects only pass through. The bookkeeping of Node's streams
 * (queues, watermarks, a tick for each write) then costs more than the work itself, so the streams of this package skip
 * it: they process an object at once and hand the result to the reader. As soon as something has to wait, they use the
 * bookkeeping again, so order and backpressure are the same as in any other stream.
 */

/** Whether an open `stream` has nothing queued or corked, so that it would process an object at once. */
export function isIdle(stream: Writable): boolean {
  return stream.writableLength === 0 && stream.writableCorked === 0;
}

/** Whether `stream` would hand a pushed object to its reader at once. */
export function isFlowing(stream: Readable): boolean {
  return stream.readableFlowing === true && stream.readableLength === 0 && stream.listenerCount('data') > 0;
}

/** Whether a stream in object mode accepts `value`: null and undefined are errors. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** `write` with all its overloads, for subclasses that pass their arguments on. */
export type Write = (chunk: unknown, encoding?: unknown, callback?: unknown) => boolean;

/** A Transform that can hand its results to its reader at once. */
export abstract class DirectTransform extends Transform {
  /** Whether a write returned false because the reader had paused the stream. Then `drain` must follow. */
  #owesDrain = false;

  /** Whether {@link handOver} may be used now. */
  protected get isDirect(): boolean {
    return this.writable && isIdle(this) && isFlowing(this);
  }

  /** Hands an object to the reader. @returns what `write()` has to return. */
  protected handOver(object: unknown): boolean {
    this.emit('data', object);
    if (this.readableFlowing) return true;
    this.#owesDrain = true;
    return false;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as in the class that it overrides.
  override read(size?: number): any {
    const object = super.read(size);
    if (this.#owesDrain && this.readableLength === 0 && this.writable) {
      this.#owesDrain = false;
      this.emit('drain');
    }
    return object;
  }
}
