import protobuf from 'protobufjs/minimal.js';
import { checkArgument, isRecord } from './argument.js';
import { isWhole } from './verify.js';
import { skipVarint, varintValue } from './wire.js';

/**
 * Encodes the unknown fields of a decoded message in their order, as the Go implementation (Coder's workspace
 * agent) encodes them: keys in their shortest form, values with the bytes that were received.
 *
 * @throws ERR_INVALID_OPTION if the value is not a message, or if its `$unknowns` are not fields.
 */
export function encodeUnknownFields(message: { $unknowns?: Uint8Array[] }): Buffer {
  checkArgument('message', message, isRecord(message), 'a decoded message');
  const { $unknowns } = message;
  const isFields =
    Array.isArray($unknowns) && $unknowns.every((field) => field instanceof Uint8Array && isWhole(field));
  checkArgument(
    'message.$unknowns',
    $unknowns,
    $unknowns === undefined || isFields,
    'an array of encoded fields',
  );
  return Buffer.concat(
    ($unknowns ?? []).flatMap((field) => {
      const afterKey = skipVarint(field, 0, field.length);
      const key = varintValue(field, 0, afterKey);
      return [protobuf.Writer.create().uint32(key).finish(), field.subarray(afterKey)];
    }),
  );
}
