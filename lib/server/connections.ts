import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Batch } from '../batch.js';
import { Recording, type RecordOptions } from '../capture/recording.js';
import type { Logger } from '../logger.js';
import { type RedactionChoice, redactors } from '../redaction/redactors.js';
import { Episode } from '../telemetry/episode.js';
import { Connection, type Sinks, type TimeLimits } from './connection.js';
import { descriptorBudget, isOutOfDescriptors, SpareDescriptor } from './descriptors.js';
import { Turns } from './turns.js';

const FAULTS = {
  started: 'closing a connection: its data cannot be processed',
  continues: 'still closing connections whose data cannot be processed',
  ended: 'no longer closing connections whose data cannot be processed',
};

/**
 * Why a connection was closed as soon as it was accepted. A closed list.
 *
 * | reason | what happened |
 * |---|---|
 * | `max_connections` | as many connections as allowed were open |
 * | `descriptors` | it took the last file descriptor of the process |
 */
export const REFUSAL_REASONS = ['max_connections', 'descriptors'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface ConnectionLimits extends TimeLimits, RedactionChoice {
  readonly maxConnections: number;
  readonly record?: RecordOptions | undefined;
}

/** The sinks of all connections. */
export interface SharedSinks extends Sinks {
  /** Creates the stream that replaces `logs` for one connection, with `fairShare`. Destroyed with the connection. */
  sender?(): Writable | undefined;
  /** Drops a batch that cannot be redacted. */
  drop(batch: Batch, reason: 'redaction_failed', error: unknown): void;
}

/** What happens to connections, besides what they send. */
export interface ConnectionEvents {
  refused(reason: RefusalReason, max: number): void;
  /** A connection was closed because its sender was silent. */
  idle(): void;
  /** A connection could not be accepted, or the next one could not. */
  notAccepted(error: unknown): void;
}

/** The clock of the connections runs in steps of an eighth of the shortest limit, and of so many ms at most. */
const LONGEST_STEP_MS = 1000;

/** The connections of one proxy. */
export class Connections {
  /** Connections accepted so far, without those that were refused. */
  total = 0;
  /** Connections that were closed because their senders were silent. */
  idle = 0;
  /** Connections that were closed as soon as they were accepted. */
  readonly refused: Record<RefusalReason, number> = { max_connections: 0, descriptors: 0 };
  #sinks: SharedSinks;
  readonly #limits: ConnectionLimits;
  readonly #events: ConnectionEvents;
  readonly #logger: Logger;
  readonly #turns = new Turns();
  readonly #open = new Set<Connection>();
  readonly #spare: SpareDescriptor;
  #max: number;
  #clock: NodeJS.Timeout | undefined;
  readonly #faults: Episode;
  readonly #recording: Recording | undefined;
  #bytesOfClosed = 0;

  /** @throws ERR_INVALID_OPTION */
  constructor(sinks: SharedSinks, limits: ConnectionLimits, events: ConnectionEvents, logger: Logger) {
    const makeRedactor = redactors(limits, (batch, error) => sinks.drop(batch, 'redaction_failed', error));
    this.#sinks = { ...sinks, makeRedactor };
    this.#limits = limits;
    this.#events = events;
    this.#logger = logger;
    this.#max = limits.maxConnections;
    this.#spare = new SpareDescriptor((error) => events.notAccepted(error));
    this.#faults = new Episode(logger, FAULTS);
    if (limits.record !== undefined) this.#recording = new Recording(limits.record, logger);
    // Every connection may listen for its `drain`.
    sinks.logs.setMaxListeners(0);
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size;
  }

  /** How many may be open. */
  get max(): number {
    return this.#max;
  }

  /** How many have been read and wait for their turn to be processed. */
  get waiting(): number {
    return this.#turns.waiting;
  }

  /** Bytes read from all connections so far, closed ones included. */
  get bytesRead(): number {
    let bytes = this.#bytesOfClosed;
    for (const connection of this.#open) bytes += connection.bytesRead;
    return bytes;
  }

  /** Bytes of senders that could not be recorded. */
  get unrecorded(): number {
    return this.#recording?.missing.bytes ?? 0;
  }

  /** Calls a function with everything that new connections decode: see {@link Sinks.observe}. */
  observe(observer: Sinks['observe']): void {
    this.#sinks = { ...this.#sinks, observe: observer };
  }

  /** Prepares for connections. @throws ERR_RECORD_FAILED */
  start(): void {
    this.#recording?.open();
    const { maxConnections, frameTimeout, idleTimeout } = this.#limits;
    this.#max = descriptorBudget(maxConnections).connections;
    if (this.#max < maxConnections) {
      const fields = { maxConnections, max: this.#max };
      this.#logger.info(fields, 'the limit of open files allows fewer connections: raise it for more');
    }
    const step = Math.ceil(Math.min(LONGEST_STEP_MS, frameTimeout / 8, idleTimeout / 8));
    this.#spare.check();
    this.#clock ??= setInterval(() => this.#tick(step), step).unref();
  }

  add(socket: Socket): void {
    socket.on('error', (err) => this.#logger.debug({ err }, 'connection failed'));
    if (this.#open.size >= this.#max) this.#refuse(socket, 'max_connections');
    else if (!this.#spare.check()) this.#refuse(socket, 'descriptors');
    else this.#receive(socket);
  }

  /** The server could not accept a connection. */
  notAccepted(error: Error): void {
    // With the spare descriptor it can, and the connection does not wait without an answer.
    if (isOutOfDescriptors(error)) this.#spare.release();
    this.#events.notAccepted(error);
  }

  /** Releases what {@link start} has prepared. */
  stop(): void {
    this.#release();
    this.#recording?.discard();
  }

  /** Closes all connections and waits until everything that was read from them has reached the sinks. */
  async closeAll(): Promise<void> {
    this.#release();
    this.#turns.stop();
    const open = [...this.#open];
    for (const connection of open) connection.close();
    await Promise.all(open.map(({ done }) => done));
    this.#recording?.close();
    this.#faults.end();
  }

  #release(): void {
    clearInterval(this.#clock);
    this.#clock = undefined;
    this.#spare.release();
  }

  #receive(socket: Socket): void {
    this.total += 1;
    const share = this.#sinks.sender?.();
    const record = this.#recording?.connection();
    const sinks = { ...this.#sinks, logs: share ?? this.#sinks.logs, record };
    const connection = new Connection(socket, sinks, this.#turns, (err) =>
      this.#faults.happened({ connections: 1 }, { err }),
    );
    this.#open.add(connection);
    connection.done.then(() => {
      this.#open.delete(connection);
      this.#bytesOfClosed += connection.bytesRead;
      share?.destroy();
    });
  }

  #refuse(socket: Socket, reason: RefusalReason): void {
    socket.destroy();
    this.refused[reason] += 1;
    this.#events.refused(reason, this.#max);
  }

  #tick(ms: number): void {
    this.#spare.check();
    for (const connection of this.#open) {
      if (!connection.expire(ms, this.#limits)) continue;
      this.idle += 1;
      this.#events.idle();
    }
  }
}
