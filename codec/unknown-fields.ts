import protobuf from 'protobufjs/minimal.js';
import { skipVarint, varintValue } from './wire.js';

/**
 * Encodes the unknown fields of a decoded message in their order, as the Go implementation (Coder's workspace
 * agent) encodes them: keys in their shortest form, values with the bytes that were received.
 */
export function encodeUnknownFields(message: { $unknowns?: Uint8Array[] }): Buffer {
  return Buffer.concat(
    (message.$unknowns ?? []).flatMap((field) => {
      const afterKey = skipVarint(field, 0, field.length);
      const key = varintValue(field, 0, afterKey);
      return [protobuf.Writer.create().uint32(key).finish(), field.subarray(afterKey)];
    }),
  );
}
