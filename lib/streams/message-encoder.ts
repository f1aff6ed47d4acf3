import { isRecord } from '../../codec/argument.js';
import {
  encodeLogs,
  encodeRawLogs,
  encodeStatus,
  LogBatch,
  type LogsInput,
  type StatusInput,
  type Tag,
} from '../../codec/index.js';
import { unknownName } from '../../codec/unknown-name.js';
import { BoundaryLogError } from '../errors.js';
import type { MessageEncoderEvents } from '../events.js';
import { GuardedEvents } from '../guard.js';
import { checkOptions, shown } from '../options.js';
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

  /**
   * @param options There are none.
   * @throws ERR_INVALID_OPTION
   */
  constructor(options: Readonly<Record<string, never>> = {}) {
    checkOptions('MessageEncoder', options, {});
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

/** The properties of a batch. A LogBatch, which is one as well, may have others. */
const LOGS = ['kind', 'tag', 'count', 'raw', 'request'];

function encodeMessage(message: EncodableMessage): Buffer {
  if (!isRecord(message as unknown)) throw invalid(`got ${shown(message)}, expected an object with kind`);
  if (message.kind === 'status') return encodeStatus(message);
  if (message.kind !== 'logs')
    throw invalid(
      `kind: got ${shown((message as Partial<EncodableMessage>).kind)}, expected 'logs' or 'status'`,
    );
  if (message instanceof LogBatch) return encodeRawLogs(message.raw, message.tag as Tag);
  const unknown = Object.keys(message).find((name) => !LOGS.includes(name));
  if (unknown !== undefined) throw invalid(unknownName('property', unknown, LOGS));
  return 'raw' in message
    ? encodeRawLogs(message.raw, message.tag)
    : encodeLogs(message.request, message.tag);
}

function invalid(problem: string): BoundaryLogError {
  return new BoundaryLogError('ERR_INVALID_EVENT', problem);
}
