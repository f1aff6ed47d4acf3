import protobuf from 'protobufjs/minimal.js';
import { skipVarint, varintValue } from './wire.js';

/**
 * The unknown fields of a decoded message, one after the other, as the reference encodes them again: keys in
 * their shortest form, values as they came.
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
