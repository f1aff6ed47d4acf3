import {
  encodeLogs,
  encodeRawLogs,
  encodeStatus,
  type LogsInput,
  type StatusInput,
  type Tag,
} from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import type { MessageEncoderEvents } from '../events.js';
import { GuardedEvents } from '../guard.js';
import { shown } from '../options.js';
import { Transform, type TransformCallback } from './base.js';

/** What a {@link MessageEncoder} accepts. It has the shape of an outcome, so outcomes can be written back. */
export type EncodableMessage =
  | {
      /** A batch of logs that is encoded already. */
      readonly kind: 'logs';
      /** The tag of its frame. Default 2. */
      readonly tag?: Tag;
      /** The encoded `ReportBoundaryLogsRequest`. */
      readonly raw: Uint8Array;
    }
  | {
      /** A batch of logs. */
      readonly kind: 'logs';
      /** The tag of its frame. Default 2. */
      readonly tag?: Tag;
      /** The logs, and the session and process that they belong to. */
      readonly request: LogsInput;
    }
  | ({
      /** How many logs the sender dropped. */
      readonly kind: 'status';
    } & StatusInput);

/**
 * Transform: messages → framed bytes. If a batch has `raw` bytes, they are written unchanged.
 *
 * If a message cannot be encoded (`ERR_INVALID_EVENT`, `ERR_MESSAGE_TOO_LARGE`), the stream emits `drop` with the message
 * and the error, and continues. Without a listener for `drop`, the stream fails with that error, and frames that have not
 * been read yet are lost.
 */
export class MessageEncoder extends Transform<
  EncodableMessage,
  Buffer,
  MessageEncoderEvents<EncodableMessage>
> {
  readonly #events = new GuardedEvents(this);

  constructor() {
    super({ writableObjectMode: true });
  }

  override _transform(
    message: EncodableMessage,
    _encoding: BufferEncoding,
    callback: TransformCallback,
  ): void {
    let frame: Buffer;
    try {
      frame = encodeMessage(message);
    } catch (error) {
      callback(this.#events.emit('drop', message, error) ? null : (error as Error));
      return;
    }
    callback(null, frame);
  }
}

function encodeMessage(message: EncodableMessage): Buffer {
  if (message?.kind === 'status') return encodeStatus(message);
  if (message?.kind === 'logs') {
    return 'raw' in message
      ? encodeRawLogs(message.raw, message.tag)
      : encodeLogs(message.request, message.tag);
  }
  throw new BoundaryLogError(
    'ERR_INVALID_EVENT',
    `kind: got ${shown((message as Partial<EncodableMessage>)?.kind)}, expected 'logs' or 'status'`,
  );
}
