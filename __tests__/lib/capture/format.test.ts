import { expect, test } from '@jest/globals';
import { CaptureDecoder, type CaptureRecord, encodeCaptureRecord } from '../../../lib/index.js';
import { captureOf, randomRecords, readByTheDocs } from '../../helpers/captures.js';
import { crc } from '../../helpers/crc.js';
import { cuts } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';

/** A record in the terms of the reader from the docs. */
function described(record: CaptureRecord) {
  if (record.kind === 'start') throw new Error('the header is not a record');
  const connection = 'connection' in record ? record.connection : 0;
  const payload = Buffer.alloc(record.kind === 'gap' ? 16 : 0);
  if (record.kind === 'gap') {
    payload.writeBigUInt64BE(BigInt(record.bytes));
    payload.writeBigUInt64BE(BigInt(record.connections), 8);
  }
  return {
    kind: record.kind,
    connection,
    time: record.time,
    payload: record.kind === 'data' ? record.bytes : payload,
  };
}

test(`a reader written from docs/capture-format.md finds what was written (seed ${seed})`, () => {
  for (let i = 0; i < 20; i++) {
    const records = randomRecords(seed + i);
    const bytes = captureOf(records);
    const [start, ...rest] = records;
    expect(readByTheDocs(bytes)).toEqual({
      startedAt: (start as { startedAt: number }).startedAt,
      records: rest.map(described),
      stop: bytes.length,
    });
  }
});

test.each(cuts)(`the decoder finds the same, %s (seed ${seed})`, (_name, cut) => {
  for (let i = 0; i < 20; i++) {
    const records = randomRecords(seed + i);
    const decoder = new CaptureDecoder();
    const bytes = captureOf(records);
    expect(cut(bytes).flatMap((chunk) => decoder.decode(chunk))).toEqual(records);
    expect(decoder.end()).toBeUndefined();
    expect(decoder.bytesConsumed).toBe(bytes.length);
  }
});

test('the bytes of a small capture are these', () => {
  const records: CaptureRecord[] = [
    { kind: 'start', startedAt: 1_772_566_954_000_001 },
    { kind: 'open', connection: 1, time: 5 },
    { kind: 'data', connection: 1, time: 2 ** 33 + 6, bytes: Buffer.from('abc') },
    { kind: 'finish', time: 2 ** 33 + 7 },
  ];
  expect(records.map((record) => encodeCaptureRecord(record).toString('hex'))).toEqual([
    `89424c4341500a0100064c23e7a23e81${hexCrc('89424c4341500a0100064c23e7a23e81')}`,
    recordHex('000000000100000000000001' + '0000000000000005', ''),
    recordHex('352441c20200000300000001' + '0000000200000006', '616263'),
    recordHex('000000000700000000000000' + '0000000200000007', ''),
  ]);
});

test('data of more than 2^24 - 1 bytes are several records', () => {
  const bytes = Buffer.alloc(2 ** 24 + 5, 7);
  const start = encodeCaptureRecord({ kind: 'start', startedAt: 0 });
  const open = encodeCaptureRecord({ kind: 'open', connection: 1, time: 0 });
  const data = encodeCaptureRecord({ kind: 'data', connection: 1, time: 0, bytes });
  const decoder = new CaptureDecoder();
  const found = decoder.decode(Buffer.concat([start, open, data])).slice(2);
  expect(found.map((record) => (record.kind === 'data' ? record.bytes.length : record))).toEqual([
    2 ** 24 - 1,
    6,
  ]);
});

/** The checksum of bytes, all in hexadecimal. */
const hexCrc = (hex: string) => crc(Buffer.from(hex, 'hex')).toString(16).padStart(8, '0');

function recordHex(rest: string, payload: string): string {
  return hexCrc(rest) + rest + payload;
}
