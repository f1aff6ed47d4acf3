import { varint } from './naive-protobuf.js';

/** A field with a content. The key and the length may be longer than necessary. */
export const field = (number: number, content: Buffer | string, extra = 0) =>
  Buffer.concat([
    overlong(BigInt(number * 8 + 2), extra),
    overlong(BigInt(Buffer.byteLength(content)), extra),
    Buffer.from(content),
  ]);

export function overlong(value: bigint, extra: number): Buffer {
  const bytes = varint(value);
  if (extra === 0) return bytes;
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) | 0x80;
  return Buffer.concat([bytes, Buffer.alloc(extra - 1, 0x80), Buffer.alloc(1)]);
}

/** Fields that no message of the protocol has, of all kinds. */
export const unknown = Buffer.concat([
  field(9, 'https://h/?unknown=1'),
  Buffer.from([0x9b, 1, 8, 5, 0x9c, 1, 0xa5, 1, 1, 2, 3, 4]),
]);
