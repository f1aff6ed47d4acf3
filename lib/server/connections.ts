import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';
import { Demux } from '../streams/demux.js';
import { FrameParser } from '../streams/frame-parser.js';
import { MessageDecoder } from '../streams/message-decoder.js';
import type { StatusSink } from '../streams/status-sink.js';
import { Episode } from '../telemetry/episode.js';
import type { RejectReason } from '../telemetry/metrics.js';

const FAULTS = {
  started: 'closing a connection: its data cannot be processed',
  continues: 'still closing connections whose data cannot be processed',
  ended: 'no longer closing connections whose data cannot be processed',
};

/** The destinations that all connections of a proxy share. */
export interface Sinks {
  /** Receives each batch. Its backpressure is respected. */
  readonly logs: Writable;
  readonly status: StatusSink;
  /** Called for each rejected frame. */
  reject(reason: RejectReason, error?: BoundaryLogError): void;
}

/** The connections of one proxy. Each has its own line of streams, which ends in the shared sinks. */
export class Connections {
  /** Connections accepted so far. */
  total = 0;
  readonly #sinks: Sinks;
  readonly #logger: Logger;
  readonly #faults: Episode;
  readonly #open = new Map<Socket, Promise<void>>();
  #bytesOfClosed = 0;

  constructor(sinks: Sinks, logger: Logger) {
    this.#sinks = sinks;
    this.#logger = logger;
    this.#faults = new Episode(logger, FAULTS);
    // Every connection may listen for its `drain`.
    sinks.logs.setMaxListeners(0);
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size;
  }

  /** Bytes read from all connections so far, closed ones included. */
  get bytesRead(): number {
    let bytes = this.#bytesOfClosed;
    for (const socket of this.#open.keys()) bytes += socket.bytesRead;
    return bytes;
  }

  add(socket: Socket): void {
    this.total += 1;
    socket.on('error', (err) => this.#logger.debug({ err }, 'connection failed'));
    const onError = (err: Error) => this.#faults.happened({ connections: 1 }, { err });
    const done = receive(socket, this.#sinks, onError).then(() => {
      this.#open.delete(socket);
      this.#bytesOfClosed += socket.bytesRead;
    });
    this.#open.set(socket, done);
  }

  /** Closes all connections and waits until everything that was read from them has reached the sinks. */
  async closeAll(): Promise<void> {
    for (const socket of this.#open.keys()) socket.destroy();
    await Promise.all(this.#open.values());
    this.#faults.end();
  }
}

/**
 * Composes the line of streams of one connection. It uses no `pipeline()`, which would be destroyed together with a broken
 * socket: what the sender wrote before the connection broke must still be processed.
 */
function receive(socket: Socket, sinks: Sinks, onError: (error: Error) => void): Promise<void> {
  const { logs, status, reject } = sinks;
  const parser = new FrameParser({ perChunk: true });
  const demux = new Demux({
    logs,
    status,
    skip: ({ error }) => reject(reasonOf(error), error),
    close: ({ error }) => {
      reject(reasonOf(error), error);
      socket.destroy();
    },
    'unknown-variant': () => reject('unknown_variant'),
  });
  demux.on('error', (error) => {
    onError(error);
    socket.destroy();
  });
  socket.once('close', () => parser.end());
  socket.pipe(parser).pipe(new MessageDecoder()).pipe(demux);
  return new Promise((resolve) => demux.once('close', resolve));
}

function reasonOf({ code }: BoundaryLogError): RejectReason {
  return code.slice('ERR_'.length).toLowerCase() as RejectReason;
}
