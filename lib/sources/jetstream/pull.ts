import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { BoundaryLogError } from '../../errors.js';

/** How long a request stays open at the server, in ms. */
const EXPIRES_MS = 30_000;
/** How often the server says that a request is still open, in ms. */
const HEARTBEAT_MS = 5_000;
/** A request about which the server has said nothing for so long is not open any more, in ms. */
const SILENCE_MS = HEARTBEAT_MS * 2.5;

const HEARTBEAT = 100;
/** What the server sends while a request is open and there is nothing to deliver, and when its time is over. */
const NOTHING_NOW: readonly number[] = [HEARTBEAT, 404, 408];

/** How much may arrive. */
export interface Room {
  readonly messages: number;
  readonly bytes: number;
}

export interface PullOptions {
  readonly stream: string;
  readonly consumer: string;
  /** The most that one request may ask for. */
  readonly maxMessages: number;
  /** How long a request may stay open, in ms. */
  readonly maxExpiresMs: number;
  /** Below this, a new request is not worth its round trip. */
  readonly minMessages: number;
  /** With less, the largest message would not be delivered, nor any behind it. */
  readonly minBytes: number;
  /** How much there is room for now. */
  room(): Room;
  message(message: Msg): void;
  /** The consumer has answered that there is nothing to deliver now. */
  idle(): void;
  /** Nothing more arrives from this pull. */
  failed(error: BoundaryLogError): void;
}

/**
 * Asks a consumer for messages, with one open request at a time, for as much as there is room for. So what the server
 * sends is bounded by what this process has asked for, and not by the speed of a callback.
 */
export class Pull {
  readonly #connection: NatsConnection;
  readonly #options: PullOptions;
  readonly #subject: string;
  readonly #inbox: string;
  readonly #subscription: ReturnType<NatsConnection['subscribe']>;
  /** How many messages and answers have arrived. */
  heard = 0;
  /** How many messages the open request may still deliver; 0 if none is open. */
  #left = 0;
  #isStopped = false;
  #stopped: Promise<void> | undefined;
  #heardAt = performance.now();
  readonly #watch: NodeJS.Timeout;

  constructor(connection: NatsConnection, inbox: string, options: PullOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#subject = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${options.consumer}`;
    this.#inbox = inbox;
    this.#subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error) this.#fail(`may not receive messages: ${error.message}`, error);
        else this.#receive(message);
      },
    });
    this.#watch = setInterval(() => this.#look(), HEARTBEAT_MS / 2).unref();
    this.more();
  }

  /** There may be room for more. */
  more(): void {
    if (this.#left > 0 || this.#isStopped || this.#connection.isClosed()) return;
    const { room, minMessages, minBytes, maxMessages, maxExpiresMs } = this.#options;
    const { messages, bytes } = room();
    if (messages < minMessages || bytes < minBytes) return;
    const expiresMs = Math.min(EXPIRES_MS, maxExpiresMs);
    this.#left = Math.min(messages, maxMessages);
    this.#heardAt = performance.now();
    const request = {
      batch: this.#left,
      max_bytes: bytes,
      expires: expiresMs * 1e6,
      // The server wants at least two of them while a request is open.
      idle_heartbeat: Math.min(HEARTBEAT_MS, Math.floor(expiresMs / 2)) * 1e6,
    };
    this.#connection.publish(this.#subject, JSON.stringify(request), { reply: this.#inbox });
  }

  /** Asks for nothing more. Resolves when nothing that was asked for can arrive any more. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#watch);
    // The server forgets the request of a subscription that has ended. What it has sent before still arrives.
    if (!this.#connection.isClosed()) await this.#subscription.drain();
  }

  #receive(message: Msg): void {
    this.#heardAt = performance.now();
    this.heard += 1;
    if (message.subject !== this.#inbox) {
      this.#left = Math.max(0, this.#left - 1);
      this.#options.message(message);
      this.more();
      return;
    }
    const { code = 0, description = '' } = message.headers ?? {};
    const isOver = code !== HEARTBEAT;
    if (isOver) this.#left = 0;
    if (NOTHING_NOW.includes(code)) this.#options.idle();
    if (NOTHING_NOW.includes(code) || isComplete(description)) this.more();
    else if (code === 503)
      this.#fail('does not answer: JetStream is not enabled, or the stream is not available');
    else this.#fail(`refuses to deliver: ${code} ${description}`);
  }

  #look(): void {
    if (this.#left === 0 || performance.now() - this.#heardAt < SILENCE_MS) return;
    this.#fail(`has been silent for ${SILENCE_MS / 1000} s`);
  }

  #fail(what: string, cause?: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#watch);
    const { stream, consumer } = this.#options;
    const message = `the consumer ${consumer} of the stream ${stream} ${what}`;
    this.#options.failed(new BoundaryLogError('ERR_CONNECTION_LOST', message, { cause }));
  }
}

/** Whether a request ended because it has delivered what it asked for. */
function isComplete(description: string): boolean {
  return /^(Message Size Exceeds MaxBytes|Batch Completed)/i.test(description);
}
