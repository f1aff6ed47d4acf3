import type { Frame, FrameFault, Kinded, Outcome, Protocol } from '../../codec/index.js';
import { decodeFrame, decodeFrames } from '../../codec/protocol.js';
import { checkProtocol } from '../../codec/protocol-check.js';
import { type OptionTable, resolveOptions } from '../options.js';
import type { TransformCallback } from './base.js';
import { DirectTransform, isObject, type Write } from './direct.js';
import { PROTOCOL_OPTION } from './protocol-option.js';

/** What a {@link MessageDecoder} accepts: what a FrameParser emits. */
type Input = Frame | FrameFault | readonly (Frame | FrameFault)[];

/** Options of {@link MessageDecoder}. */
export interface MessageDecoderOptions<Message extends Kinded = Outcome> {
  /** How the payload of each tag is decoded. Default: boundary's. */
  protocol?: Protocol<Message> | undefined;
}

export const MESSAGE_DECODER_OPTIONS = {
  protocol: { ...PROTOCOL_OPTION, doc: 'How the payload of each tag is decoded' },
} satisfies OptionTable<MessageDecoderOptions<Kinded>>;

/**
 * Transform, object mode: `Frame` or `FrameFault` → `Outcome`, or an array of the former → an array of the latter.
 * Every input yields exactly one outcome, in order. It never emits an error for bad input: what cannot be decoded is a
 * `skip` or a `close` outcome.
 */
export class MessageDecoder<Message extends Kinded = Outcome> extends DirectTransform {
  readonly #protocol: Protocol<Message>;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: MessageDecoderOptions<Message> = {}) {
    const resolved = resolveOptions(
      'MessageDecoder',
      options as MessageDecoderOptions<Kinded>,
      MESSAGE_DECODER_OPTIONS,
    );
    checkProtocol(resolved.protocol);
    super({ objectMode: true });
    this.#protocol = resolved.protocol as Protocol<Kinded> as Protocol<Message>;
  }

  /** @returns false while the reader does not keep up: continue at `drain`. */
  override write(input: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (encoding === undefined && callback === undefined && isObject(input) && this.isDirect) {
      return this.handOver(this.#decode(input as Input));
    }
    return (super.write as Write)(input, encoding, callback);
  }

  override _transform(input: Input, _encoding: BufferEncoding, callback: TransformCallback): void {
    callback(null, this.#decode(input));
  }

  #decode(input: Input): object {
    return isArray(input) ? decodeFrames(this.#protocol, input) : decodeFrame(this.#protocol, input);
  }
}

function isArray(input: Input): input is readonly (Frame | FrameFault)[] {
  return Array.isArray(input);
}
