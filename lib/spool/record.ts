import { crc32 } from 'node:zlib';

/**
 * What the store holds, as bytes. LevelDB keeps the order of the keys; its own checksums are not verified when
 * it reads, so each value here carries one that covers the id, too: a flipped bit makes a record invalid, never
 * wrong.
 *
 * | key | value |
 * |---|---|
 * | `b`, id (uint64) | a segment: the records of this batch and of some that follow it, one after the other |
 * | `s` | the state: what the whole store holds, written with every change and in one with it |
 *
 * Numbers are big-endian. A record: 32 bytes of header, then the raw bytes of the batch. The header: CRC-32 of
 * all that follows it (uint32), version (uint8), tag (uint8), 0 (uint16), count (uint32), length of the raw
 * bytes (uint32), id (uint64), time (float64, ms since 1970). The ids in a segment have no gaps.
 *
 * The state: CRC-32 of all that follows it (uint32), version (uint8), then float64s: the numbers of
 * {@link State} in their order, and for each range of `gone` its first id and the one after its last. A segment
 * stays until all of its batches are removed; until then `first` and `gone` say which of them are.
 */
const HEADER = 32;
/** A segment ends before it has more bytes of batches than this, or more batches. */
const SEGMENT_BYTES = 128 << 10;
const SEGMENT_BATCHES = 128;
const STATE_LENGTH = 45;
const VERSION = 1;
const BATCH = 0x62;
const STATE = 0x73;

/** What is to be stored. */
export interface SpoolBatch {
  /** The tag it came under, 0 to 255. */
  readonly tag: number;
  /** How many logs are in it. */
  readonly count: number;
  readonly raw: Uint8Array;
}

/** A stored batch. */
export interface Entry {
  /** Its number: the first batch of a folder has 0, and each one after it one more. */
  readonly id: number;
  readonly tag: number;
  /** How many logs are in it. */
  readonly count: number;
  readonly raw: Buffer;
  /** When it was appended. */
  readonly time: Date;
}

/** A number of batches, of the logs in them, and of their raw bytes. */
export interface Size {
  batches: number;
  logs: number;
  bytes: number;
}

/** Ids from the first number to before the second one. */
export type Range = readonly [from: number, before: number];

/** Which of the batches in the segments are removed. */
export interface Removed {
  /** All below this id. */
  readonly first: number;
  /** And these above it, in order. */
  readonly gone: readonly Range[];
}

/** What the whole store holds. */
export interface State extends Removed {
  /** The id of the next batch to be appended. */
  readonly next: number;
  /** Of what is not removed. */
  readonly size: Size;
}

export const STATE_KEY = Buffer.of(STATE);

export function batchKey(id: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = BATCH;
  putId(key, id, 1);
  return key;
}

/** @returns undefined where it is not the key of a batch. */
export function idOfKey(key: Buffer): number | undefined {
  return key.length === 9 && key[0] === BATCH ? getId(key, 1) : undefined;
}

/** Cuts batches into those of one segment each. */
export function* cut<T extends SpoolBatch>(batches: readonly T[]): Generator<readonly T[]> {
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < batches.length; i++) {
    const { length } = (batches[i] as T).raw;
    if (i > start && (bytes + length > SEGMENT_BYTES || i - start === SEGMENT_BATCHES)) {
      yield batches.slice(start, i);
      start = i;
      bytes = 0;
    }
    bytes += length;
  }
  if (start < batches.length) yield start === 0 ? batches : batches.slice(start);
}

/** @param id Of the first of the batches; the others follow. */
export function encodeSegment(
  id: number,
  batches: readonly SpoolBatch[],
  timeOf: (i: number) => number,
): Buffer {
  let length = 0;
  for (const { raw } of batches) length += HEADER + raw.length;
  const value = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (let i = 0; i < batches.length; i++) {
    const { tag, count, raw } = batches[i] as SpoolBatch;
    const end = at + HEADER + raw.length;
    value[at + 4] = VERSION;
    value[at + 5] = tag;
    value.writeUInt16BE(0, at + 6);
    value.writeUInt32BE(count, at + 8);
    value.writeUInt32BE(raw.length, at + 12);
    putId(value, id + i, at + 16);
    value.writeDoubleBE(timeOf(i), at + 24);
    value.set(raw, at + HEADER);
    value.writeUInt32BE(crc32(value.subarray(at + 4, end)), at);
    at = end;
  }
  return value;
}

/** What is intact of a segment: where it is all of it, `isWhole`. */
export function decodeSegment(id: number, value: Buffer): { entries: Entry[]; isWhole: boolean } {
  const entries: Entry[] = [];
  const before = id + Math.floor(value.length / HEADER);
  let next = id;
  let length = 0;
  let isWhole = true;
  for (const entry of carve(value)) {
    // Else it was in the raw bytes of one that is damaged.
    if (entry.id < next || entry.id >= before) continue;
    isWhole &&= entry.id === next;
    next = entry.id + 1;
    length += HEADER + entry.raw.length;
    entries.push(entry);
  }
  return { entries, isWhole: isWhole && length === value.length && length > 0 };
}

/** @returns undefined where the bytes are not, one by one, what was written. */
function decodeRecord(value: Buffer): Entry | undefined {
  const id = getId(value, 16);
  if (id === undefined || !isIntact(value)) return undefined;
  return {
    id,
    tag: value[5] as number,
    count: value.readUInt32BE(8),
    raw: value.subarray(HEADER),
    time: new Date(value.readDoubleBE(24)),
  };
}

/**
 * The intact batches in bytes of whatever form: a segment, or a damaged file, say. Their records are not
 * compressed and in one piece, and each says what it is.
 */
export function* carve(bytes: Buffer): Generator<Entry> {
  for (let at = 0; at + HEADER <= bytes.length; at++) {
    if (bytes[at + 4] !== VERSION || bytes[at + 6] !== 0 || bytes[at + 7] !== 0) continue;
    const end = at + HEADER + bytes.readUInt32BE(at + 12);
    const entry = end > bytes.length ? undefined : decodeRecord(bytes.subarray(at, end));
    if (entry === undefined) continue;
    yield entry;
    at = end - 1;
  }
}

export function isRemoved({ first, gone }: Removed, id: number): boolean {
  if (id < first) return true;
  let low = 0;
  for (let high = gone.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((gone[middle] as Range)[1] <= id) low = middle + 1;
    else high = middle;
  }
  const range = gone[low];
  return range !== undefined && range[0] <= id;
}

export function encodeState({ next, first, size, gone }: State): Buffer {
  const value = Buffer.allocUnsafe(STATE_LENGTH + gone.length * 16);
  value[4] = VERSION;
  [next, first, size.batches, size.logs, size.bytes, ...gone.flat()].forEach((number, i) => {
    value.writeDoubleBE(number, 5 + i * 8);
  });
  value.writeUInt32BE(crc32(value.subarray(4)), 0);
  return value;
}

/** @returns undefined where it is damaged. */
export function decodeState(value: Buffer): State | undefined {
  const rest = value.length - STATE_LENGTH;
  if (rest < 0 || rest % 16 !== 0 || !isIntact(value) || value[4] !== VERSION) return undefined;
  const number = (i: number) => value.readDoubleBE(5 + i * 8);
  return {
    next: number(0),
    first: number(1),
    size: { batches: number(2), logs: number(3), bytes: number(4) },
    gone: Array.from({ length: rest / 16 }, (_, i) => [number(5 + 2 * i), number(6 + 2 * i)] as const),
  };
}

function isIntact(value: Buffer): boolean {
  return value.readUInt32BE(0) === crc32(value.subarray(4));
}

function putId(buffer: Buffer, id: number, offset: number): void {
  buffer.writeUInt16BE(0, offset);
  buffer.writeUIntBE(id, offset + 2, 6);
}

function getId(buffer: Buffer, offset: number): number | undefined {
  return buffer.readUInt16BE(offset) === 0 ? buffer.readUIntBE(offset + 2, 6) : undefined;
}
