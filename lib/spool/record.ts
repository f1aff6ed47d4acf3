import { crc32 } from 'node:zlib';

/*
 * One batch in a segment: a header of 64 bytes, then the batch's bytes. docs/spool-format.md specifies it.
 *
 * The header has a checksum of its own: if only the batch's bytes are damaged, its id and its amount are still
 * known, and a record that a killed process did not finish can be told from a damaged one.
 */
export const HEADER = 64;
const MAGIC = Buffer.from([0x42, 0x4c, 0x52, 0x01]);
const MAGIC_NUMBER = MAGIC.readUInt32BE();
const [HEADER_SUM, BODY_SUM, LENGTH, COUNT, TAG, KEY, ID, TIME, BATCHES, LOGS, BYTES] = [
  4, 8, 12, 16, 20, 21, 24, 32, 40, 48, 56,
] as const;

/** A number of batches, of the logs in them, and of their bytes. */
export interface Size {
  batches: number;
  logs: number;
  bytes: number;
}

export const NOTHING: Readonly<Size> = { batches: 0, logs: 0, bytes: 0 };

/** A batch to be stored. */
export interface SpoolBatch {
  /** The tag of its frame, 0 to 255. */
  readonly tag: number;
  /** How many logs it contains. */
  readonly count: number;
  readonly raw: Buffer;
}

export interface Header {
  readonly id: number;
  readonly tag: number;
  readonly count: number;
  readonly length: number;
  /** When it was appended, in ms since 1970. */
  readonly time: number;
  /** The total of what was appended to the spool before it, without headers. */
  readonly before: Readonly<Size>;
  /** A random number that all records of a segment share, so that no batch can contain a forged record. */
  readonly key: number;
}

/** A stored batch. Its bytes are a view of what was read, in which its header comes before them. */
export interface Entry extends SpoolBatch {
  readonly id: number;
  /** When it was appended, in ms since 1970. */
  readonly time: number;
}

/** Ids that cannot be read. */
export interface Damage {
  readonly first: number;
  /** The id after the last one that is missing; undefined if the end of the last segment is damaged. */
  readonly until: number | undefined;
  /** What these ids contained, as far as this is known. */
  readonly lost: Size | undefined;
  /** Where the damaged bytes are. */
  readonly from: number;
  readonly to: number;
}

export interface Expected {
  /** The id of the next record, and all that was appended before it. */
  readonly id: number;
  readonly before: Readonly<Size>;
  /** The id that no record of the segment reaches; Infinity if only the records tell. */
  readonly end: number;
  /** What was appended before that id, if this is known. */
  readonly after?: Readonly<Size> | undefined;
  readonly key?: number | undefined;
}

export interface Parsed extends Pick<Expected, 'id' | 'before' | 'key'> {
  readonly entries: Entry[];
  readonly damage: Damage[];
  /** Where the next record begins. */
  readonly at: number;
  /**
   * Why the parser stopped. `more`: the bytes end inside a record. `damaged`: there is no record at `at`. With
   * `isWhole` it is `end`, or `torn` if the last record is incomplete, as a kill leaves it.
   */
  readonly stop: 'end' | 'more' | 'damaged' | 'torn';
}

export function encodeRecord(
  into: Buffer,
  at: number,
  { tag, count, raw }: SpoolBatch,
  { id, time, before, key }: Pick<Header, 'id' | 'time' | 'before' | 'key'>,
): number {
  into.set(MAGIC, at);
  into.writeUInt32BE(crc32(raw), at + BODY_SUM);
  into.writeUInt32BE(raw.length, at + LENGTH);
  into.writeUInt32BE(count, at + COUNT);
  into.writeUInt32BE(tag * 2 ** 24 + key, at + TAG);
  put(into, at + ID, id);
  put(into, at + TIME, time);
  put(into, at + BATCHES, before.batches);
  put(into, at + LOGS, before.logs);
  put(into, at + BYTES, before.bytes);
  into.writeUInt32BE(crc32(into.subarray(at + BODY_SUM, at + HEADER)), at + HEADER_SUM);
  into.set(raw, at + HEADER);
  return at + HEADER + raw.length;
}

/** @returns undefined if the bytes at `at` are not an intact header. */
export function decodeHeader(bytes: Buffer, at: number): Header | undefined {
  if (at + HEADER > bytes.length || bytes.readUInt32BE(at) !== MAGIC_NUMBER) return undefined;
  if (bytes.readUInt32BE(at + HEADER_SUM) !== crc32(bytes.subarray(at + BODY_SUM, at + HEADER)))
    return undefined;
  return {
    id: get(bytes, at + ID),
    tag: bytes.readUInt8(at + TAG),
    count: bytes.readUInt32BE(at + COUNT),
    length: bytes.readUInt32BE(at + LENGTH),
    time: get(bytes, at + TIME),
    before: {
      batches: get(bytes, at + BATCHES),
      logs: get(bytes, at + LOGS),
      bytes: get(bytes, at + BYTES),
    },
    key: bytes.readUIntBE(at + KEY, 3),
  };
}

/**
 * Reads the records in the bytes of a segment, which begin at a record.
 *
 * @param isWhole Whether the bytes reach to the segment's end: then the parser continues behind damage.
 */
export function parse(bytes: Buffer, expected: Expected, isWhole: boolean): Parsed {
  const entries: Entry[] = [];
  const damage: Damage[] = [];
  const { end, after } = expected;
  let { id, before, key } = expected;
  /** The last record, if its amounts are not in `before` yet. */
  let last: Header | undefined;
  let at = 0;
  let stop: Parsed['stop'] = 'end';
  const total = () => (last === undefined ? before : totalAfter(last));
  const miss = (until: number | undefined, amount: Readonly<Size> | undefined, to: number) => {
    damage.push({ first: id, until, lost: amount && less(amount, total()), from: at, to });
    [id, before, at, last] = [until ?? id, amount ?? total(), to, undefined];
  };
  /** The intact header there, if its record may be the next one. */
  const headerAt = (from: number) => {
    const header = decodeHeader(bytes, from);
    if (header === undefined || header.id < id || header.id >= end) return undefined;
    return key === undefined || header.key === key ? header : undefined;
  };
  const rawOf = (from: number, { length }: Header) => {
    const raw = bytes.subarray(from + HEADER, from + HEADER + length);
    return raw.length === length && bytes.readUInt32BE(from + BODY_SUM) === crc32(raw) ? raw : undefined;
  };
  /** Where the next intact record begins. */
  const find = (from: number) => {
    for (let found = bytes.indexOf(MAGIC, from); found !== -1; found = bytes.indexOf(MAGIC, found + 1)) {
      const header = headerAt(found);
      if (header !== undefined && rawOf(found, header) !== undefined) return found;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const header = headerAt(at);
    const to = header === undefined ? at : at + HEADER + header.length;
    if (to > bytes.length || (!isWhole && bytes.length - at < HEADER)) {
      stop = isWhole ? 'torn' : 'more';
      break;
    }
    const raw = header && rawOf(at, header);
    if (header !== undefined && raw !== undefined) {
      if (header.id !== id) miss(header.id, header.before, at);
      entries.push({ id: header.id, tag: header.tag, count: header.count, time: header.time, raw });
      id = header.id + 1;
      key = header.key;
      last = header;
      at = to;
      continue;
    }
    if (!isWhole) {
      stop = 'damaged';
      break;
    }
    // The bytes of a damaged batch are not searched if its length is known: a sender chose them.
    const next = find(header === undefined ? at + 1 : to);
    if (next !== undefined) {
      const found = decodeHeader(bytes, next) as Header;
      miss(found.id, found.before, next);
    } else if (end !== Number.POSITIVE_INFINITY) {
      break;
    } else if (header !== undefined) {
      miss(header.id + 1, totalAfter(header), to);
    } else {
      const rest = bytes.subarray(at, at + MAGIC.length);
      if (bytes.length - at < HEADER && rest.equals(MAGIC.subarray(0, rest.length))) stop = 'torn';
      else damage.push({ first: id, until: undefined, lost: undefined, from: at, to: bytes.length });
      break;
    }
  }
  const torn = at;
  if (isWhole && id < end && end !== Number.POSITIVE_INFINITY) miss(end, after, bytes.length);
  return { entries, damage, at: torn, stop, id, before: total(), key };
}

/** The total of what was appended up to this record, inclusive. */
function totalAfter({ before, count, length }: Header): Size {
  return { batches: before.batches + 1, logs: before.logs + count, bytes: before.bytes + length };
}

/** Adds to an amount, or takes from it. */
export function grow(size: Size, { batches, logs, bytes }: Readonly<Size>, sign: 1 | -1): void {
  size.batches += sign * batches;
  size.logs += sign * logs;
  size.bytes += sign * bytes;
}

/** Of one batch, with its header. */
export function sizeOf({ count, raw }: SpoolBatch): Size {
  return { batches: 1, logs: count, bytes: HEADER + raw.length };
}

/** Never below 0: totals begin again after the last segment of a spool is gone. */
export function less(size: Readonly<Size>, other: Readonly<Size>): Size {
  return {
    batches: Math.max(0, size.batches - other.batches),
    logs: Math.max(0, size.logs - other.logs),
    bytes: Math.max(0, size.bytes - other.bytes),
  };
}

function put(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

function get(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/**
 * What became of a batch: its byte in an `.acked` file. Any two values differ in four bits, so that a flipped bit
 * is corrected, and two flipped bits never make a waiting batch an acknowledged one.
 */
export const State = {
  WAITING: 0x00,
  ACKNOWLEDGED: 0xff,
  /** A process began to process it, and has not ended doing so. */
  STARTED: 0x33,
  /** The same once more, after the process with the first mark was gone. */
  STARTED_AGAIN: 0x55,
  QUARANTINED: 0x66,
  /** Its record is damaged, and this was reported. */
  LOST: 0x0f,
} as const;

const STATES: readonly number[] = Object.values(State);

const CORRECTED = Uint8Array.from({ length: 256 }, (_, byte) => {
  return STATES.find((state) => bitsOf(state ^ byte) <= 1) ?? State.WAITING;
});

/** The states in the bytes of a file, corrected. */
export function decodeStates(bytes: Buffer): Buffer {
  return bytes.map((byte) => CORRECTED[byte] as number) as Buffer;
}

/** Whether the batch need not be delivered any more. */
export function isFinished(state: number): boolean {
  return state === State.ACKNOWLEDGED || state === State.LOST || state === State.QUARANTINED;
}

function bitsOf(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}
