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
   * Writes bytes, after it has connected if necessary. Resolves when the operating system has accepted all of them;
   * there is no acknowledgement by the receiver. If it rejects, the operating system has accepted only a part. The
   * connection is closed then, so the bytes may be written again, from their beginning.
   *
   * @param onAccepted Called at the moment in which the operating system has accepted them.
   * @throws the error of the connection
   * @throws ERR_WRITE_TIMEOUT
   * @throws ERR_CLOSED after `destroy()`
   */
  async write(bytes: Uint8Array, onAccepted?: () => void): Promise<void> {
    const socket = this.isConnected ? (this.#socket as Socket) : await this.#connect();
    await this.#writeTo(socket, bytes, onAccepted);
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

  #writeTo(socket: Socket, bytes: Uint8Array, onAccepted?: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      let isSettled = false;
      const settle = (error?: unknown) => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        socket.off('close', onClose);
        if (error === undefined) {
          onAccepted?.();
          resolve();
        } else {
          socket.destroy();
          reject(error);
        }
      };
      const onClose = () => settle(socket.errored ?? closed());
      socket.write(bytes, (error) => {
        if (error) settle(error);
        // When a socket is destroyed, Node calls back without an error, although the bytes were not accepted.
        else if (!socket.destroyed) settle();
      });
      // Nearly always the bytes are accepted at once. An error that came at once will be passed to the callback.
      if (socket.writableLength === 0 && !socket.destroyed && socket.errored === null) return settle();
      socket.once('close', onClose);
      const { writeTimeoutMs } = this.#options;
      if (Number.isFinite(writeTimeoutMs))
        timer = setTimeout(() => settle(stalled(writeTimeoutMs)), writeTimeoutMs);
    });
  }
}

function stalled(ms: number): BoundaryLogError {
  return new BoundaryLogError('ERR_WRITE_TIMEOUT', `the receiver has not read a frame within ${ms} ms`);
}

function closed(): BoundaryLogError {
  return new BoundaryLogError('ERR_CLOSED', 'the connection was closed before this was sent');
}
