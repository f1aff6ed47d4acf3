import { type Frame, FrameDecoder, type FrameFault, type Protocol } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { flag, type OptionTable, resolveOptions } from '../options.js';
import type { TransformCallback } from './base.js';
import { DirectTransform, isIdle, type Write } from './direct.js';
import { PROTOCOL_OPTION } from './protocol-option.js';
import type { WriteRest } from './typed-stream.js';

/**
 * How many frames are made of a chunk before the reader is asked whether it wants more. A chunk can contain thousands of
 * empty frames, each of which takes more memory as an object than it does on the wire.
 */
const MAX_FRAMES = 100;

const NOTHING = new Uint8Array(0);

/** Options of {@link FrameParser}. */
export interface FrameParserOptions<PerChunk extends boolean = boolean> {
  /** Which tags exist and how long their payloads may be. Default: boundary's. */
  protocol?: Protocol | undefined;
  /**
   * Whether to push the frames of a chunk as one array, which costs less. MessageDecoder and Demux accept both forms. If
   * there are more than 100, they are several arrays. Default: `false`, one object per frame.
   */
  perChunk?: PerChunk | undefined;
}

export const FRAME_PARSER_OPTIONS = {
  protocol: { ...PROTOCOL_OPTION, doc: 'Which tags exist and how long their payloads may be' },
  perChunk: {
    ...flag,
    default: false,
    doc: 'Whether to push the frames of a chunk as one array, which costs less',
  },
} satisfies OptionTable<FrameParserOptions>;
/** What a {@link FrameParser} emits: with `perChunk` an array of what it emits otherwise. */
export type Parsed<PerChunk extends boolean = false> = PerChunk extends true
  ? (Frame | FrameFault)[]
  : Frame | FrameFault;

/**
 * Transform: bytes → `Frame { tag, payload }`, or with `perChunk: true` arrays of the frames of a chunk.
 *
 * It never emits an error for bad input. A fatal header and an end inside a frame are its last object, a
 * `FrameFault { error, fatal }`, because an error event would discard the frames before it. After a fatal fault the
 * readable side ends, and everything written later is discarded unread.
 *
 * If a chunk contains a whole frame, the frame's payload is a view of that chunk.
 */
export class FrameParser<PerChunk extends boolean = false> extends DirectTransform<
  Uint8Array | string,
  Parsed<PerChunk>
> {
  readonly #decoder: FrameDecoder;
  readonly #perChunk: boolean;
  /** Parses the rest of a chunk when the reader wants more. */
  #continue: (() => void) | undefined;

  /** @throws ERR_INVALID_OPTION, also if the protocol has a tag or a length that a header cannot express. */
  constructor(options: FrameParserOptions<PerChunk> = {}) {
    const given = options as FrameParserOptions<boolean>;
    const { protocol, perChunk } = resolveOptions('FrameParser', given, FRAME_PARSER_OPTIONS);
    // An array keeps a whole chunk in memory, so no more than one may wait.
    super({ readableObjectMode: true, ...(perChunk && { readableHighWaterMark: 1 }) });
    this.#decoder = new FrameDecoder(protocol);
    this.#perChunk = perChunk;
  }

  /** Bytes parsed so far; see {@link FrameDecoder.bytesConsumed}. */
  get bytesConsumed(): number {
    return this.#decoder.bytesConsumed;
  }

  /** Where in the stream the incomplete frame began, if there is one; see {@link FrameDecoder.incompleteSince}. */
  get incompleteSince(): number | undefined {
    return this.#decoder.incompleteSince;
  }

  /** @returns false while the reader does not keep up: continue at `drain`. */
  override write(chunk: never, encoding?: unknown, callback?: unknown): boolean;
  override write(chunk: Uint8Array | string, ...rest: WriteRest): boolean;
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (encoding === undefined && callback === undefined && chunk instanceof Uint8Array && this.isDirect) {
      let rest = chunk;
      let wantsMore = true;
      // What the reader has written to this stream meanwhile comes after the whole chunk.
      while (rest.length > 0 && (wantsMore || !isIdle(this))) {
        const [frames, after] = this.#decode(rest);
        if (!this.#perChunk) for (const frame of frames) wantsMore = this.#deliver(frame, wantsMore);
        else if (frames.length > 0) wantsMore = this.#deliver(frames, wantsMore);
        rest = after;
      }
      if (this.#decoder.ended) this.push(null);
      return (rest.length === 0 || (super.write as Write)(rest)) && wantsMore;
    }
    // Decoding has replaced bytes that are not UTF-8, and each header contains such bytes, or zeros.
    if (typeof chunk === 'string' && typeof encoding !== 'string') {
      const message = 'FrameParser: got a text, expected bytes: do not call setEncoding() on the source';
      this.destroy(new BoundaryLogError('ERR_INVALID_EVENT', message));
      return false;
    }
    return (super.write as Write)(chunk, encoding, callback);
  }

  override _transform(chunk: Uint8Array, encoding: BufferEncoding, callback: TransformCallback): void {
    let rest = chunk;
    let wantsMore = true;
    while (rest.length > 0 && wantsMore) {
      const [frames, after] = this.#decode(rest);
      if (!this.#perChunk) for (const frame of frames) wantsMore = this.push(frame as Parsed<PerChunk>);
      else if (frames.length > 0) wantsMore = this.push(frames as Parsed<true> as Parsed<PerChunk>);
      rest = after;
    }
    if (rest.length > 0) {
      this.#continue = () => this._transform(rest as Buffer, encoding, callback);
      return;
    }
    if (this.#decoder.ended) this.push(null);
    callback();
    // After its end nobody asks the readable side for more, so the Transform would never accept another chunk.
    if (this.#decoder.ended) super._read(0);
  }

  override _read(size: number): void {
    const next = this.#continue;
    this.#continue = undefined;
    if (next === undefined) {
      super._read(size);
      return;
    }
    const before = this.readableLength;
    next();
    // If the rest of the chunk completed no frame, nothing was pushed, and the stream would not call _read() again.
    if (this.#continue === undefined && this.readableLength === before) super._read(size);
  }

  override _flush(callback: TransformCallback): void {
    const fault = this.#decoder.end();
    if (fault !== undefined) this.push((this.#perChunk ? [fault] : fault) as Parsed<PerChunk>);
    callback();
  }

  /** Decodes some frames. @returns them, and the rest of the chunk. */
  #decode(chunk: Uint8Array): [frames: (Frame | FrameFault)[], rest: Uint8Array] {
    if (this.#decoder.ended) return [[], NOTHING];
    const before = this.#decoder.bytesConsumed;
    const frames = this.#decoder.decode(chunk, MAX_FRAMES);
    const length = this.#decoder.bytesConsumed - before;
    return [frames, this.#decoder.ended || length === chunk.length ? NOTHING : chunk.subarray(length)];
  }

  /** Hands an object over, or makes it wait if the reader has paused the stream. */
  #deliver(item: Parsed<boolean>, wantsMore: boolean): boolean {
    const object = item as Parsed<PerChunk>;
    if (wantsMore) return this.handOver(object);
    this.push(object);
    return false;
  }
}
