import { connect, type Socket } from 'node:net';
import { BoundaryLogError } from '../errors.js';

export interface ReconnectingSocketOptions {
  readonly path: string;
  /** How long a write may take, in ms. May be Infinity. */
  readonly writeTimeoutMs: number;
  /** Called after each time that it has connected. */
  onConnect(): void;
}

/** A client of a Unix socket. It connects when it has something to write, and again after the connection was lost. */
export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  #socket: Socket | undefined;
  #isDestroyed = false;

  constructor(options: ReconnectingSocketOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#socket?.writable === true;
  }

  /**
   * Writes bytes, after it has connected if necessary. Wait for the result before the next call.
   *
   * @param onAccepted Called at the moment in which the operating system has accepted all of them. There is no
   *   acknowledgement by the receiver.
   * @returns undefined if that was at once; otherwise a promise that resolves then. If it rejects, the operating system
   *   has accepted a part at most, and the connection is closed: the bytes may be written again, from their beginning. It
   *   rejects with the error of the connection, with ERR_WRITE_TIMEOUT, or after `destroy()` with ERR_CLOSED.
   */
  write(bytes: Uint8Array, onAccepted: () => void = () => undefined): Promise<void> | undefined {
    if (this.isConnected) return this.#writeTo(this.#socket as Socket, bytes, onAccepted);
    return this.#connect().then((socket) => this.#writeTo(socket, bytes, onAccepted));
  }

  /** Closes the connection, if there is one, after everything that was written. */
  async end(): Promise<void> {
    const socket = this.#socket;
    if (socket?.writable) await new Promise<void>((resolve) => socket.end(() => resolve()));
  }

  /** Closes the connection at once, for good. */
  destroy(): void {
    this.#isDestroyed = true;
    this.#socket?.destroy();
  }

  /** Without a deadline: a Unix socket never waits for a connection. If too many wait for the server, it fails. */
  async #connect(): Promise<Socket> {
    if (this.#isDestroyed) throw closed();
    // Not `connect(path)`, for which a path of digits is a port.
    const socket = connect({ path: this.#options.path });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      // The error listener stays: after a later error the socket closes, and the next write reconnects.
      socket
        .once('connect', resolve)
        .on('error', reject)
        .once('close', () => reject(closed()));
    });
    // A receiver sends nothing, but unread data would keep the socket from noticing its end.
    socket.resume();
    this.#options.onConnect();
    return socket;
  }

  #writeTo(socket: Socket, bytes: Uint8Array, onAccepted: () => void): Promise<void> | undefined {
    let settle: (error?: unknown) => void = () => undefined;
    socket.write(bytes, (error) => {
      // After a socket is destroyed, Node 20 calls back without an error, although the bytes were not accepted. Its event
      // `close` follows, and knows better.
      if (!socket.destroyed) settle(error ?? undefined);
    });
    // Nearly always the bytes are accepted at once. An error that came at once will be passed to the callback.
    if (socket.writableLength === 0 && !socket.destroyed && socket.errored === null) {
      onAccepted();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const { writeTimeoutMs } = this.#options;
      const onClose = () => settle((!this.#isDestroyed && socket.errored) || closed());
      const onTimeout = () => settle(stalled(writeTimeoutMs));
      const timer = Number.isFinite(writeTimeoutMs) ? setTimeout(onTimeout, writeTimeoutMs) : undefined;
      socket.once('close', onClose);
      settle = (error) => {
        settle = () => undefined;
        clearTimeout(timer);
        socket.off('close', onClose);
        if (error === undefined) {
          onAccepted();
          resolve();
        } else {
          socket.destroy();
          reject(error);
        }
      };
    });
  }
}

function stalled(ms: number): BoundaryLogError {
  return new BoundaryLogError('ERR_WRITE_TIMEOUT', `the receiver has not read a frame within ${ms} ms`);
}

function closed(): BoundaryLogError {
  return new BoundaryLogError('ERR_CLOSED', 'the connection was closed before this was sent');
}
