import { crc32 } from 'node:zlib';
import { BoundaryLogError } from '../errors.js';
import {
  type CaptureRecord,
  FILE_HEADER,
  GAP_LENGTH,
  KIND_NUMBERS,
  MAGIC,
  MAX_RECORD_BYTES,
  RECORD_HEADER,
  VERSION,
} from './record.js';
import { shapeFault } from './shape.js';

const NOTHING = Buffer.alloc(0);

/**
 * Encodes a record as bytes of a capture. Data of more than 2^24 - 1 bytes become several records. Whether records can
 * follow each other is not checked; {@link CaptureWriter} does that.
 *
 * @throws ERR_INVALID_CAPTURE if it is not a record.
 */
export function encodeCaptureRecord(record: CaptureRecord): Buffer {
  const wrong = shapeFault(record);
  if (wrong !== undefined) throw new BoundaryLogError('ERR_INVALID_CAPTURE', wrong);
  const pieces = piecesOf(record);
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

/** The same in pieces: the bytes of data are not copied. */
export function piecesOf(record: CaptureRecord): Buffer[] {
  switch (record.kind) {
    case 'start':
      return [fileHeader(record.startedAt)];
    case 'data':
      return dataRecords(record.connection, record.time, record.bytes);
    case 'gap': {
      const payload = Buffer.alloc(GAP_LENGTH);
      payload.writeBigUInt64BE(BigInt(record.bytes), 0);
      payload.writeBigUInt64BE(BigInt(record.connections), 8);
      return [recordHeader(KIND_NUMBERS.gap, record.connection, record.time, payload), payload];
    }
    case 'finish':
      return [recordHeader(KIND_NUMBERS.finish, 0, record.time, NOTHING)];
    default:
      return [recordHeader(KIND_NUMBERS[record.kind], record.connection, record.time, NOTHING)];
  }
}

function fileHeader(startedAt: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER);
  header.set(MAGIC);
  header.writeUInt8(VERSION, MAGIC.length);
  header.writeBigUInt64BE(BigInt(startedAt), 8);
  header.writeUInt32BE(crc32(header.subarray(0, 16)), 16);
  return header;
}

function dataRecords(connection: number, time: number, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += MAX_RECORD_BYTES) {
    const part = bytes.subarray(at, at + MAX_RECORD_BYTES);
    pieces.push(recordHeader(KIND_NUMBERS.data, connection, time, part), part);
  }
  return pieces;
}

function recordHeader(kind: number, connection: number, time: number, payload: Buffer): Buffer {
  const header = Buffer.allocUnsafe(RECORD_HEADER);
  header.writeUInt32BE(crc32(payload), 4);
  header.writeUInt32BE(kind * 2 ** 24 + payload.length, 8);
  header.writeUInt32BE(connection, 12);
  header.writeUInt32BE(Math.floor(time / 2 ** 32), 16);
  header.writeUInt32BE(time % 2 ** 32, 20);
  header.writeUInt32BE(crc32(header.subarray(4)), 0);
  return header;
}
