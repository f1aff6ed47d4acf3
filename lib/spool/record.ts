import { crc32 } from 'node:zlib';
import { LogBatch } from '../../codec/index.js';

/*
 * One batch in a segment: a header of 64 bytes, then the batch's bytes. docs/spool-format.md specifies it.
 *
 * The header has a checksum of its own: if only the batch's bytes are damaged, its id and its amount are still
 * known, and a record that a killed process did not finish can be told from a damaged one.
 */
export const HEADER = 64;
const MAGIC = Buffer.from([0x42, 0x4c, 0x52, 0x01]);
const [HEADER_SUM, BODY_SUM, LENGTH, COUNT, TAG, KEY, ID, TIME, BATCHES, LOGS, BYTES] = [
  4, 8, 12, 16, 20, 21, 24, 32, 40, 48, 56,
] as const;

/** A number of batches, of the logs in them, and of their bytes. */
export interface Size {
  batches: number;
  logs: number;
  bytes: number;
}

/** A batch to be stored. */
export interface SpoolBatch {
  /** The tag of its frame, 0 to 255. */
  readonly tag: number;
  /** How many logs it contains. */
  readonly count: number;
  readonly raw: Uint8Array;
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

/** A stored batch, and where its bytes are. */
export interface Entry extends Header {
  readonly bytes: Buffer;
  readonly start: number;
}

/** The batch of an entry. */
export function batchOf({ tag, count, bytes, start, length }: Entry): LogBatch {
  return new LogBatch(tag, count, bytes.subarray(start, start + length));
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

export interface Parsed extends Expected {
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
  if (at + HEADER > bytes.length || bytes.compare(MAGIC, 0, 4, at, at + 4) !== 0) return undefined;
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
  let { id, before, key } = expected;
  let at = 0;
  let stop: Parsed['stop'] = 'end';
  const miss = (until: number | undefined, after: Readonly<Size> | undefined, to: number) => {
    damage.push({ first: id, until, lost: after && less(after, before), from: at, to });
  };
  while (at < bytes.length) {
    const header = decodeHeader(bytes, at);
    const isExpected = header !== undefined && fits(header, id, expected.end, key);
    const end = isExpected ? at + HEADER + header.length : at;
    if (end > bytes.length || (!isWhole && bytes.length - at < HEADER)) {
      stop = isWhole ? 'torn' : 'more';
      break;
    }
    if (isExpected && isIntact(bytes, at, end)) {
      if (header.id !== id) miss(header.id, header.before, at);
      entries.push({ ...header, bytes, start: at + HEADER });
      [id, before, key, at] = [header.id + 1, after(header), header.key, end];
      continue;
    }
    if (!isWhole) {
      stop = 'damaged';
      break;
    }
    // The bytes of a damaged batch are not searched if its length is known: a sender chose them.
    const next = find(bytes, isExpected ? end : at + 1, id, expected.end, key);
    if (next !== undefined) {
      const found = decodeHeader(bytes, next) as Header;
      miss(found.id, found.before, next);
      [id, before, at] = [found.id, found.before, next];
      continue;
    }
    if (expected.end === Number.POSITIVE_INFINITY) {
      if (isExpected) {
        miss(header.id + 1, after(header), end);
        [id, before, at] = [header.id + 1, after(header), end];
        continue;
      }
      const rest = bytes.subarray(at, at + MAGIC.length);
      if (bytes.length - at < HEADER && rest.equals(MAGIC.subarray(0, rest.length))) stop = 'torn';
      else miss(undefined, undefined, bytes.length);
    }
    break;
  }
  if (isWhole && id < expected.end && expected.end !== Number.POSITIVE_INFINITY) {
    miss(expected.end, expected.after, bytes.length);
    [id, before] = [expected.end, expected.after ?? before];
  }
  return { entries, damage, at, stop, id, before, key, end: expected.end, after: expected.after };
}

/** The total of what was appended up to this record, inclusive. */
export function after({ before, count, length }: Header): Size {
  return { batches: before.batches + 1, logs: before.logs + count, bytes: before.bytes + length };
}

/** Adds to an amount, or takes from it. */
export function grow(size: Size, { batches, logs, bytes }: Readonly<Size>, sign: 1 | -1): void {
  size.batches += sign * batches;
  size.logs += sign * logs;
  size.bytes += sign * bytes;
  if (size.batches > 0) return;
  // After a power failure, a record of a write that had failed may be back, and its totals contradict the others.
  size.logs = 0;
  size.bytes = 0;
}

/** With the header. */
export function sizeOf({ count, length }: Header): Size {
  return { batches: 1, logs: count, bytes: HEADER + length };
}

/** Never below 0: totals begin again after the last segment of a spool is gone. */
export function less(size: Readonly<Size>, other: Readonly<Size>): Size {
  return {
    batches: Math.max(0, size.batches - other.batches),
    logs: Math.max(0, size.logs - other.logs),
    bytes: Math.max(0, size.bytes - other.bytes),
  };
}

/** Where the next intact record begins. */
function find(
  bytes: Buffer,
  from: number,
  id: number,
  end: number,
  key: number | undefined,
): number | undefined {
  for (let at = bytes.indexOf(MAGIC, from); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    const header = decodeHeader(bytes, at);
    if (header === undefined || !fits(header, id, end, key)) continue;
    const to = at + HEADER + header.length;
    if (to <= bytes.length && isIntact(bytes, at, to)) return at;
  }
  return undefined;
}

function fits(header: Header, id: number, end: number, key: number | undefined): boolean {
  return header.id >= id && header.id < end && (key === undefined || header.key === key);
}

function isIntact(bytes: Buffer, at: number, end: number): boolean {
  return bytes.readUInt32BE(at + BODY_SUM) === crc32(bytes.subarray(at + HEADER, end));
}

function put(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

function get(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
