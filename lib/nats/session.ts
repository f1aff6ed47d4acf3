import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { passing } from '../connection/failure.js';
import type { KeptSession } from '../connection/kept-connection.js';
import type { BoundaryLogError } from '../errors.js';
import { said } from './failures.js';
import type { NatsPackages } from './packages.js';

/** An open connection to NATS, which belongs to the session from now on, and what is used of its client. */
export class NatsSession implements KeptSession {
  readonly ended: Promise<BoundaryLogError>;
  readonly closed: Promise<unknown>;
  answered = 0;
  readonly connection: NatsConnection;
  readonly packages: NatsPackages;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Why it was closed here. */
  #reason: BoundaryLogError | undefined;

  constructor(connection: NatsConnection, packages: NatsPackages, manager: JetStreamManager) {
    this.connection = connection;
    this.packages = packages;
    this.manager = manager;
    this.jetstream = manager.jetstream();
    this.closed = connection.closed();
    onProtocolError(connection, (error) => {
      const message = `NATS has sent something that its protocol does not allow (${said(error)})`;
      this.close(passing('ERR_PROTOCOL_VIOLATION', message, error));
    });
    this.ended = connection.closed().then((error) => {
      if (this.#reason !== undefined) return this.#reason;
      const why = error === undefined ? '' : ` (${said(error)})`;
      return passing('ERR_CONNECTION_LOST', `the connection to NATS was lost${why}`, error);
    });
  }

  get isOpen(): boolean {
    return this.#reason === undefined && !this.connection.isClosed();
  }

  /** What the server accepts at most in one message, headers included, in bytes. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  }

  /** Why a request of this session has failed: the end of the session, if that has ended it. */
  get endedWith(): BoundaryLogError | undefined {
    return this.#reason;
  }

  /** Requests in progress fail. It does not wait for the server. */
  close(reason: BoundaryLogError): void {
    this.#reason ??= reason;
    void this.connection.close().catch(() => undefined);
  }
}

/**
 * The client would write an error of its parser to stdout, and then read nothing more until its pings are not answered. It
 * does not offer another way to notice that.
 */
function onProtocolError(connection: NatsConnection, listener: (error: unknown) => void): void {
  const { protocol } = connection as { protocol?: { parser?: { parse?(bytes: Uint8Array): void } } };
  const parser = protocol?.parser;
  const parse = parser?.parse;
  if (parser === undefined || parse === undefined) return;
  parser.parse = (bytes) => {
    try {
      parse.call(parser, bytes);
    } catch (error) {
      listener(error);
    }
  };
}
