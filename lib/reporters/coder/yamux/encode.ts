import { type FrameType, HEADER_LENGTH, VERSION } from './frame.js';

/**
 * Encodes one frame.
 *
 * @param body The payload of a data frame, or the value of the length field.
 */
export function encodeFrame(
  type: FrameType,
  flags: number,
  streamId: number,
  body: number | Uint8Array = 0,
): Buffer {
  const data = typeof body === 'number' ? undefined : body;
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + (data?.length ?? 0));
  frame.writeUInt8(VERSION, 0);
  frame.writeUInt8(type, 1);
  frame.writeUInt16BE(flags, 2);
  frame.writeUInt32BE(streamId, 4);
  frame.writeUInt32BE(typeof body === 'number' ? body : body.length, 8);
  if (data !== undefined) frame.set(data, HEADER_LENGTH);
  return frame;
}
