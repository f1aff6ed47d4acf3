import { BoundaryLogError } from './errors.js';

/** Bytes of a frame's header: one big-endian uint32, the tag in its top 8 bits, the length in the low 24. */
export const HEADER_LENGTH = 4;

/** Longest payload of either of boundary's tags, in bytes, inclusive. */
export const MAX_PAYLOAD_LENGTH = 32_768;

/** Boundary's two tags. */
export const Tag = {
  /** A bare `ReportBoundaryLogsRequest`, from older senders. */
  V1: 1,
  /** A `BoundaryMessage` envelope: logs or status. */
  V2: 2,
} as const;
export type Tag = (typeof Tag)[keyof typeof Tag];

/** Largest length that the 24 bits of a header can say. */
export const MAX_HEADER_PAYLOAD_LENGTH = 0xff_ffff;

/** One message as it stands on the wire, without its header. */
export interface Frame {
  /** 0 to 255. */
  readonly tag: number;
  /** A view of the chunk that the frame came in, where it lay in one. Copy it to keep it. */
  readonly payload: Buffer;
}

/** The end of a byte stream that is not the plain one: always its last object. */
export interface FrameFault {
  /** What went wrong. */
  readonly error: BoundaryLogError;
  /** The connection is to be closed: what follows cannot be cut into frames. Not so for a cut end. */
  readonly fatal: boolean;
}

/**
 * A payload with its header before it.
 *
 * @throws ERR_INVALID_OPTION for a tag that is no integer from 0 to 255.
 * @throws ERR_MESSAGE_TOO_LARGE for a payload of more than `maxLength` bytes (default
 *   {@link MAX_PAYLOAD_LENGTH}, at most 2^24 - 1).
 */
export function encodeFrame(tag: number, payload: Uint8Array, maxLength = MAX_PAYLOAD_LENGTH): Buffer {
  if (!Number.isInteger(tag) || tag < 0 || tag > 0xff) {
    throw new BoundaryLogError('ERR_INVALID_OPTION', `tag: got ${tag}, takes an integer from 0 to 255`);
  }
  const limit = Math.min(maxLength, MAX_HEADER_PAYLOAD_LENGTH);
  if (!(payload.length <= limit)) {
    throw new BoundaryLogError(
      'ERR_MESSAGE_TOO_LARGE',
      `a payload of ${payload.length} bytes is longer than the ${limit} that tag ${tag} allows: split it`,
    );
  }
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + payload.length);
  frame.writeUInt32BE(tag * 0x100_0000 + payload.length, 0);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}
