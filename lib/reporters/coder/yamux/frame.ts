/**
 * yamux, version 0, as in hashicorp/yamux: many streams of bytes over one connection.
 *
 * It is implemented here because no package fits: yamux-js 0.2 ignores FIN, may send it twice, and polls when a window
 * is used up; @chainsafe/libp2p-yamux 8 works only with the connections and streams of libp2p.
 */

/**
 * Length of a frame's header, in bytes. All fields are big-endian: version (uint8), type (uint8), flags (uint16),
 * stream id (uint32), length (uint32).
 */
export const HEADER_LENGTH = 12;
export const VERSION = 0;

/** The type field says what a frame is for, and what its length field means. */
export const FrameType = {
  /** Transmits data. The length field is the number of bytes that follow the header; it may be 0. */
  DATA: 0,
  /** Increases the receiver's send window for a stream. The length field is the increase, in bytes. */
  WINDOW_UPDATE: 1,
  /** With SYN a request, with ACK the response to it. The length field is an opaque value, which is echoed. */
  PING: 2,
  /** Tells the other side not to open new streams. The length field is a {@link GoAwayCode}. */
  GO_AWAY: 3,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** The flags of a frame, which may be combined. */
export const Flag = {
  NONE: 0,
  /** Starts a new stream. */
  SYN: 1,
  /** Acknowledges the start of a new stream. */
  ACK: 2,
  /** Half-closes a stream: its sender will send no more data on it. */
  FIN: 4,
  /** Resets a stream immediately, in both directions. */
  RST: 8,
} as const;

export const GoAwayCode = { NORMAL: 0, PROTOCOL_ERROR: 1 } as const;

/** The stream id of frames that concern the whole session. */
export const SESSION = 0;
/** The streams of a client have odd ids, from 1 to this. */
export const MAX_STREAM_ID = 0xffff_ffff;

/** The size of a new stream's window, in each direction: how many bytes may be sent before a window update. */
export const INITIAL_WINDOW = 256 * 1024;

export interface Frame {
  readonly type: FrameType;
  /** A combination of {@link Flag}s. */
  readonly flags: number;
  readonly streamId: number;
  /** Its meaning depends on the type, see {@link FrameType}. */
  readonly length: number;
  /** The payload of a data frame. It is a view of the chunk, if it arrived in one chunk. */
  readonly data: Buffer;
}
