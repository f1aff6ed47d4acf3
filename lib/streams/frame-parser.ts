import { boundaryProtocol, FrameDecoder, type Protocol } from '../../codec/index.js';
import { Transform, type TransformCallback } from './base.js';

/** Options of {@link FrameParser}. */
export interface FrameParserOptions {
  /** Which tags there are and how long each may be. Default: boundary's. */
  protocol?: Protocol;
}

/**
 * Transform: bytes → `Frame { tag, payload }`.
 *
 * Never an error: a header that cannot be read past, and an end in the middle of a frame, come as the last
 * object, a `FrameFault { error, fatal }`, since an error event would throw away the frames before it. After
 * a fatal one the readable side ends, and whatever is written is thrown away unread.
 *
 * Frames are views of the chunks written, where they lie whole in one.
 */
export class FrameParser extends Transform {
  readonly #decoder: FrameDecoder;

  /** @throws ERR_INVALID_OPTION where the protocol has a tag or length that no header can say. */
  constructor({ protocol = boundaryProtocol }: FrameParserOptions = {}) {
    super({ readableObjectMode: true });
    this.#decoder = new FrameDecoder(protocol);
  }

  /** Bytes parsed so far; see {@link FrameDecoder.bytesConsumed}. */
  get bytesConsumed(): number {
    return this.#decoder.bytesConsumed;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (!this.#decoder.ended) {
      for (const item of this.#decoder.decode(chunk)) this.push(item);
      if (this.#decoder.ended) this.push(null);
    }
    callback();
    // After the readable side's end nobody asks for more, so a Transform would never take the next chunk.
    if (this.#decoder.ended) this._read(0);
  }

  override _flush(callback: TransformCallback): void {
    const fault = this.#decoder.end();
    if (fault !== undefined) this.push(fault);
    callback();
  }
}
