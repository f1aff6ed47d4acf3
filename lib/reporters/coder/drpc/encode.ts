import { DONE_BIT, KIND_SHIFT, MAX_FRAME_DATA_LENGTH, PacketKind, STREAM_ID } from './packet.js';

const EMPTY = Buffer.alloc(0);

/** Everything that the client sends to call a method with one message: invoke, message, close-send. */
export function encodeUnaryCall(method: string, request: Uint8Array): Buffer {
  return Buffer.concat([
    ...packet(PacketKind.INVOKE, 1, Buffer.from(method)),
    ...packet(PacketKind.MESSAGE, 2, request),
    ...packet(PacketKind.CLOSE_SEND, 3, EMPTY),
  ]);
}

/** The packet with which the client finishes such a call after the answer. */
export const CLOSE = Buffer.concat(packet(PacketKind.CLOSE, 4, EMPTY));

/** The parts of one packet: for each frame its header and its data. */
function packet(kind: number, messageId: number, data: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let pos = 0;
  do {
    const frameData = data.subarray(pos, pos + MAX_FRAME_DATA_LENGTH);
    pos += frameData.length;
    const done = pos === data.length ? DONE_BIT : 0;
    const header = [(kind << KIND_SHIFT) | done];
    for (const number of [STREAM_ID, messageId, frameData.length]) pushVarint(header, number);
    parts.push(Uint8Array.from(header), frameData);
  } while (pos < data.length);
  return parts;
}

/** Appends a number below 2^32 in base 128, the low bits first. */
function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}
