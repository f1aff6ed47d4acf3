import { encodeFrame, Tag } from '../../codec/index.js';
import { varint } from './naive-protobuf.js';

/** Length of a payload that fills a frame. */
const FULL = 32_768;

export const field = (number: number, content: Buffer | string) =>
  Buffer.concat([
    varint(BigInt(number * 8 + 2)),
    varint(BigInt(Buffer.byteLength(content))),
    Buffer.from(content),
  ]);

/** A payload of tag 1 that begins with some fields and is filled up with a log. */
export function filledUp(start: Buffer, log: Buffer = field(1, '')): Buffer {
  const logs = Math.floor((FULL - start.length) / log.length);
  return Buffer.concat([start, ...Array(logs).fill(log)]);
}

/** A full frame whose session consists of control characters and whose 8,380 logs are empty. */
export function poisonFrame(): Buffer {
  const session = field(2, '\u0001'.repeat(FULL - 4 - 2 * 8380));
  return encodeFrame(Tag.V1, filledUp(session));
}
