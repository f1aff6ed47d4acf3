/**
 * Protobuf's wire format. It accepts exactly what Go's protobuf library accepts, which the Go implementation
 * (Coder's workspace agent) uses: varints of up to ten bytes in all places, and groups up to 10,001 deep.
 * protobufjs is stricter in some places and more lenient in others, so nothing here depends on it.
 *
 * Functions are given the buffer, a position, and the end that they must not pass. They return the position
 * after what they read, or {@link MALFORMED}. They create no objects and throw nothing, because they run for
 * every received byte.
 */

export const WireType = {
  VARINT: 0,
  FIXED64: 1,
  LENGTH: 2,
  START_GROUP: 3,
  END_GROUP: 4,
  FIXED32: 5,
} as const;

/** Returned instead of a position: the bytes are not a valid message. */
export const MALFORMED = -1;

/** Highest field number of a message. */
const MAX_FIELD_NUMBER = 0x1fff_ffff;
/** Inside a group, Go's library also accepts the larger field numbers of the MessageSet format. */
const MAX_FIELD_NUMBER_IN_GROUP = 0x7fff_ffff;
const MAX_GROUP_DEPTH = 10_001;
const MAX_VARINT_LENGTH = 10;

/** Skips a varint. It has at most 64 bits, so at most ten bytes, and the tenth is at most 1. */
export function skipVarint(buf: Uint8Array, pos: number, end: number): number {
  const last = pos + MAX_VARINT_LENGTH - 1;
  for (; pos < end; pos++) {
    const byte = buf[pos] as number;
    if (byte < 0x80) return pos === last && byte > 1 ? MALFORMED : pos + 1;
    if (pos === last) return MALFORMED;
  }
  return MALFORMED;
}

/** Returns the value of the varint from `pos` to `next`. From 2^53 on, it is not exact. */
export function varintValue(buf: Uint8Array, pos: number, next: number): number {
  let value = 0;
  for (let i = next - 1; i >= pos; i--) value = value * 0x80 + ((buf[i] as number) & 0x7f);
  return value;
}

/** Returns the value of the varint from `pos` to `next` as an int64. */
export function varintInt64(buf: Uint8Array, pos: number, next: number): bigint {
  let value = 0n;
  for (let i = next - 1; i >= pos; i--) value = (value << 7n) | BigInt((buf[i] as number) & 0x7f);
  return BigInt.asIntN(64, value);
}

/** Whether a field of a message may have this key, which combines its field number and its wire type. */
export function isFieldKey(key: number): boolean {
  return key >= 8 && key <= MAX_FIELD_NUMBER * 8 + 7;
}

/**
 * Skips the value of a field. `pos` is the position after its key.
 *
 * @param number Field number. The end of a group must repeat it.
 */
export function skipValue(
  buf: Uint8Array,
  pos: number,
  end: number,
  wireType: number,
  number: number,
): number {
  switch (wireType) {
    case WireType.VARINT:
      return skipVarint(buf, pos, end);
    case WireType.FIXED64:
      return pos + 8 <= end ? pos + 8 : MALFORMED;
    case WireType.LENGTH: {
      const next = skipVarint(buf, pos, end);
      if (next === MALFORMED) return MALFORMED;
      const stop = next + varintValue(buf, pos, next);
      return stop <= end ? stop : MALFORMED;
    }
    case WireType.START_GROUP:
      return skipGroup(buf, pos, end, number);
    case WireType.FIXED32:
      return pos + 4 <= end ? pos + 4 : MALFORMED;
    default:
      return MALFORMED;
  }
}

/**
 * Skips a group and everything nested in it. It is a loop, because recursion 10,001 deep could overflow the
 * stack.
 */
function skipGroup(buf: Uint8Array, pos: number, end: number, number: number): number {
  const open = [number];
  while (open.length > 0) {
    const next = skipVarint(buf, pos, end);
    if (next === MALFORMED) return MALFORMED;
    const key = varintValue(buf, pos, next);
    const inner = Math.floor(key / 8);
    const wireType = key % 8;
    if (inner < 1 || inner > MAX_FIELD_NUMBER_IN_GROUP) return MALFORMED;
    if (wireType === WireType.END_GROUP) {
      if (open.pop() !== inner) return MALFORMED;
      pos = next;
    } else if (wireType === WireType.START_GROUP) {
      if (open.length === MAX_GROUP_DEPTH) return MALFORMED;
      open.push(inner);
      pos = next;
    } else {
      pos = skipValue(buf, next, end, wireType, inner);
      if (pos === MALFORMED) return MALFORMED;
    }
  }
  return pos;
}
