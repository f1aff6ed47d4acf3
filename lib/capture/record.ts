/** The beginning of a capture. */
export interface CaptureStart {
  /** What distinguishes it from the other records. */
  readonly kind: 'start';
  /** When the capture was begun, in µs since 1970. */
  readonly startedAt: number;
}

/** Something that happened to a connection. */
export interface CaptureConnection {
  /**
   * `open`: it was accepted. `end`: its sender has ended it, after everything that it had written. `broken`: it broke.
   * `closed`: the receiver closed it first.
   */
  readonly kind: 'open' | 'end' | 'broken' | 'closed';
  /** The number of the connection: 1 or higher, and higher than those of all connections that were opened before. */
  readonly connection: number;
  /** When it happened, in µs since the start. */
  readonly time: number;
}

/** Bytes that a sender wrote. */
export interface CaptureData {
  /** What distinguishes it from the other records. */
  readonly kind: 'data';
  /** The number of the connection. */
  readonly connection: number;
  /** When they arrived, in µs since the start. */
  readonly time: number;
  /** At least one. In a capture that was recorded, what one read of the socket returned. */
  readonly bytes: Buffer;
}

/** Says that something is missing, because the recorder could not write it. */
export interface CaptureGap {
  /** What distinguishes it from the other records. */
  readonly kind: 'gap';
  /** The number of the connection whose bytes are missing here; 0 if the number is not known. */
  readonly connection: number;
  /** When the recorder could write again, in µs since the start. */
  readonly time: number;
  /** How many bytes of senders are missing. */
  readonly bytes: number;
  /** How many connections are missing altogether. */
  readonly connections: number;
}

/** The last record of a capture that was written to its end. */
export interface CaptureFinish {
  /** What distinguishes it from the other records. */
  readonly kind: 'finish';
  /** When the recorder ended, in µs since the start. */
  readonly time: number;
}

/** One record of a capture. `kind` distinguishes the variants. */
export type CaptureRecord = CaptureStart | CaptureConnection | CaptureData | CaptureGap | CaptureFinish;

/** The values of the byte that says what a record is. docs/capture-format.md specifies the format. */
export const KIND_NUMBERS = { open: 1, data: 2, end: 3, broken: 4, closed: 5, gap: 6, finish: 7 } as const;

/** Present in each capture; `start` is not a record of its own but the header of the file. */
export const MAGIC = Buffer.from([0x89, 0x42, 0x4c, 0x43, 0x41, 0x50, 0x0a]);
export const VERSION = 1;
/** Length of the header of a capture: the magic, the version, the start, and a checksum. */
export const FILE_HEADER = 20;
/** Length of the header of a record. */
export const RECORD_HEADER = 24;
export const GAP_LENGTH = 16;
/** Most bytes in one record. */
export const MAX_RECORD_BYTES = 2 ** 24 - 1;

/** A capture with times begins with this byte, which is not a tag. */
export const FIRST_BYTE = MAGIC[0] as number;
