import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BoundaryLogError } from '../codec/index.js';
import { Demux } from './demux.js';
import { FrameParser } from './frame-parser.js';
import type { Logger } from './logger.js';
import { MessageDecoder } from './message-decoder.js';
import type { RejectReason } from './metrics.js';
import type { StatusSink } from './status-sink.js';

/** What all connections share. */
export interface Sinks {
  readonly logs: Writable;
  readonly status: StatusSink;
  /** Told of each frame that was not let in. */
  reject(reason: RejectReason, error?: BoundaryLogError): void;
}

/** The connections of one proxy: each a line of streams of its own, into the sinks that all share. */
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
 * socket → FrameParser → MessageDecoder → Demux → the shared sinks.
 *
 * The socket stands outside of the pipeline, which would be destroyed with it: what a sender wrote before
 * its connection broke still goes through.
 */
async function handle(socket: Socket, sinks: Sinks): Promise<void> {
  const reject = ({ error }: { error: BoundaryLogError }) =>
    sinks.reject(error.code.slice('ERR_'.length).toLowerCase() as RejectReason, error);

  const parser = new FrameParser();
  const demux = new Demux({
    logs: sinks.logs,
    status: sinks.status,
    skip: reject,
    'unknown-variant': () => sinks.reject('unknown_variant'),
    close: (outcome) => {
      reject(outcome);
      socket.destroy();
    },
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      parser.end();
      resolve();
    });
  });
  socket.pipe(parser);
  await pipeline(parser, new MessageDecoder(), demux);
  await closed;
}
