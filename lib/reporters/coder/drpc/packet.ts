/** DRPC, as storj.io/drpc speaks it: calls as packets of one or more frames, over a stream of bytes. */

export const PacketKind = {
  /** Data: the name of the method. */
  INVOKE: 1,
  MESSAGE: 2,
  /** Data: a code, uint64 big-endian, and a text. */
  ERROR: 3,
  CANCEL: 4,
  /** Its sender has done with the call. */
  CLOSE: 5,
  /** Its sender will send no more messages. */
  CLOSE_SEND: 6,
  INVOKE_METADATA: 7,
} as const;

/** Of a frame's first byte: bit 0, bits 1 to 6, bit 7. */
export const DONE_BIT = 1;
export const KIND_SHIFT = 1;
export const KIND_MASK = 0x3f;
export const CONTROL_BIT = 0x80;

/** Longest data of a packet, in bytes, inclusive. The server's limit, and ours. */
export const MAX_PACKET_LENGTH = 4 * 1024 * 1024;
/** A longer packet goes in several frames. */
export const MAX_FRAME_DATA_LENGTH = 64 * 1024;

/** Each call has a yamux stream of its own, on which it is the first one. */
export const STREAM_ID = 1;

export interface Packet {
  /** Of {@link PacketKind}, or one of a later version. */
  readonly kind: number;
  /** Not of the call: to be ignored where it is not known. */
  readonly control: boolean;
  readonly streamId: number;
  /** From 1, rising, each way for itself. */
  readonly messageId: number;
  readonly data: Buffer;
}
