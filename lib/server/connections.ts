import type { Socket } from 'node:net';
import type { Logger } from '../logger.js';
import { Intake, type Sinks } from './intake.js';

/** The connections of one proxy: each with an Intake of its own, into the sinks that all share. */
export class Connections {
  /** Accepted so far. */
  total = 0;
  readonly #sinks: Sinks;
  readonly #logger: Logger;
  readonly #open = new Map<Socket, Promise<void>>();
  #bytesOfClosed = 0;

  constructor(sinks: Sinks, logger: Logger) {
    this.#sinks = sinks;
    this.#logger = logger;
    // Each connection may wait for it.
    sinks.logs.setMaxListeners(0);
  }

  /** Open now. */
  get open(): number {
    return this.#open.size;
  }

  /** Bytes read over all connections that there ever were. */
  get bytesRead(): number {
    let bytes = this.#bytesOfClosed;
    for (const socket of this.#open.keys()) bytes += socket.bytesRead;
    return bytes;
  }

  add(socket: Socket): void {
    this.total += 1;
    socket.on('error', (err) => this.#logger.debug({ err }, 'a connection broke'));
    const done = handle(socket, this.#sinks).then(() => {
      this.#open.delete(socket);
      this.#bytesOfClosed += socket.bytesRead;
    });
    this.#open.set(socket, done);
  }

  /** Closes all, and waits until what they brought has gone through. */
  async closeAll(): Promise<void> {
    for (const socket of this.#open.keys()) socket.destroy();
    await Promise.all(this.#open.values());
  }
}

/**
 * The socket stands outside of a pipeline, which would be destroyed with it: what a sender wrote before its
 * connection broke still goes through.
 */
function handle(socket: Socket, sinks: Sinks): Promise<void> {
  const intake = new Intake(sinks, () => socket.destroy());
  socket.once('close', () => intake.end());
  socket.pipe(intake);
  return new Promise((resolve) => intake.once('finish', resolve));
}
