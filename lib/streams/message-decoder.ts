import {
  boundaryProtocol,
  decodeFrame,
  type Frame,
  type FrameFault,
  type Kinded,
  type Outcome,
  type Protocol,
} from '../../codec/index.js';
import { Transform, type TransformCallback } from './base.js';

/** Options of {@link MessageDecoder}. */
export interface MessageDecoderOptions<Message extends Kinded = Outcome> {
  /** How the payload of each tag is decoded. Default: boundary's. */
  protocol?: Protocol<Message>;
}

/**
 * Transform, object mode: `Frame` or `FrameFault` → `Outcome`, one for each, in order. Never an error: what
 * cannot be decoded is a `skip` or a `close` outcome.
 */
export class MessageDecoder<Message extends Kinded = Outcome> extends Transform {
  readonly #protocol: Protocol<Message>;

  constructor(options: MessageDecoderOptions<Message> = {}) {
    super({ objectMode: true });
    this.#protocol = options.protocol ?? (boundaryProtocol as Protocol<Kinded> as Protocol<Message>);
  }

  override _transform(
    frame: Frame | FrameFault,
    _encoding: BufferEncoding,
    callback: TransformCallback,
  ): void {
    callback(null, decodeFrame(this.#protocol, frame));
  }
}
