import type { Close, Frame, FrameFault, Kinded, Outcome, Protocol, Skip } from '../../codec/index.js';
import { decodeFrame, decodeFrames } from '../../codec/protocol.js';
import { checkProtocol } from '../../codec/protocol-check.js';
import { BoundaryLogError } from '../errors.js';
import { type OptionTable, resolveOptions, shown } from '../options.js';
import type { TransformCallback } from './base.js';
import { DirectTransform, isObject, type Write } from './direct.js';
import { PROTOCOL_OPTION } from './protocol-option.js';
import type { WriteRest } from './typed-stream.js';

type Input = Frame | FrameFault | readonly (Frame | FrameFault)[];

/** What a {@link MessageDecoder} accepts: what a FrameParser emits, with or without `perChunk`. */
export type Decodable<PerChunk extends boolean = false> = PerChunk extends true
  ? readonly (Frame | FrameFault)[]
  : Frame | FrameFault;

/** What a {@link MessageDecoder} makes of it: a message of the protocol, or the error in its place. */
export type Decoded<
  Message extends Kinded = Outcome,
  PerChunk extends boolean = false,
> = PerChunk extends true ? (Message | Skip | Close)[] : Message | Skip | Close;

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
export class MessageDecoder<
  Message extends Kinded = Outcome,
  PerChunk extends boolean = false,
> extends DirectTransform<Decodable<PerChunk>, Decoded<Message, PerChunk>> {
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
  override write(input: never, encoding?: unknown, callback?: unknown): boolean;
  override write(input: Decodable<PerChunk>, ...rest: WriteRest): boolean;
  override write(input: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (encoding === undefined && callback === undefined && isObject(input) && this.isDirect) {
      const outcome = this.#decode(input as Input);
      if (!(outcome instanceof BoundaryLogError)) return this.handOver(outcome);
      this.destroy(outcome);
      return false;
    }
    return (super.write as Write)(input, encoding, callback);
  }

  override _transform(input: Input, _encoding: BufferEncoding, callback: TransformCallback): void {
    const outcome = this.#decode(input);
    if (outcome instanceof BoundaryLogError) callback(outcome);
    else callback(null, outcome);
  }

  /** @returns an error if the input does not consist of frames. Whatever is in a frame leads to an outcome. */
  #decode(input: Input): Decoded<Message, PerChunk> | BoundaryLogError {
    try {
      const decoded = isArray(input)
        ? decodeFrames(this.#protocol, input)
        : decodeFrame(this.#protocol, input);
      return decoded as Decoded<Message, PerChunk>;
    } catch (cause) {
      const message = `this cannot be decoded: got ${shown(input)}, expected a Frame, a FrameFault, or an array of them`;
      return new BoundaryLogError('ERR_INVALID_EVENT', message, { cause });
    }
  }
}

function isArray(input: Input): input is readonly (Frame | FrameFault)[] {
  return Array.isArray(input);
}
