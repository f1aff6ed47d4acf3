/*
 * Protobuf's wire format in full: everything that Go's library accepts, as in `codec/wire.ts`. It is slower than
 * `wire.ts`, which supports only what senders write. Positions are addresses.
 */

/** Returned instead of a position: the bytes are not a valid message. No input begins at this address. */
export const NOWHERE: usize = 0;

/** Highest field number of a message. */
const MAX_FIELD_NUMBER: u64 = 0x1fff_ffff;
/** Inside a group, Go's library also accepts the larger field numbers of the MessageSet format. */
const MAX_FIELD_NUMBER_IN_GROUP: u64 = 0x7fff_ffff;
const MAX_GROUP_DEPTH: usize = 10_001;

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
export const START_GROUP: u32 = 3;
const END_GROUP: u32 = 4;
const FIXED32: u32 = 5;

/** Number and wire type of the field that {@link nextField} found last: the number times 8, plus the type. */
export let fieldKey: u32 = 0;
/** Position of its value. For a length-delimited field, position of its content, after the length. */
export let fieldStart: usize = 0;
/** The varint that was read last: after a field of that type, its value. */
export let fieldValue: u64 = 0;

/** The numbers of the groups that are open. */
const open = memory.data(10_001 * 4, 4);

/** Reads the field at `pos`. @returns the position after it, or NOWHERE if it does not end before `end`. */
export function nextField(pos: usize, end: usize): usize {
  pos = readVarint(pos, end);
  const number = fieldValue >> 3;
  if (pos === NOWHERE || number < 1 || number > MAX_FIELD_NUMBER) return NOWHERE;
  const key = <u32>fieldValue;
  fieldStart = pos;
  pos = skipValue(pos, end, key & 7, <u32>number);
  fieldKey = key;
  return pos;
}

/** Reads a varint. It has at most 64 bits, so at most ten bytes, and the tenth is at most 1. */
function readVarint(pos: usize, end: usize): usize {
  if (pos >= end) return NOWHERE;
  const first = load<u8>(pos);
  if (first < 0x80) {
    fieldValue = first;
    return pos + 1;
  }
  return readLongVarint(pos, end);
}

function readLongVarint(pos: usize, end: usize): usize {
  let value: u64 = 0;
  for (let shift: u64 = 0; pos < end; shift += 7) {
    const byte = load<u8>(pos);
    pos += 1;
    if (shift === 63 && byte > 1) return NOWHERE;
    value |= (<u64>(byte & 0x7f)) << shift;
    if (byte < 0x80) {
      fieldValue = value;
      return pos;
    }
  }
  return NOWHERE;
}

function skipValue(pos: usize, end: usize, wireType: u32, number: u32): usize {
  switch (wireType) {
    case VARINT:
      return readVarint(pos, end);
    case FIXED64:
      return end - pos >= 8 ? pos + 8 : NOWHERE;
    case LENGTH: {
      const start = readVarint(pos, end);
      if (start === NOWHERE || fieldValue > <u64>(end - start)) return NOWHERE;
      fieldStart = start;
      return start + <usize>fieldValue;
    }
    case START_GROUP:
      return skipGroup(pos, end, number);
    case FIXED32:
      return end - pos >= 4 ? pos + 4 : NOWHERE;
    default:
      return NOWHERE;
  }
}

/** Skips a group and everything nested in it. */
function skipGroup(pos: usize, end: usize, number: u32): usize {
  store<u32>(open, number);
  let depth: usize = 1;
  while (depth > 0) {
    pos = readVarint(pos, end);
    const inner = fieldValue >> 3;
    if (pos === NOWHERE || inner < 1 || inner > MAX_FIELD_NUMBER_IN_GROUP) return NOWHERE;
    const wireType = <u32>fieldValue & 7;
    if (wireType === END_GROUP) {
      depth -= 1;
      if (load<u32>(open + depth * 4) !== <u32>inner) return NOWHERE;
    } else if (wireType === START_GROUP) {
      if (depth === MAX_GROUP_DEPTH) return NOWHERE;
      store<u32>(open + depth * 4, <u32>inner);
      depth += 1;
    } else {
      pos = skipValue(pos, end, wireType, 0);
      if (pos === NOWHERE) return NOWHERE;
    }
  }
  return pos;
}
