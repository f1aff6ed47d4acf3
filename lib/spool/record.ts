import { crc32 } from 'node:zlib';

/**
 * What the store holds, as bytes. LevelDB keeps the order of the keys; its own checksums are not verified when
 * it reads, so each value here carries one that covers the id, too: a flipped bit makes a record invalid, never
 * wrong.
 *
 * | key | value |
 * |---|---|
 * | `b`, id (uint64) | a batch: 32 bytes of header, then its raw bytes |
 * | `s` | the state: what the whole store holds, written with every change and in one with it |
 *
 * Numbers are big-endian. The header: CRC-32 of all that follows it (uint32), version (uint8), tag (uint8),
 * 0 (uint16), count (uint32), length of the raw bytes (uint32), id (uint64), time (float64, ms since 1970).
 */
const HEADER = 32;
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

/** What the whole store holds. */
export interface State {
  /** The id of the next batch to be appended. */
  next: number;
  /** No stored batch has a lower id. */
  first: number;
  size: Size;
}

/** Above all ids there will be. */
export const MAX_ID = 2 ** 48 - 1;

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

export function encodeBatch(id: number, { tag, count, raw }: SpoolBatch, time: number): Buffer {
  const value = Buffer.allocUnsafe(HEADER + raw.length);
  value[4] = VERSION;
  value[5] = tag;
  value.writeUInt16BE(0, 6);
  value.writeUInt32BE(count, 8);
  value.writeUInt32BE(raw.length, 12);
  putId(value, id, 16);
  value.writeDoubleBE(time, 24);
  value.set(raw, HEADER);
  return sealed(value);
}

/** @returns undefined where the value is not, byte for byte, what was written under this id. */
export function decodeBatch(id: number, value: Buffer): Entry | undefined {
  if (value.length < HEADER || !isIntact(value) || value[4] !== VERSION) return undefined;
  const raw = value.subarray(HEADER);
  if (value.readUInt32BE(12) !== raw.length || getId(value, 16) !== id) return undefined;
  return {
    id,
    tag: value[5] as number,
    count: value.readUInt32BE(8),
    raw,
    time: new Date(value.readDoubleBE(24)),
  };
}

/**
 * The intact batches in bytes of whatever form: a damaged file, say. Their values are not compressed and in one
 * piece, and each says what it is.
 */
export function* carve(bytes: Buffer): Generator<Entry> {
  for (let at = 0; at + HEADER <= bytes.length; at++) {
    if (bytes[at + 4] !== VERSION || bytes[at + 6] !== 0 || bytes[at + 7] !== 0) continue;
    const end = at + HEADER + bytes.readUInt32BE(at + 12);
    const id = getId(bytes, at + 16);
    if (id === undefined || end > bytes.length) continue;
    const entry = decodeBatch(id, bytes.subarray(at, end));
    if (entry === undefined) continue;
    yield entry;
    at = end - 1;
  }
}

export function encodeState({ next, first, size }: State): Buffer {
  const value = Buffer.allocUnsafe(5 + 5 * 8);
  value[4] = VERSION;
  [next, first, size.batches, size.logs, size.bytes].forEach((number, i) => {
    value.writeDoubleBE(number, 5 + i * 8);
  });
  return sealed(value);
}

/** @returns undefined where it is damaged. */
export function decodeState(value: Buffer): State | undefined {
  if (value.length !== 45 || !isIntact(value) || value[4] !== VERSION) return undefined;
  const number = (i: number) => value.readDoubleBE(5 + i * 8);
  return {
    next: number(0),
    first: number(1),
    size: { batches: number(2), logs: number(3), bytes: number(4) },
  };
}

function sealed(value: Buffer): Buffer {
  value.writeUInt32BE(crc32(value.subarray(4)), 0);
  return value;
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
