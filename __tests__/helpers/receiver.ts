import { EventEmitter, on, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import {
  boundaryProtocol,
  decodeFrame,
  FrameDecoder,
  type LogBatch,
  type Outcome,
} from '../../codec/index.js';

/** A receiver for senders: a plain server on a Unix socket, with the codec behind it. */
export class Receiver {
  /** How many connections there were. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #emitter = new EventEmitter();
  readonly #arrivals = on(this.#emitter, 'outcome');

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** How many connections are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  static async start(path: string): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(path);
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** The next outcome, which may have arrived already. */
  async next(): Promise<Outcome> {
    const { value } = await this.#arrivals.next();
    return value[0];
  }

  /** The next `n` outcomes, which must be batches. */
  async batches(n: number): Promise<LogBatch[]> {
    const batches: LogBatch[] = [];
    while (batches.length < n) {
      const outcome = await this.next();
      if (outcome.kind !== 'logs') throw new Error(`expected logs, got ${outcome.kind}`);
      batches.push(outcome);
    }
    return batches;
  }

  /** Stops reading from all connections. */
  pause(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  /** Closes the connections, and stops listening. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    const decoder = new FrameDecoder();
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      for (const item of decoder.decode(chunk)) {
        this.#emitter.emit('outcome', decodeFrame(boundaryProtocol, item));
      }
    });
  }
}
