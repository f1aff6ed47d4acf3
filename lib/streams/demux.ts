import type { Writable as NodeWritable } from 'node:stream';
import type { Close, Kinded, Outcome, Skip } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { type Callback, Writable } from './base.js';
import { isIdle, isObject, type Write } from './direct.js';

/** Where outcomes of one kind go: a Writable in object mode, whose backpressure is respected, or a function. */
export type Route<T> = NodeWritable | ((outcome: T) => void);

/** A route for each kind that is of interest. */
export type Routes<T extends Kinded> = { [K in T['kind']]?: Route<Extract<T, { kind: K }>> };

/** Options of {@link Demux}. */
export interface DemuxOptions<T extends Kinded> {
  /** Receives every outcome without a route. Default: it is ignored, except for a `close`, which becomes the error. */
  otherwise?: Route<T>;
}

/** Why a Demux cannot continue with the next outcome: it has to wait for a route, or it failed. */
type Obstacle = { readonly route: NodeWritable; readonly kind: string } | Error;

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
 * error, `ERR_ROUTE_CLOSED`; if a function throws, the error is what it threw.
 *
 * A `close` outcome without a route becomes the Demux's error, with its code. A hand-made `pipeline()` therefore
 * rejects with it, after everything before it went through.
 */
export class Demux<T extends Kinded = Outcome> extends Writable {
  readonly #routes: ReadonlyMap<string, Route<T>>;
  readonly #otherwise: Route<T> | undefined;
  #lastKind: string | undefined;
  #lastRoute: Route<T> | undefined;
  /** Index of the next outcome to send in the array that is being processed. */
  #next = 0;
  /** What stopped write() when it sent outcomes directly. */
  #obstacle: Obstacle | undefined;
  /** Whether outcomes are being sent right now. If a route writes to its own Demux, that write has to wait. */
  #isSending = false;
  #stopWaiting: (() => void) | undefined;

  constructor(routes: Routes<T | Skip | Close>, { otherwise }: DemuxOptions<T | Skip | Close> = {}) {
    // An array keeps a whole chunk in memory, so no more than one may wait.
    super({ objectMode: true, highWaterMark: 1 });
    this.#routes = new Map(Object.entries(routes) as [string, Route<T>][]);
    this.#otherwise = otherwise as Route<T> | undefined;
  }

  /** @returns false while a route is full: continue at `drain`. */
  override write(outcomes: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (encoding === undefined && isObject(outcomes) && !this.#isSending && this.writable && isIdle(this)) {
      this.#obstacle = this.#send(outcomes as T | readonly T[]);
      if (this.#obstacle === undefined) return true;
    }
    return (super.write as Write)(outcomes, encoding, callback);
  }

  override _write(outcomes: T | readonly T[], encoding: BufferEncoding, callback: Callback): void {
    if (this.#isSending) {
      process.nextTick(() => this._write(outcomes, encoding, callback));
      return;
    }
    const obstacle = this.#obstacle ?? this.#send(outcomes);
    this.#obstacle = undefined;
    if (obstacle === undefined) callback();
    else if (obstacle instanceof Error) callback(obstacle);
    else {
      this.#wait(obstacle, (error) => {
        if (error) callback(error);
        else this._write(outcomes, encoding, callback);
      });
    }
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#stopWaiting?.();
    callback(error);
  }

  /** Sends outcomes from {@link #next} on. @returns what stopped it, or undefined if all are sent. */
  #send(outcomes: T | readonly T[]): Obstacle | undefined {
    const list: readonly T[] = Array.isArray(outcomes) ? outcomes : [outcomes];
    let obstacle: Obstacle | undefined;
    this.#isSending = true;
    while (obstacle === undefined && this.#next < list.length) {
      obstacle = this.#sendOne(list[this.#next++] as T);
    }
    this.#isSending = false;
    if (obstacle === undefined) this.#next = 0;
    return obstacle;
  }

  #sendOne(outcome: T): Obstacle | undefined {
    const { kind } = outcome;
    // Most outcomes have the same kind as the one before.
    if (kind !== this.#lastKind) {
      this.#lastKind = kind;
      this.#lastRoute = this.#routes.get(kind) ?? this.#otherwise;
    }
    const route = this.#lastRoute;
    if (route === undefined) return kind === 'close' ? (outcome as unknown as Close).error : undefined;
    try {
      if (typeof route === 'function') route(outcome);
      else if (!route.writable) return routeClosed(kind);
      else if (!route.write(outcome)) return { route, kind };
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(`a route threw ${String(error)}`);
    }
  }

  #wait({ route, kind }: { route: NodeWritable; kind: string }, callback: Callback): void {
    const onDrain = () => settle();
    const onClose = () => settle(routeClosed(kind));
    const settle = (error?: Error) => {
      this.#stopWaiting?.();
      callback(error);
    };
    this.#stopWaiting = () => {
      this.#stopWaiting = undefined;
      route.off('drain', onDrain).off('close', onClose);
      addMaxListeners(route, -1);
    };
    addMaxListeners(route, 1);
    route.on('drain', onDrain).on('close', onClose);
  }
}

/** Any number of Demuxes may wait for a shared route, so that must not look like a leak of listeners. */
function addMaxListeners(route: NodeWritable, n: 1 | -1): void {
  if (route.getMaxListeners() > 0) route.setMaxListeners(route.getMaxListeners() + n);
}

function routeClosed(kind: string): BoundaryLogError {
  return new BoundaryLogError(
    'ERR_ROUTE_CLOSED',
    `the stream that receives '${kind}' outcomes was ended or destroyed: keep it open as long as its Demux`,
  );
}
