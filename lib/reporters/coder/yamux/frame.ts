/**
 * yamux, version 0, as hashicorp/yamux speaks it: many streams of bytes over one connection.
 *
 * Own code, as no package fits: yamux-js 0.2 overlooks FIN, may send it twice, and polls where a window is used
 * up; @chainsafe/libp2p-yamux 8 runs only on libp2p's own connections and streams.
 */

/** Of a frame: version u8, type u8, flags u16, stream id u32, length u32, big-endian. */
export const HEADER_LENGTH = 12;
export const VERSION = 0;

export const FrameType = {
  /** `length` bytes of a stream follow. */
  DATA: 0,
  /** `length` more bytes of a stream may be sent. */
  WINDOW_UPDATE: 1,
  /** With SYN a question, with ACK its answer; `length` is a value that both have. */
  PING: 2,
  /** No new streams; `length` is a {@link GoAwayCode}. */
  GO_AWAY: 3,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export const Flag = {
  NONE: 0,
  /** Opens a stream. */
  SYN: 1,
  /** Confirms that it was opened. */
  ACK: 2,
  /** Its sender will send no more on the stream. */
  FIN: 4,
  /** The stream is over at once. */
  RST: 8,
} as const;

export const GoAwayCode = { NORMAL: 0, PROTOCOL_ERROR: 1, INTERNAL_ERROR: 2 } as const;

/** The stream id of what concerns the session. A client's streams are odd, from 1. */
export const SESSION = 0;
export const MAX_STREAM_ID = 0xffff_ffff;

/** How many bytes of a stream may be under way, each way, until the receiver allows for more. */
export const INITIAL_WINDOW = 256 * 1024;

export interface Frame {
  readonly type: FrameType;
  /** Of {@link Flag}, any of them together. */
  readonly flags: number;
  readonly streamId: number;
  /** What it says depends on the type. */
  readonly length: number;
  /** Of a data frame; a view of the chunk that it came in, where it lay in one. */
  readonly data: Buffer;
}
