import type { Msg } from '@nats-io/transport-node';
import type { KeptSession } from '../../connection/kept-connection.js';
import type { BoundaryLogError } from '../../errors.js';
import { connectNats, REQUEST_TIMEOUT_MS } from '../../nats/connect.js';
import { requestFailure, violationOf } from '../../nats/failures.js';
import type { NatsSession } from '../../nats/session.js';
import { quoted } from '../../printable.js';
import type { Answers } from './answers.js';
import { type Consumer, ensureConsumer } from './consumer.js';
import type { HeldMessages } from './held-messages.js';
import { Pull } from './pull.js';
import type { ResolvedSourceOptions } from './source-options.js';

/** What the server counts of a message besides its data and its headers, at most: the subjects. */
const SUBJECT_BYTES = 4096;

/** Messages whose answer is due in less than this share of the time that the server waits are extended. */
const EXTEND_SHARE = 1 / 2;

/** What outlives a connection. */
export interface SourceState {
  readonly options: ResolvedSourceOptions;
  readonly held: HeldMessages;
  readonly answers: Answers;
  /** Whether nothing more is wanted. */
  readonly isStopped: boolean;
  message(message: Msg): void;
  /** The server answers, and accepts what it is told. */
  works(): void;
  /** The server does not accept what it is told. */
  refuses(error: BoundaryLogError): void;
}

/** One connection of a source: it asks the consumer for messages, answers them, and extends the deadlines of slow ones. */
export class SourceSession implements KeptSession {
  readonly ended: Promise<BoundaryLogError>;
  readonly closed: Promise<unknown>;
  readonly consumer: Consumer;
  readonly #nats: NatsSession;
  readonly #state: SourceState;
  readonly #pull: Pull | undefined;
  readonly #extensions: NodeJS.Timeout;
  #isRefused = false;

  /**
   * @throws ERR_NATS_REFUSED, ERR_CONNECT_FAILED, ERR_CONNECTION_LOST, ERR_CALL_TIMEOUT, ERR_PACKAGE_MISSING
   */
  static async dial(state: SourceState, signal: AbortSignal): Promise<SourceSession> {
    const { stream, consumer: name, maxBatches } = state.options;
    const nats = await connectNats(state.options, signal);
    try {
      const consumer = await ensureConsumer(nats, stream, name, maxBatches);
      signal.throwIfAborted();
      return new SourceSession(nats, consumer, state);
    } catch (error) {
      nats.close(error as BoundaryLogError);
      throw error;
    }
  }

  private constructor(nats: NatsSession, consumer: Consumer, state: SourceState) {
    this.#nats = nats;
    this.#state = state;
    this.consumer = consumer;
    this.closed = nats.closed;
    const { answers, held } = state;
    const { connection, packages } = nats;
    answers.connected(connection);
    this.ended = nats.ended.then((error) => {
      clearInterval(this.#extensions);
      answers.disconnected(connection);
      return error;
    });
    const extendAfterMs = consumer.ackWaitMs * EXTEND_SHARE;
    // What was delivered on an earlier connection may have waited for long.
    for (const message of held) message.extendedAt = Number.NEGATIVE_INFINITY;
    this.#extend(extendAfterMs);
    this.#extensions = setInterval(() => this.#extend(extendAfterMs), extendAfterMs / 3).unref();
    this.#watch();
    if (state.isStopped) return;
    this.#pull = new Pull(connection, packages.transport.createInbox(), this.#pullOptions());
  }

  get isOpen(): boolean {
    return this.#nats.isOpen;
  }

  /** How often the consumer has answered. A session that cannot answer was not useful, whatever it received. */
  get answered(): number {
    return this.#isRefused ? 0 : (this.#pull?.heard ?? 1);
  }

  close(error: BoundaryLogError): void {
    this.#nats.close(error);
  }

  /** There may be room for more messages. */
  more(): void {
    this.#pull?.more();
  }

  /** Resolves when nothing more arrives. */
  async stop(): Promise<void> {
    await this.#pull?.stop();
  }

  #pullOptions() {
    const { options, held, message } = this.#state;
    const { stream, consumer, maxBatches, maxBytes } = options;
    const minBytes = this.#nats.maxPayload + SUBJECT_BYTES;
    const { maxMessages, maxExpiresMs } = this.consumer;
    return {
      ...{ stream, consumer, maxMessages, maxExpiresMs, minBytes, message },
      minMessages: Math.max(1, Math.floor(maxBatches / 4)),
      room: () => ({
        messages: maxBatches - held.size,
        bytes: Math.max(maxBytes, minBytes) - held.bytes,
      }),
      idle: () => this.#state.works(),
      failed: (error: BoundaryLogError) => this.close(error),
    };
  }

  /** What the server says about something that was published, it says without a reference to that. */
  async #watch(): Promise<void> {
    const { stream, consumer } = this.#state.options;
    const { connection } = this.#nats;
    for await (const status of connection.status()) {
      if (status.type !== 'error' || violationOf(status.error) === undefined) continue;
      const what = `the consumer ${quoted(consumer)} of the stream ${quoted(stream)} cannot be used`;
      const error = requestFailure(what, status.error, REQUEST_TIMEOUT_MS);
      this.#isRefused = true;
      // What was not accepted is not confirmed by the next ping.
      this.#state.answers.disconnected(connection);
      this.#state.refuses(error);
      this.close(error);
    }
  }

  /** Tells the server about messages that have been here for long, once for each part of the time that it waits. */
  #extend(afterMs: number): void {
    const now = performance.now();
    for (const message of this.#state.held) {
      if (now - message.extendedAt < afterMs) continue;
      message.extendedAt = now;
      this.#state.answers.extend(message.reply);
    }
  }
}
