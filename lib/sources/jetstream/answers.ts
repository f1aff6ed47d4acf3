import type { NatsConnection } from '@nats-io/transport-node';
import { nextTurn } from '../../real-time.js';

const ACK = '+ACK';
const NAK = '-NAK';
const WORKING = '+WPI';

/** The first version that understands a reason. Older ones ignore a `+TERM` with one, and would deliver the message again. */
const TERM_REASON = [2, 10, 4] as const;

interface Answer {
  readonly reply: string;
  readonly payload: string;
}

/**
 * What the server is told about messages. It does not confirm single answers, which would cost a message for each.
 * Instead, a ping after them is answered when the server has read them. Answers that were not confirmed when a connection
 * ends are sent again on the next one, and a message that is delivered again meanwhile is answered again.
 */
export class Answers {
  readonly #unconfirmed = new Map<string, Answer>();
  #connection: NatsConnection | undefined;
  #isConfirming = false;
  #onConfirmed: (() => void) | undefined;
  readonly #onWork: () => void;
  #abandonPing: (() => void) | undefined;

  /** @param onWork Called when the server has read answers, and had nothing against them. */
  constructor(onWork: () => void) {
    this.#onWork = onWork;
  }

  /** How many answers the server may not have read. */
  get unconfirmed(): number {
    return this.#unconfirmed.size;
  }

  connected(connection: NatsConnection): void {
    this.#connection = connection;
    for (const { reply, payload } of this.#unconfirmed.values()) this.#publish(reply, payload);
    this.#confirm();
  }

  disconnected(connection: NatsConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#abandonPing?.();
  }

  /** The reporter has the batch. */
  acknowledge(key: string, reply: string): void {
    this.#answer(key, reply, ACK);
  }

  /** The server delivers the message again, after so many ms. */
  giveBack(key: string, reply: string, delayMs: number): void {
    const delay = delayMs > 0 ? ` ${JSON.stringify({ delay: Math.round(delayMs * 1e6) })}` : '';
    this.#answer(key, reply, NAK + delay);
  }

  /** The server must not deliver the message again. @param reason One line. */
  terminate(key: string, reply: string, reason: string): void {
    const version = this.#connection?.info?.version ?? '';
    this.#answer(key, reply, understandsReason(version) ? `+TERM ${reason}` : '+TERM');
  }

  /** The message is still being worked on. This is not repeated on another connection. */
  extend(reply: string): void {
    this.#publish(reply, WORKING);
  }

  /**
   * Answers a message again that was delivered once more, although it need not have been.
   *
   * @returns false if the message was given back, or if its answer is not known or was confirmed.
   */
  repeat(key: string, reply: string): boolean {
    const answer = this.#unconfirmed.get(key);
    if (answer === undefined) return false;
    if (answer.payload.startsWith(NAK)) {
      this.#unconfirmed.delete(key);
      return false;
    }
    this.#answer(key, reply, answer.payload);
    return true;
  }

  /** Resolves when all answers are confirmed, which it may never do during an outage. */
  async confirmed(): Promise<void> {
    if (this.#unconfirmed.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onConfirmed = resolve;
    });
  }

  #answer(key: string, reply: string, payload: string): void {
    // Last in its order, as a confirmation may be under way for an earlier answer.
    this.#unconfirmed.delete(key);
    this.#unconfirmed.set(key, { reply, payload });
    this.#publish(reply, payload);
    this.#confirm();
  }

  #publish(reply: string, payload: string): void {
    // A connection that has just ended is not known to have ended yet.
    if (this.#connection?.isClosed() === false) this.#connection.publish(reply, payload);
  }

  /** One ping at a time, so that a fast forwarder pings once per round trip. */
  async #confirm(): Promise<void> {
    if (this.#isConfirming) return;
    this.#isConfirming = true;
    while (this.#unconfirmed.size > 0) {
      const connection = this.#connection;
      if (connection === undefined || connection.isClosed()) break;
      // The answers of this turn belong to the same ping.
      await Promise.resolve();
      const sent = [...this.#unconfirmed];
      const isAnswered = await this.#ping(connection);
      // What the server has against an answer comes before the answer to the ping, but may be noticed after it.
      if (isAnswered) await nextTurn();
      if (this.#connection !== connection) continue;
      if (!isAnswered) break;
      this.#onWork();
      for (const [key, answer] of sent) {
        if (this.#unconfirmed.get(key) === answer) this.#unconfirmed.delete(key);
      }
    }
    this.#isConfirming = false;
    if (this.#unconfirmed.size > 0) return;
    this.#onConfirmed?.();
    this.#onConfirmed = undefined;
  }

  /** @returns whether it was answered. The client of NATS leaves a ping without a result when its connection ends. */
  #ping(connection: NatsConnection): Promise<boolean> {
    return new Promise((resolve) => {
      this.#abandonPing = () => resolve(false);
      connection.flush().then(
        () => resolve(true),
        () => resolve(false),
      );
    });
  }
}

function understandsReason(version: string): boolean {
  const numbers = version.split(/[.-]/).map(Number);
  for (const [i, wanted] of TERM_REASON.entries()) {
    const number = numbers[i] ?? 0;
    if (number !== wanted) return number > wanted;
  }
  return true;
}
