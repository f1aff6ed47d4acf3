import { boundaryProtocol, FrameDecoder, type Protocol } from '../../codec/index.js';
import type { TransformCallback } from './base.js';
import { DirectTransform, type Write } from './direct.js';

/** Options of {@link FrameParser}. */
export interface FrameParserOptions {
  /** Which tags exist and how long their payloads may be. Default: boundary's. */
  protocol?: Protocol | undefined;
  /**
   * Whether to push all frames of a chunk as one array, which costs less. MessageDecoder and Demux accept both forms.
   * Default false: one object per frame.
   */
  perChunk?: boolean | undefined;
}

/**
 * Transform: bytes → `Frame { tag, payload }`, or with `perChunk: true` one array of frames per chunk.
 *
 * It never emits an error for bad input. A fatal header and an end inside a frame are its last object, a
 * `FrameFault { error, fatal }`, because an error event would discard the frames before it. After a fatal fault the
 * readable side ends, and everything written later is discarded unread.
 *
 * If a chunk contains a whole frame, the frame's payload is a view of that chunk.
 */
export class FrameParser extends DirectTransform {
  readonly #decoder: FrameDecoder;
  readonly #perChunk: boolean;

  /** @throws ERR_INVALID_OPTION if the protocol has a tag or a length that a header cannot express. */
  constructor({ protocol = boundaryProtocol, perChunk = false }: FrameParserOptions = {}) {
    // An array keeps a whole chunk in memory, so no more than one may wait.
    super({ readableObjectMode: true, ...(perChunk && { readableHighWaterMark: 1 }) });
    this.#decoder = new FrameDecoder(protocol);
    this.#perChunk = perChunk;
  }

  /** Bytes parsed so far; see {@link FrameDecoder.bytesConsumed}. */
  get bytesConsumed(): number {
    return this.#decoder.bytesConsumed;
  }

  /** @returns false while the reader does not keep up: continue at `drain`. */
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (this.#perChunk && encoding === undefined && chunk instanceof Uint8Array && this.isDirect) {
      return this.#parse(chunk);
    }
    return (super.write as Write)(chunk, encoding, callback);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (!this.#decoder.ended) {
      const items = this.#decoder.decode(chunk);
      if (!this.#perChunk) for (const item of items) this.push(item);
      else if (items.length > 0) this.push(items);
      if (this.#decoder.ended) this.push(null);
    }
    callback();
    // Nobody reads from the readable side after its end, so the Transform would never accept another chunk.
    if (this.#decoder.ended) this._read(0);
  }

  override _flush(callback: TransformCallback): void {
    const fault = this.#decoder.end();
    if (fault !== undefined) this.push(this.#perChunk ? [fault] : fault);
    callback();
  }

  #parse(chunk: Uint8Array): boolean {
    if (this.#decoder.ended) return true;
    const items = this.#decoder.decode(chunk);
    const wantsMore = items.length === 0 || this.handOver(items);
    if (this.#decoder.ended) this.push(null);
    return wantsMore;
  }
}
