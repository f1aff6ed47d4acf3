import type { Msg } from '@nats-io/transport-node';
import { type LogBatch, MAX_PAYLOAD_LENGTH } from '../../../codec/index.js';
import { BoundaryLogError } from '../../errors.js';
import { batchOf } from '../../nats/message.js';
import { Answers } from './answers.js';
import { deliveryInfo } from './delivery.js';
import { HeldMessages } from './held-messages.js';

/** How long a message that only a newer version of this package may understand stays at the server, in ms. */
const UNKNOWN_DELAY_MS = 60_000;

/** The longest reason that a server is given. */
const MAX_REASON = 200;

/** What is used of a message. */
export type DeliveredMessage = Pick<Msg, 'reply' | 'data' | 'headers'>;

/**
 * The messages that this process has received, and what the server is told about each: exactly one answer, or that it is
 * still being worked on.
 */
export class Custody {
  readonly held = new HeldMessages();
  readonly answers: Answers;
  readonly #onReject: (error: BoundaryLogError) => void;

  /**
   * @param onReject Called for each message that is not a valid batch.
   * @param onWork Called when the server has read answers, and had nothing against them.
   */
  constructor(onReject: (error: BoundaryLogError) => void, onWork: () => void) {
    this.#onReject = onReject;
    this.answers = new Answers(onWork);
  }

  /**
   * Accepts responsibility for a message.
   *
   * @param isWanted Whether batches are still wanted. Otherwise the message is given back at once.
   * @returns its batch; undefined if that is already here, was here, or is not a batch.
   */
  receive(message: DeliveredMessage, isWanted: boolean): LogBatch | undefined {
    const { reply } = message;
    const info = deliveryInfo(reply);
    // A message of somebody else, which nobody waits for an answer to.
    if (reply === undefined || info === undefined) return undefined;
    const { key, deliveries } = info;
    const known = this.held.ofKey(key);
    if (known !== undefined) {
      // An outage was too long, or this process was stopped. The batch is still here, so it is not accepted twice.
      known.reply = reply;
      known.extendedAt = performance.now();
      return undefined;
    }
    if (this.answers.repeat(key, reply)) return undefined;
    if (!isWanted) {
      this.answers.giveBack(key, reply, 0);
      return undefined;
    }
    try {
      const batch = checkedBatch(message);
      this.held.add({ key, reply, deliveries, batch, extendedAt: performance.now() });
      return batch;
    } catch (error) {
      this.#refuse(key, reply, error as BoundaryLogError);
      return undefined;
    }
  }

  accepted(batch: LogBatch): void {
    const message = this.held.remove(batch);
    if (message !== undefined) this.answers.acknowledge(message.key, message.reply);
  }

  returned(batch: LogBatch, delayMs: number): void {
    const message = this.held.remove(batch);
    if (message !== undefined) this.answers.giveBack(message.key, message.reply, delayMs);
  }

  rejected(batch: LogBatch, reason: string): void {
    const message = this.held.remove(batch);
    if (message !== undefined) this.answers.terminate(message.key, message.reply, reasonLine(reason));
  }

  returnAll(): void {
    for (const { batch } of [...this.held]) this.returned(batch, 0);
  }

  #refuse(key: string, reply: string, error: BoundaryLogError): void {
    // A newer version may have written it, and another forwarder may have that version.
    if (error.code === 'ERR_UNSUPPORTED_TAG') this.answers.giveBack(key, reply, UNKNOWN_DELAY_MS);
    else this.answers.terminate(key, reply, reasonLine(`${error.code}: ${error.message}`));
    this.#onReject(error);
  }
}

/** @throws ERR_MESSAGE_TOO_LARGE, and what `batchOf()` throws. */
function checkedBatch(message: DeliveredMessage): LogBatch {
  const { length } = message.data;
  if (length > MAX_PAYLOAD_LENGTH) {
    const text = `a message has ${length} bytes, and no frame more than ${MAX_PAYLOAD_LENGTH}`;
    throw new BoundaryLogError('ERR_MESSAGE_TOO_LARGE', text);
  }
  return batchOf(message);
}

/** The server reads a reason as a part of its protocol, which has lines. */
function reasonLine(reason: string): string {
  return reason.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_REASON);
}
