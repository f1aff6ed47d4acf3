import { checkArgument } from './argument.js';
import { BoundaryLogError } from './errors.js';

/** Length of a frame's header in bytes: one big-endian uint32, the tag in its top 8 bits, the length in the low 24. */
export const HEADER_LENGTH = 4;

/** Longest payload of either of boundary's tags, in bytes, inclusive. */
export const MAX_PAYLOAD_LENGTH = 32_768;

/** The two tags of boundary's protocol. */
export const Tag = {
  /** A bare `ReportBoundaryLogsRequest`, from older senders. */
  V1: 1,
  /** A `BoundaryMessage` envelope: logs or status. */
  V2: 2,
} as const;
export type Tag = (typeof Tag)[keyof typeof Tag];

/** Largest length that the 24 bits of a header can express. */
const MAX_HEADER_PAYLOAD_LENGTH = 0xff_ffff;

/** What {@link isLength} accepts, in words. */
export const LENGTH = `a whole number from 0 to ${MAX_HEADER_PAYLOAD_LENGTH}`;

/** Whether a header can express the length of a payload. */
export function isLength(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_HEADER_PAYLOAD_LENGTH;
}

/** Whether a header can express a tag. */
export function isTag(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xff;
}

/** One message as it is on the wire, without its header. */
export interface Frame {
  /** 0 to 255. */
  readonly tag: number;
  /** A view of the chunk if one chunk contained the whole frame. Copy it to keep it. */
  readonly payload: Buffer;
}

/** Describes an abnormal end of the byte stream. Always the last object emitted. */
export interface FrameFault {
  /** What went wrong. */
  readonly error: BoundaryLogError;
  /** True if the rest cannot be split into frames, so that the connection must be closed. False for a truncated end. */
  readonly fatal: boolean;
}

/**
 * Encodes a payload as one frame: its header and its bytes.
 *
 * @param tag 0 to 255.
 * @param payload The encoded message.
 * @param maxLength Longest payload allowed in bytes. Default {@link MAX_PAYLOAD_LENGTH}, at most 2^24 - 1.
 * @throws ERR_INVALID_OPTION if an argument is not such a value.
 * @throws ERR_MESSAGE_TOO_LARGE if the payload is longer than `maxLength`.
 */
export function encodeFrame(tag: number, payload: Uint8Array, maxLength = MAX_PAYLOAD_LENGTH): Buffer {
  checkArgument('tag', tag, isTag(tag), 'a whole number from 0 to 255');
  checkArgument('payload', payload, payload instanceof Uint8Array, 'a Uint8Array');
  checkArgument('maxLength', maxLength, isLength(maxLength), LENGTH);
  if (payload.length > maxLength) {
    throw new BoundaryLogError(
      'ERR_MESSAGE_TOO_LARGE',
      `a payload of ${payload.length} bytes is longer than the ${maxLength} that tag ${tag} allows: split it`,
    );
  }
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + payload.length);
  frame.writeUInt32BE(tag * 0x100_0000 + payload.length, 0);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}
