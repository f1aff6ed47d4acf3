/**
 * The simplest possible protobuf codec that behaves like the library of the Go implementation. Tests compare the codec
 * with it. It is slow, recursive over messages, and shares nothing with codec/ except the schema.
 */

export type Verdict = 'invalid_protobuf' | 'invalid_utf8';

export class Invalid extends Error {
  constructor(readonly verdict: Verdict) {
    super(verdict);
  }
}

type Field = { number: number; wire: number; value: Buffer; content: Buffer };
type Kind = 'bool' | 'int32' | 'int64' | 'string' | MessageType;
export type MessageType = {
  fields: Record<number, Kind>;
  order: number[];
  repeated?: number;
  oneof?: number[];
};
export type Message = { type: MessageType; known: Map<number, unknown>; unknown: Buffer[] };

export const TIMESTAMP: MessageType = { fields: { 1: 'int64', 2: 'int32' }, order: [1, 2] };
export const HTTP_REQUEST: MessageType = {
  fields: { 1: 'string', 2: 'string', 3: 'string' },
  order: [1, 2, 3],
};
// The Go library writes the members of a oneof last.
export const LOG: MessageType = {
  fields: { 1: 'bool', 2: TIMESTAMP, 3: HTTP_REQUEST, 4: 'int32' },
  order: [1, 2, 4, 3],
};
export const REQUEST: MessageType = {
  fields: { 1: LOG, 2: 'string', 3: 'string' },
  order: [1, 2, 3],
  repeated: 1,
};
export const STATUS: MessageType = { fields: { 1: 'int64', 2: 'int64' }, order: [1, 2] };
export const ENVELOPE: MessageType = { fields: { 1: REQUEST, 2: STATUS }, order: [1, 2], oneof: [1, 2] };

/** @throws Invalid */
export function decode(type: MessageType, bytes: Buffer, into?: Message): Message {
  const message = into ?? { type, known: new Map<number, unknown>(), unknown: [] };
  for (let pos = 0; pos < bytes.length; ) {
    const field = readField(bytes, pos);
    pos += field.length;
    const kind = type.fields[field.number];
    const wanted = kind === undefined ? -1 : typeof kind === 'object' || kind === 'string' ? 2 : 0;
    if (kind === undefined || field.wire !== wanted) {
      message.unknown.push(
        Buffer.concat([varint(BigInt(field.number) * 8n + BigInt(field.wire)), field.value]),
      );
      continue;
    }
    for (const other of type.oneof ?? []) {
      if (type.oneof?.includes(field.number) && other !== field.number) message.known.delete(other);
    }
    if (typeof kind === 'object') {
      if (type.repeated === field.number) {
        const list = (message.known.get(field.number) ?? []) as Message[];
        list.push(decode(kind, field.content));
        message.known.set(field.number, list);
      } else {
        const before = message.known.get(field.number) as Message | undefined;
        message.known.set(field.number, decode(kind, field.content, before));
      }
    } else if (kind === 'string') {
      try {
        message.known.set(
          field.number,
          new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(field.content),
        );
      } catch {
        throw new Invalid('invalid_utf8');
      }
    } else {
      const value = readVarint(field.value, 0).value;
      if (kind === 'bool') message.known.set(field.number, value !== 0n);
      else message.known.set(field.number, BigInt.asIntN(kind === 'int32' ? 32 : 64, value));
    }
  }
  return message;
}

/** Encodes as the Go library does deterministically: known fields in its order, then the unknown ones. */
export function encode(message: Message): Buffer {
  const parts: Buffer[] = [];
  for (const number of message.type.order) {
    const value = message.known.get(number);
    const key = (wire: number) => varint(BigInt(number * 8 + wire));
    const delimited = (bytes: Buffer) => parts.push(key(2), varint(BigInt(bytes.length)), bytes);
    if (Array.isArray(value)) for (const item of value) delimited(encode(item as Message));
    else if (typeof value === 'string' && value !== '') delimited(Buffer.from(value));
    else if (typeof value === 'bigint' && value !== 0n) parts.push(key(0), varint(BigInt.asUintN(64, value)));
    else if (value === true) parts.push(key(0), Buffer.from([1]));
    else if (typeof value === 'object' && value !== null) delimited(encode(value as Message));
  }
  return Buffer.concat([...parts, ...message.unknown]);
}

function readField(bytes: Buffer, at: number): Field & { length: number } {
  const key = readVarint(bytes, at);
  if (key.value >> 3n < 1n || key.value >> 3n > 536870911n) throw new Invalid('invalid_protobuf');
  const number = Number(key.value >> 3n);
  const wire = Number(key.value & 7n);
  const start = at + key.length;
  const stop = skip(bytes, start, wire, number);
  const contentStart = wire === 2 ? start + readVarint(bytes, start).length : start;
  return {
    number,
    wire,
    value: bytes.subarray(start, stop),
    content: bytes.subarray(contentStart, stop),
    length: stop - at,
  };
}

function skip(bytes: Buffer, at: number, wire: number, number: number): number {
  if (wire === 0) return at + readVarint(bytes, at).length;
  if (wire === 1) return within(bytes, at + 8);
  if (wire === 5) return within(bytes, at + 4);
  if (wire === 2) {
    const length = readVarint(bytes, at);
    return within(bytes, at + length.length + Number(length.value));
  }
  if (wire !== 3) throw new Invalid('invalid_protobuf');
  const groups = [number];
  let pos = at;
  while (groups.length > 0) {
    const key = readVarint(bytes, pos);
    const inner = Number(key.value >> 3n);
    const innerWire = Number(key.value & 7n);
    pos += key.length;
    if (inner < 1 || inner > 2147483647) throw new Invalid('invalid_protobuf');
    if (innerWire === 4) {
      if (groups.pop() !== inner) throw new Invalid('invalid_protobuf');
    } else if (innerWire === 3) {
      groups.push(inner);
      if (groups.length > 10001) throw new Invalid('invalid_protobuf');
    } else {
      pos = skip(bytes, pos, innerWire, inner);
    }
  }
  return pos;
}

function within(bytes: Buffer, pos: number): number {
  if (pos > bytes.length) throw new Invalid('invalid_protobuf');
  return pos;
}

function readVarint(bytes: Buffer, at: number): { value: bigint; length: number } {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) {
      if (value >= 1n << 64n) break;
      return { value, length: i + 1 };
    }
  }
  throw new Invalid('invalid_protobuf');
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) {
      bytes.push(Number(rest));
      return Buffer.from(bytes);
    }
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}
