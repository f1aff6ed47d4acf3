import type { Writable as NodeWritable } from 'node:stream';
import type { Close, Kinded, Outcome, Skip } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import type { WritableEvents } from '../events.js';
import { messageOf } from '../printable.js';
import { type Callback, Writable } from './base.js';
import { isDirectWrite, type Write } from './direct.js';
import type { Accepting, EndArguments, WriteRest } from './typed-stream.js';

/** Where outcomes of one kind go: a Writable in object mode, whose backpressure is respected, or a function. */
export type Route<T> = Accepting<T> | ((outcome: T) => unknown);

/** What a {@link Demux} accepts: an outcome, or an array of outcomes. */
export type Demuxable<T extends Kinded = Outcome> = T | Skip | Close | readonly (T | Skip | Close)[];

/** A route for each kind that is of interest. */
export type Routes<T extends Kinded> = { [K in T['kind']]?: Route<Extract<T, { kind: K }>> };

/** Options of {@link Demux}. */
export interface DemuxOptions<T extends Kinded> {
  /** Receives every outcome without a route. Default: it is ignored, except for a `close`, which becomes the error. */
  otherwise?: Route<T>;
}

/** Why a Demux cannot continue with the next outcome: it has to wait for a route, or it failed. */
type Obstacle = NodeWritable | Error;

const NOTHING: readonly never[] = [];

/**
 * Writable, object mode: sends each outcome, or each outcome of an array, to the route of its `kind`.
 *
 * ```ts
 * await pipeline(socket, new FrameParser(), new MessageDecoder(), new Demux({ logs: sink }));
 * ```
 *
 * For the outcomes of a custom protocol, name their type: `new Demux<Reading | Beat>({ … })`.
 *
 * Any number of Demuxes may share a route; a Demux never ends or destroys one. If a route's `write()` returns false,
 * the Demux waits for its `drain` and then continues with the rest. A route that was destroyed or ended is the Demux's
 * error, `ERR_ROUTE_CLOSED`; if a function throws or rejects, the error is what it threw or rejected with.
 *
 * A `close` outcome without a route becomes the Demux's error, with its code. A hand-made `pipeline()` therefore
 * rejects with it, after everything before it went through.
 */
export class Demux<T extends Kinded = Outcome> extends Writable<Demuxable<T>, WritableEvents> {
  readonly #routes: ReadonlyMap<string, Route<T>>;
  readonly #otherwise: Route<T> | undefined;
  #lastKind: string | undefined;
  #lastRoute: Route<T> | undefined;
  /** What is being sent, and the index of the next outcome in it. */
  #list: readonly T[] = NOTHING;
  #next = 0;
  /** What stands in the way of the rest of {@link #list}. */
  #obstacle: Obstacle | undefined;
  /** Whether outcomes are being sent right now. If a route writes to its own Demux, that write has to wait. */
  #isSending = false;
  #stopWaiting: (() => void) | undefined;
  #onSettled: (() => void) | undefined;

  constructor(routes: Routes<T | Skip | Close>, { otherwise }: DemuxOptions<T | Skip | Close> = {}) {
    // An array keeps a whole chunk in memory, so no more than one may wait.
    super({ objectMode: true, highWaterMark: 1 });
    this.#routes = new Map(Object.entries(routes) as [string, Route<T>][]);
    this.#otherwise = otherwise as Route<T> | undefined;
  }

  /** @returns false while a route is full: continue at `drain`. */
  override write(outcomes: never, encoding?: unknown, callback?: unknown): boolean;
  override write(outcomes: Demuxable<T>, ...rest: WriteRest): boolean;
  override write(outcomes: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (!this.#isSending && this.writable && isDirectWrite(this, outcomes, encoding, callback)) {
      this.#send(outcomes as T | readonly T[]);
      // The rest occupies the stream until it is sent, even if a route has written something meanwhile.
      return this.#obstacle === undefined || (super.write as Write)(NOTHING);
    }
    return (super.write as Write)(outcomes, encoding, callback);
  }

  override end(outcomes: never, encoding?: unknown, callback?: unknown): this;
  override end(...args: EndArguments<Demuxable<T>>): this;
  override end(...args: unknown[]): this {
    if (this.#isSending) process.nextTick(() => this.end(...(args as [never])));
    else super.end(...(args as [never]));
    return this;
  }

  override _write(outcomes: T | readonly T[], encoding: BufferEncoding, callback: Callback): void {
    if (this.#isSending) {
      process.nextTick(() => this._write(outcomes, encoding, callback));
      return;
    }
    this.#finish((error) => {
      if (error) {
        callback(error);
      } else {
        this.#send(outcomes);
        this.#finish(callback);
      }
    });
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#isSending = false;
    this.#stopWaiting?.();
    callback(error);
  }

  #send(outcomes: T | readonly T[]): void {
    this.#list = Array.isArray(outcomes) ? outcomes : [outcomes];
    this.#next = 0;
    this.#sendRest();
  }

  /** Sends outcomes from {@link #next} on, until something stands in the way of the rest. */
  #sendRest(): void {
    const list = this.#list;
    let obstacle: Obstacle | undefined;
    this.#isSending = true;
    while (obstacle === undefined && this.#next < list.length && this.#isSending) {
      obstacle = this.#sendOne(list[this.#next++] as T);
    }
    this.#isSending = false;
    if (obstacle === undefined) this.#list = NOTHING;
    else this.#meet(obstacle);
  }

  #sendOne(outcome: T): Obstacle | undefined {
    try {
      const { kind } = outcome;
      // Most outcomes have the same kind as the one before.
      if (kind !== this.#lastKind) {
        this.#lastKind = kind;
        this.#lastRoute = this.#routes.get(kind) ?? this.#otherwise;
      }
      const route = this.#lastRoute;
      if (route === undefined) return kind === 'close' ? (outcome as unknown as Close).error : undefined;
      if (typeof route === 'function') this.#watch(route(outcome));
      else if (!route.writable) return routeClosed(kind);
      else if (!route.write(outcome)) return route;
      return undefined;
    } catch (error) {
      return asError(error);
    }
  }

  /** A function may be asynchronous. The Demux does not wait for it, but what it rejects with is the Demux's error, too. */
  #watch(result: unknown): void {
    if (typeof result !== 'object' || result === null || !('then' in result)) return;
    new Promise((resolve) => resolve(result)).catch((error) => this.destroy(asError(error)));
  }

  /** Sends the rest, as soon as nothing stands in its way. */
  #finish(callback: Callback): void {
    if (this.#obstacle instanceof Error) {
      callback(this.#obstacle);
    } else if (this.#obstacle !== undefined) {
      this.#onSettled = () => this.#finish(callback);
    } else if (this.#list !== NOTHING) {
      this.#sendRest();
      this.#finish(callback);
    } else {
      callback();
    }
  }

  /** Begins to wait at once, as a route may drain before the stream calls _write(). */
  #meet(obstacle: Obstacle): void {
    if (this.destroyed) return;
    this.#obstacle = obstacle;
    if (obstacle instanceof Error) return;
    const kind = this.#lastKind as string;
    const settle = (error?: Error) => {
      this.#stopWaiting?.();
      this.#obstacle = error;
      const proceed = this.#onSettled;
      this.#onSettled = undefined;
      proceed?.();
    };
    const onDrain = () => settle();
    const onClose = () => settle(routeClosed(kind));
    this.#stopWaiting = () => {
      this.#stopWaiting = undefined;
      obstacle.off('drain', onDrain).off('finish', onClose).off('close', onClose);
      addMaxListeners(obstacle, -1);
    };
    addMaxListeners(obstacle, 1);
    obstacle.on('drain', onDrain).on('finish', onClose).on('close', onClose);
  }
}

/** Any number of Demuxes may wait for a shared route, so that must not look like a leak of listeners. */
function addMaxListeners(route: NodeWritable, n: 1 | -1): void {
  if (route.getMaxListeners() > 0) route.setMaxListeners(route.getMaxListeners() + n);
}

function asError(thrown: unknown): Error {
  try {
    // Streams read the stack of their error, which fails if its message cannot be read.
    if (thrown instanceof Error && typeof thrown.stack === 'string') return thrown;
  } catch {
    // It becomes the text of another error.
  }
  return new Error(`a route threw ${messageOf(thrown)}`);
}

function routeClosed(kind: string): BoundaryLogError {
  return new BoundaryLogError(
    'ERR_ROUTE_CLOSED',
    `the stream that receives '${kind}' outcomes was ended or destroyed: keep it open as long as its Demux`,
  );
}
