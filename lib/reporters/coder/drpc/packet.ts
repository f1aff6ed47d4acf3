/**
 * DRPC, as in storj.io/drpc: remote procedure calls over a stream of bytes. A call consists of packets, and a packet of
 * one or more frames. A frame consists of a control byte, three varints (stream id, message id, length of the data) and
 * the data.
 */

export const PacketKind = {
  /** Starts a call. The data is the name of the method. */
  INVOKE: 1,
  MESSAGE: 2,
  /** Ends a call. The data is a code (uint64, big-endian) and a text. */
  ERROR: 3,
  CANCEL: 4,
  /** The sender has finished the call, in both directions. */
  CLOSE: 5,
  /** The sender will send no more messages. */
  CLOSE_SEND: 6,
} as const;

/** The control byte: bit 0 says that this is the last frame of its packet, bits 1 to 6 are the packet's kind. */
export const DONE_BIT = 1;
export const KIND_SHIFT = 1;
export const KIND_MASK = 0x3f;
/** Bit 7 of the control byte marks a packet that does not belong to the call. */
export const CONTROL_BIT = 0x80;

/** Longest data of a packet that the server accepts, in bytes, inclusive. The client has the same limit. */
export const MAX_PACKET_LENGTH = 4 * 1024 * 1024;
/** Longest data of a frame that the client sends, in bytes. A longer packet is sent in several frames. */
export const MAX_FRAME_DATA_LENGTH = 64 * 1024;

/** The DRPC stream id of every call: each call has a yamux stream of its own, and is the first one on it. */
export const STREAM_ID = 1;

export interface Packet {
  /** A {@link PacketKind}, or a kind of a later version. */
  readonly kind: number;
  /** Whether the packet does not belong to the call. A receiver ignores such a packet if it does not know its kind. */
  readonly control: boolean;
  readonly streamId: number;
  /** Starts with 1, and increases with each packet. Each direction counts for itself. */
  readonly messageId: number;
  readonly data: Buffer;
}
