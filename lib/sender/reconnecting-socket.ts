import { connect, type Socket } from 'node:net';
import { BoundaryLogError } from '../errors.js';

/** A client of a Unix socket. It connects when it has something to write, and again after the connection was lost. */
export class ReconnectingSocket {
  readonly path: string;
  #socket: Socket | undefined;
  #isDestroyed = false;

  constructor(path: string) {
    this.path = path;
  }

  get isConnected(): boolean {
    return this.#socket?.writable === true;
  }

  /**
   * Writes bytes, after it has connected if necessary. Resolves when the operating system has accepted them; there is
   * no acknowledgement by the receiver.
   *
   * @throws the error of the connection, after which the bytes may be written again
   * @throws ERR_CLOSED after `destroy()`
   */
  async write(bytes: Uint8Array): Promise<void> {
    const socket = this.isConnected ? (this.#socket as Socket) : await this.#connect();
    await new Promise<void>((resolve, reject) => {
      socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
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

  async #connect(): Promise<Socket> {
    if (this.#isDestroyed) throw closed();
    const socket = connect(this.path);
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
    return socket;
  }
}

function closed(): BoundaryLogError {
  return new BoundaryLogError('ERR_CLOSED', 'the sender was destroyed before this was sent');
}
