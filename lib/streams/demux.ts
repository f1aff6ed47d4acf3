import type { Writable as NodeWritable } from 'node:stream';
import { isRecord } from '../../codec/argument.js';
import type { Close, Kinded, Outcome, Protocol, Skip } from '../../codec/index.js';
import { kindsOf } from '../../codec/protocol-check.js';
import { unknownName } from '../../codec/unknown-name.js';
import { BoundaryLogError } from '../errors.js';
import type { WritableEvents } from '../events.js';
import {
  callable,
  checkOptions,
  either,
  type OptionChecks,
  type OptionTable,
  objectWith,
  resolveOptions,
  shown,
} from '../options.js';
import { messageOf } from '../printable.js';
import { type Callback, Writable } from './base.js';
import { failWrite, isDirectWrite, type Write } from './direct.js';
import { whenDrained } from './drained.js';
import { PROTOCOL_OPTION } from './protocol-option.js';
import type { Accepting, EndArguments, WriteRest } from './typed-stream.js';

/**
 * Where outcomes of one kind go: a Writable in object mode, or a function, which may be asynchronous. The Demux waits for
 * either of them before it continues with the next outcome.
 */
export type Route<T> = Accepting<T> | ((outcome: T) => unknown);

/** What a {@link Demux} accepts: an outcome, or an array of outcomes. */
export type Demuxable<T extends Kinded = Outcome> = T | Skip | Close | readonly (T | Skip | Close)[];

/** A route for each kind that is of interest. */
export type Routes<T extends Kinded> = { [K in T['kind']]?: Route<Extract<T, { kind: K }>> };

/** Options of {@link Demux}. */
export interface DemuxOptions<T extends Kinded> {
  /**
   * Receives every outcome that has no route. Default: it is ignored, except for a `close`, which becomes the error.
   */
  otherwise?: Route<T> | undefined;
  /**
   * Which kinds of outcomes there are: the `kinds` of the protocol, and `skip` and `close`. Default: boundary's.
   */
  protocol?: Protocol<T> | undefined;
}

const ROUTE = either(callable, {
  expected: 'a Writable in object mode',
  accepts: (value) =>
    objectWith('write', 'on', 'off').accepts(value) &&
    (value as Partial<NodeWritable>).writableObjectMode !== false,
});

export const DEMUX_OPTIONS = {
  otherwise: {
    ...ROUTE,
    defaultDoc: 'it is ignored, except for a `close`, which becomes the error',
    doc: 'Receives every outcome that has no route',
  },
  protocol: {
    ...PROTOCOL_OPTION,
    doc: 'Which kinds of outcomes there are: the `kinds` of the protocol, and `skip` and `close`',
  },
} satisfies OptionTable<DemuxOptions<Kinded>>;

/** Why a Demux cannot continue with the next outcome: it has to wait for a route, or it failed. */
type Obstacle = NodeWritable | PromiseLike<void> | Error;

const NOTHING: readonly never[] = [];

/**
 * Writable, object mode: sends each outcome, or each outcome of an array, to the route of its `kind`.
 *
 * ```ts
 * await pipeline(socket, new FrameParser(), new MessageDecoder(), new Demux({ logs: sink }));
 * ```
 *
 * For the outcomes of a custom protocol, pass it, with its `kinds`: `new Demux({ … }, { protocol })`. A route for a kind
 * that the protocol does not have is rejected at once, and an outcome of such a kind is the Demux's error,
 * `ERR_INVALID_EVENT`.
 *
 * Any number of Demuxes may share a route; a Demux never ends or destroys one. If a route's `write()` returns false, the
 * Demux waits for its `drain` and then continues with the rest. If a function returns a promise, the Demux waits for that
 * likewise, and `write()` returns false meanwhile. A route that was destroyed or ended is the Demux's error,
 * `ERR_ROUTE_CLOSED`; if a function throws or rejects, the error is what it threw or rejected with.
 *
 * A `close` outcome without a route becomes the Demux's error, with its code. A hand-made `pipeline()` therefore
 * rejects with it, after everything before it went through.
 */
export class Demux<T extends Kinded = Outcome> extends Writable<Demuxable<T>, WritableEvents> {
  /** The route of each kind that there is. */
  readonly #routes: ReadonlyMap<string, Route<T> | undefined>;
  /** At first nothing that the kind of an outcome can be equal to. */
  #lastKind: unknown = NOTHING;
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
  /** Ends the write that is in progress. */
  #onWritten: Callback | undefined;

  /** @throws ERR_INVALID_OPTION if a route has a name that is not a kind of the protocol, or cannot receive outcomes. */
  constructor(routes: Routes<T | Skip | Close>, options: DemuxOptions<T | Skip | Close> = {}) {
    const { otherwise, protocol } = resolveOptions('Demux', options as DemuxOptions<Kinded>, DEMUX_OPTIONS);
    const kinds = kindsOf(protocol);
    const table = Object.fromEntries(kinds.map((kind) => [kind, ROUTE])) as OptionChecks<typeof routes>;
    // Without a prototype, since a kind may have the name of one of its properties.
    checkOptions('Demux', isRecord(routes) ? { __proto__: null, ...routes } : routes, table, 'route');
    // An array keeps a whole chunk in memory, so no more than one may wait.
    super({ objectMode: true, highWaterMark: 1 });
    const routeOf = (kind: string) =>
      Object.hasOwn(routes, kind) ? routes[kind as keyof typeof routes] : undefined;
    this.#routes = new Map(kinds.map((kind) => [kind, (routeOf(kind) ?? otherwise) as Route<T> | undefined]));
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
    this.#onWritten = callback;
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
    failWrite(this, this.#onWritten);
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
      // Whatever a stream pushes may be written to this one, also null in an array.
      const kind = outcome?.kind;
      // Most outcomes have the same kind as the one before.
      if (kind !== this.#lastKind) {
        if (!this.#routes.has(kind)) return unknownKind(kind, [...this.#routes.keys()]);
        this.#lastKind = kind;
        this.#lastRoute = this.#routes.get(kind);
      }
      const route = this.#lastRoute;
      if (route === undefined) return kind === 'close' ? (outcome as unknown as Close).error : undefined;
      if (typeof route === 'function') {
        const result = route(outcome);
        return result === undefined ? undefined : promiseIn(result);
      }
      if (!route.writable) return routeClosed(kind);
      return route.write(outcome) ? undefined : route;
    } catch (error) {
      return asError(error);
    }
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
      this.#stopWaiting = undefined;
      this.#obstacle = error;
      const proceed = this.#onSettled;
      this.#onSettled = undefined;
      proceed?.();
    };
    if ('then' in obstacle) this.#stopWaiting = whenSettled(obstacle, settle);
    else
      this.#stopWaiting = whenDrained(obstacle, (isOpen) => settle(isOpen ? undefined : routeClosed(kind)));
  }
}

/** What a function returned, if it is a promise of any kind. */
function promiseIn(result: unknown): PromiseLike<void> | undefined {
  return typeof result === 'object' && result !== null && 'then' in result
    ? (result as PromiseLike<void>)
    : undefined;
}

/** Calls `settle` when a promise, which is foreign code, has settled. @returns a function that prevents that. */
function whenSettled(promise: PromiseLike<void>, settle: (error?: Error) => void): () => void {
  let isWaiting = true;
  const end = (error?: Error) => {
    if (isWaiting) settle(error);
  };
  new Promise<void>((resolve) => resolve(promise)).then(
    () => end(),
    (reason) => end(asError(reason)),
  );
  return () => {
    isWaiting = false;
  };
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

function unknownKind(kind: unknown, kinds: readonly string[]): BoundaryLogError {
  const problem =
    typeof kind === 'string'
      ? `${unknownName('kind', kind, kinds)}: does the Demux have the protocol of its outcomes?`
      : `kind: got ${shown(kind)}, expected ${kinds.join(', ')}`;
  return new BoundaryLogError('ERR_INVALID_EVENT', `Demux: an outcome cannot be routed: ${problem}`);
}

function routeClosed(kind: string): BoundaryLogError {
  return new BoundaryLogError(
    'ERR_ROUTE_CLOSED',
    `the stream that receives '${kind}' outcomes was ended or destroyed: keep it open as long as its Demux`,
  );
}
