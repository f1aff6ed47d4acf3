import type { Writable as NodeWritable } from 'node:stream';
import type { Close, Kinded, Outcome, Skip } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { type Callback, Writable } from './base.js';

/** Where outcomes of one kind go: a Writable in object mode, whose backpressure is kept, or a function. */
export type Route<T> = NodeWritable | ((outcome: T) => void);

/** A route for each kind that is of interest. */
export type Routes<T extends Kinded> = { [K in T['kind']]?: Route<Extract<T, { kind: K }>> };

/** Options of {@link Demux}. */
export interface DemuxOptions<T extends Kinded> {
  /** Takes whatever no route takes. Default: it is let go, but for a `close`, which becomes the error. */
  otherwise?: Route<T>;
}

/**
 * Writable, object mode: sends each outcome to the route of its `kind`.
 *
 * ```ts
 * await pipeline(socket, new FrameParser(), new MessageDecoder(), new Demux({ logs: sink }));
 * ```
 *
 * For outcomes of an own protocol, name their type: `new Demux<Reading | Beat>({ … })`.
 *
 * Routes are shared freely: a Demux never ends or destroys one. A route that says "enough" (`write()` gives
 * false) is waited for. One that was destroyed or ended is the Demux's error, `ERR_ROUTE_CLOSED`; one that
 * throws, what it threw.
 *
 * A `close` outcome that nobody takes is the Demux's own error, with its code, so that a hand-made
 * `pipeline()` rejects with it, after all that came before it went through.
 */
export class Demux<T extends Kinded = Outcome> extends Writable {
  readonly #routes: ReadonlyMap<string, Route<T>>;
  readonly #otherwise: Route<T> | undefined;
  #stopWaiting: (() => void) | undefined;

  constructor(routes: Routes<T | Skip | Close>, { otherwise }: DemuxOptions<T | Skip | Close> = {}) {
    super({ objectMode: true });
    this.#routes = new Map(Object.entries(routes) as [string, Route<T>][]);
    this.#otherwise = otherwise as Route<T> | undefined;
  }

  override _write(outcome: T, _encoding: BufferEncoding, callback: Callback): void {
    const route = this.#routes.get(outcome.kind) ?? this.#otherwise;
    if (route === undefined) {
      callback(outcome.kind === 'close' ? (outcome as unknown as Close).error : null);
    } else if (typeof route === 'function') {
      try {
        route(outcome);
      } catch (error) {
        callback(error instanceof Error ? error : new Error(`a route threw ${String(error)}`));
        return;
      }
      callback();
    } else if (!route.writable) {
      callback(routeClosed(outcome.kind));
    } else if (route.write(outcome)) {
      callback();
    } else {
      this.#wait(route, outcome.kind, callback);
    }
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#stopWaiting?.();
    callback(error);
  }

  #wait(route: NodeWritable, kind: string, callback: Callback): void {
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

/** Any number of Demuxes may wait for a route that they share: that is no leak to be warned of. */
function addMaxListeners(route: NodeWritable, n: 1 | -1): void {
  if (route.getMaxListeners() > 0) route.setMaxListeners(route.getMaxListeners() + n);
}

function routeClosed(kind: string): BoundaryLogError {
  return new BoundaryLogError(
    'ERR_ROUTE_CLOSED',
    `the stream that '${kind}' outcomes go to was ended or destroyed: keep it open as long as its Demux`,
  );
}
