import {
  boundaryProtocol,
  type Close,
  decodeFrame,
  decodeFrames,
  type Frame,
  type FrameFault,
  type Kinded,
  type Outcome,
  type Protocol,
  type Skip,
} from '../../codec/index.js';
import type { TransformCallback } from './base.js';
import { DirectTransform, isObject, type Write } from './direct.js';
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

  constructor(options: MessageDecoderOptions<Message> = {}) {
    super({ objectMode: true });
    this.#protocol = options.protocol ?? (boundaryProtocol as Protocol<Kinded> as Protocol<Message>);
  }

  /** @returns false while the reader does not keep up: continue at `drain`. */
  override write(input: never, encoding?: unknown, callback?: unknown): boolean;
  override write(input: Decodable<PerChunk>, ...rest: WriteRest): boolean;
  override write(input: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (encoding === undefined && callback === undefined && isObject(input) && this.isDirect) {
      return this.handOver(this.#decode(input as Input));
    }
    return (super.write as Write)(input, encoding, callback);
  }

  override _transform(input: Input, _encoding: BufferEncoding, callback: TransformCallback): void {
    callback(null, this.#decode(input));
  }

  #decode(input: Input): Decoded<Message, PerChunk> {
    const decoded = isArray(input) ? decodeFrames(this.#protocol, input) : decodeFrame(this.#protocol, input);
    return decoded as Decoded<Message, PerChunk>;
  }
}

function isArray(input: Input): input is readonly (Frame | FrameFault)[] {
  return Array.isArray(input);
}
