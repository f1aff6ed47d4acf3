import { DONE_BIT, KIND_SHIFT, MAX_FRAME_DATA_LENGTH, PacketKind, STREAM_ID } from './packet.js';

const NOTHING = Buffer.alloc(0);

/** All that the caller of a method that takes one message sends: invoke, message, close-send. */
export function encodeUnaryCall(method: string, request: Uint8Array): Buffer {
  return Buffer.concat([
    ...packet(PacketKind.INVOKE, 1, Buffer.from(method)),
    ...packet(PacketKind.MESSAGE, 2, request),
    ...packet(PacketKind.CLOSE_SEND, 3, NOTHING),
  ]);
}

/** What the caller sends when such a call is over. */
export const CLOSE = Buffer.concat(packet(PacketKind.CLOSE, 4, NOTHING));

/** One packet, in the pieces that it is sent in: frames' headers and their data. */
function packet(kind: number, messageId: number, data: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let pos = 0;
  do {
    const part = data.subarray(pos, pos + MAX_FRAME_DATA_LENGTH);
    pos += part.length;
    const done = pos === data.length ? DONE_BIT : 0;
    const header = [(kind << KIND_SHIFT) | done];
    for (const number of [STREAM_ID, messageId, part.length]) pushVarint(header, number);
    pieces.push(Uint8Array.from(header), part);
  } while (pos < data.length);
  return pieces;
}

/** Base 128, the low bits first. Of a number below 2^32. */
function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}
