import { BoundaryLogError } from './errors.js';
import { unload, withLoaded } from './fast-path.js';
import { type Frame, type FrameFault, MAX_PAYLOAD_LENGTH, Tag } from './frame.js';
import { decodeMessage, unsupportedTag } from './message.js';
import type { Close, Outcome, Skip } from './outcome.js';
import { checkFrame, checkProtocol, isKinded } from './protocol-check.js';
import { shown } from './shown.js';

/** A value that is discriminated by its `kind`: what the payloads of a protocol are decoded to. */
export interface Kinded {
  /** The name of the variant. */
  readonly kind: string;
}

/** One tag of a protocol. */
export interface TagDefinition<Message extends Kinded> {
  /** Longest payload in bytes, inclusive; at most 2^24 - 1. */
  readonly maxLength: number;
  /** Decodes a payload. If it throws, or returns anything but an object with a `kind`, the outcome is a `skip` with `ERR_INVALID_PAYLOAD`. */
  decode(frame: Frame): Message;
}

/** Which tags exist, how long their payloads may be, and how each payload is decoded. */
export interface Protocol<Message extends Kinded = Kinded> {
  /** By tag, 0 to 255. Every other tag is unsupported and ends the stream. */
  readonly tags: Readonly<Record<number, TagDefinition<Message>>>;
  /** The `kind` of each message. A `Demux` needs it, to know which routes there may be. */
  readonly kinds?: readonly Message['kind'][];
}

/** Boundary's own protocol. */
export const boundaryProtocol: Protocol<Outcome> = {
  tags: {
    [Tag.V1]: { maxLength: MAX_PAYLOAD_LENGTH, decode: decodeMessage },
    [Tag.V2]: { maxLength: MAX_PAYLOAD_LENGTH, decode: decodeMessage },
  },
  kinds: ['logs', 'status', 'unknown-variant', 'skip', 'close'],
};

/**
 * Returns the longest payload of each of the 256 tags in bytes, -1 for an unsupported tag.
 *
 * @throws ERR_INVALID_OPTION if the value is not a protocol.
 */
export function payloadLimits(protocol: Protocol): Int32Array {
  checkProtocol(protocol);
  const limits = new Int32Array(256).fill(-1);
  for (const [tag, { maxLength }] of Object.entries(protocol.tags)) limits[Number(tag)] = maxLength;
  return limits;
}

/** Decodes a frame, or the fault at the end of a stream. It throws only if `frame` is neither. */
export function decodeFrame<Message extends Kinded>(
  protocol: Protocol<Message>,
  frame: Frame | FrameFault,
): Message | Skip | Close {
  if ('error' in frame) return { kind: frame.fatal ? 'close' : 'skip', error: frame.error };
  const definition = protocol.tags[frame.tag];
  if (definition !== undefined && definition.decode === (decodeMessage as unknown))
    return definition.decode(frame);
  return decodeOther(definition, frame);
}

/** Apart from the path of boundary's own frames, which is short enough to be inlined. */
function decodeOther<Message extends Kinded>(
  definition: TagDefinition<Message> | undefined,
  frame: Frame,
): Message | Skip | Close {
  if (definition === undefined) {
    checkFrame(frame, false);
    return unsupportedTag(frame.tag);
  }
  // A custom function may write to the bytes of any frame.
  unload();
  try {
    const message = definition.decode(frame);
    if (!isKinded(message)) throw new TypeError(`got ${shown(message)}, expected an object with a kind`);
    return message;
  } catch (cause) {
    const message = `the payload under tag ${frame.tag} could not be decoded: ${(cause as Error)?.message}`;
    return { kind: 'skip', error: new BoundaryLogError('ERR_INVALID_PAYLOAD', message, { cause }) };
  }
}

/**
 * Decodes the frames of one chunk, in order. The result is the same as that of {@link decodeFrame} for each of them,
 * but their payloads are copied to WebAssembly memory together.
 */
export function decodeFrames<Message extends Kinded>(
  protocol: Protocol<Message>,
  frames: readonly (Frame | FrameFault)[],
): (Message | Skip | Close)[] {
  return withLoaded(frames, () => {
    const outcomes: (Message | Skip | Close)[] = [];
    for (const frame of frames) outcomes.push(decodeFrame(protocol, frame));
    return outcomes;
  });
}
