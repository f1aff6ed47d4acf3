import type { Socket } from 'node:net';

/** Why a connection was closed. */
export type Excess = 'too_many' | 'too_slow';

/**
 * Limits the connections of a server on which each has one request: how many there are, and how long each may last
 * unless it is kept.
 *
 * One connection too many closes the oldest whose request has not arrived, so connections that send nothing cannot keep
 * others out. If there is none such, the new one is closed.
 */
export class ConnectionLimit {
  /** How many were closed, by reason. */
  readonly closed: Record<Excess, number> = { too_many: 0, too_slow: 0 };
  readonly #max: number;
  readonly #maxMs: number;
  readonly #open = new Set<Socket>();
  /** Those whose request has not arrived, the oldest first. */
  readonly #waiting = new Set<Socket>();
  readonly #timers = new WeakMap<Socket, NodeJS.Timeout>();

  constructor(max: number, maxMs: number) {
    this.#max = max;
    this.#maxMs = maxMs;
  }

  add(socket: Socket): void {
    if (this.#open.size >= this.#max) {
      const [excess = socket] = this.#waiting;
      this.#close(excess, 'too_many');
      if (excess === socket) return;
    }
    this.#open.add(socket);
    this.#waiting.add(socket);
    const timer = setTimeout(() => this.#close(socket, 'too_slow'), this.#maxMs);
    this.#timers.set(socket, timer);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#remove(socket);
    });
  }

  /** The request of a connection has arrived. @returns false if it is not the first, or the connection was closed. */
  admit(socket: Socket): boolean {
    return this.#waiting.delete(socket);
  }

  /** A connection may last for any time. */
  keep(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
  }

  #close(socket: Socket, why: Excess): void {
    this.closed[why] += 1;
    this.#remove(socket);
    socket.destroy();
  }

  /** At once, as `close` is emitted only after all connections of a burst were added. */
  #remove(socket: Socket): void {
    this.#open.delete(socket);
    this.#waiting.delete(socket);
  }
}
