import type { Readable, Writable } from 'node:stream';
import { type Batch, isBatch } from '../batch.js';
import { BoundaryLogError } from '../errors.js';
import type { DuplexEvents } from '../events.js';
import { type Callback, Transform } from './base.js';
import type { EndArguments } from './typed-stream.js';

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

/**
 * Whether an open stream in object mode may process what is written at once, without bookkeeping: it is an object that
 * nobody waits for, and nothing is queued before it.
 */
export function isDirectWrite(
  stream: Writable,
  chunk: unknown,
  encoding: unknown,
  callback: unknown,
): chunk is object {
  return encoding === undefined && callback === undefined && isObject(chunk) && isIdle(stream);
}

/** The same for a stream of batches. */
export function isDirectBatch(
  stream: Writable,
  chunk: unknown,
  encoding: unknown,
  callback: unknown,
): chunk is Batch {
  return isDirectWrite(stream, chunk, encoding, callback) && isBatch(chunk);
}

/** `write` with all its overloads, for subclasses that pass their arguments on. */
export type Write = (chunk: unknown, encoding?: unknown, callback?: unknown) => boolean;

/** `end` with all its overloads, likewise. */
export type End = (this: unknown, ...args: unknown[]) => never;

/**
 * Notes whether `stream` owes its writers a `drain`. A pipe that ends looks at this note: without it, its source would
 * wait for ever. Node has no public way to set it.
 */
export function setNeedDrain(stream: Writable, value: boolean): void {
  stateOf(stream).needDrain = value;
}

interface WritableState {
  needDrain: boolean;
  errored: Error | null;
}

function stateOf(stream: Writable): WritableState {
  return (stream as unknown as { _writableState: WritableState })._writableState;
}

/**
 * Tells whoever waits for a write that its stream was destroyed. A stream itself tells that only to those whose chunks are
 * queued, and not to the one whose chunk it was processing.
 */
export function failWrite(stream: Writable, callback: Callback | undefined): void {
  const state = stateOf(stream);
  const { errored } = state;
  callback?.(new BoundaryLogError('ERR_CLOSED', 'the stream was destroyed before this write had completed'));
  // The error is one of the write, and not of the stream.
  state.errored = errored;
}

/** What was written to a stream in object mode and waits in its own queue. */
export function queuedIn<T>(stream: Writable): T[] {
  const { writableBuffer } = stream as unknown as { writableBuffer: readonly { chunk: T }[] };
  return writableBuffer.map(({ chunk }) => chunk);
}

/** A Transform that can hand its results to its reader at once. */
export abstract class DirectTransform<In, Out, Events = DuplexEvents<Out>> extends Transform<
  In,
  Out,
  Events
> {
  /** An object is being handed over: what the reader writes to this stream meanwhile has to wait. */
  #isHandingOver = false;

  /** Whether {@link handOver} may be used now. */
  protected get isDirect(): boolean {
    return !this.#isHandingOver && this.writable && isIdle(this) && isFlowing(this);
  }

  /** Hands an object to the reader. @returns what `write()` has to return. */
  protected handOver(object: Out): boolean {
    this.#isHandingOver = true;
    try {
      this.emit('data', object);
    } finally {
      this.#isHandingOver = false;
    }
    if (this.readableFlowing && !this.destroyed) return true;
    // `drain` follows when the reader reads again.
    setNeedDrain(this, true);
    return false;
  }

  override _write(chunk: In, encoding: BufferEncoding, callback: Callback): void {
    if (this.#isHandingOver) process.nextTick(() => this._write(chunk, encoding, callback));
    else super._write(chunk, encoding, callback);
  }

  override end(item: never, encoding?: unknown, callback?: unknown): this;
  override end(...args: EndArguments<In>): this;
  override end(...args: unknown[]): this {
    if (this.#isHandingOver) process.nextTick(() => this.end(...(args as [never])));
    else super.end(...(args as [never]));
    return this;
  }

  override read(size?: number): Out | null;
  override read(size?: number): never;
  override read(size?: number): Out | null {
    const object: Out | null = super.read(size);
    if (this.writableNeedDrain && this.readableLength === 0 && isIdle(this)) {
      setNeedDrain(this, false);
      this.emit('drain');
    }
    return object;
  }
}
