import Long from 'long';
import { isRecord } from './argument.js';
import { FieldCursor } from './field-cursor.js';
import type { Field, MessageSchema } from './schema.js';
import { shown } from './shown.js';
import { unknownName } from './unknown-name.js';

/** Where a decoded message has the fields that its schema does not know, each with its key and its value as received. */
const UNKNOWNS = '$unknowns';

interface Rule {
  readonly expected: string;
  accepts(value: unknown): boolean;
}

const whole = (expected: string, fits: (value: number) => number): Rule => ({
  expected,
  accepts: (value) => typeof value === 'number' && fits(value) === value,
});

/** A number beyond 2^53 is accepted, as it has a value of its own. */
const whole64 = (expected: string, fits: (value: bigint) => bigint): Rule => ({
  expected,
  accepts: (value) => {
    if (!Long.isLong(value) && !Number.isInteger(value)) return false;
    const number = BigInt(Long.isLong(value) ? value.toString() : (value as number));
    return fits(number) === number;
  },
});

const INT32 = whole('a whole number from -2147483648 to 2147483647', (value) => value | 0);
const UINT32 = whole('a whole number from 0 to 4294967295', (value) => value >>> 0);
const INT64 = whole64('a whole number or Long, from -2^63 to 2^63 - 1', (value) => BigInt.asIntN(64, value));
const UINT64 = whole64('a whole number or Long, from 0 to 2^64 - 1', (value) => BigInt.asUintN(64, value));
const FLOAT = { expected: 'a number', accepts: (value: unknown) => typeof value === 'number' };

/** The values of the scalar types of protobuf. protobufjs accepts others, and silently encodes something else. */
const RULES: Readonly<Record<string, Rule>> = {
  bool: { expected: 'true or false', accepts: (value) => typeof value === 'boolean' },
  string: { expected: 'a text', accepts: (value) => typeof value === 'string' },
  bytes: { expected: 'a Uint8Array', accepts: (value) => value instanceof Uint8Array },
  double: FLOAT,
  float: FLOAT,
  enum: INT32,
  int32: INT32,
  sint32: INT32,
  sfixed32: INT32,
  uint32: UINT32,
  fixed32: UINT32,
  int64: INT64,
  sint64: INT64,
  sfixed64: INT64,
  uint64: UINT64,
  fixed64: UINT64,
};

/**
 * Checks that a message has only fields of its schema, with values that can be encoded. A field that is undefined or null
 * counts as absent.
 *
 * @param path Where the message is, such as `logs[3].time`; empty for the outermost one.
 * @throws TypeError that names the field, what it got, and what it accepts.
 */
export function verify(schema: MessageSchema, message: unknown, path = ''): void {
  const properties = schema.fields.map(({ property }) => property);
  if (!isRecord(message)) throw wrong(path, message, `an object with ${properties.join(', ')}`);
  for (const name of Object.keys(message)) {
    if (name === UNKNOWNS || properties.includes(name)) continue;
    throw new TypeError(`${prefix(path)}${unknownName('field', name, properties)}`);
  }
  verifyUnknowns(message[UNKNOWNS], join(path, UNKNOWNS));
  for (const field of schema.fields) {
    const value = message[field.property];
    if (value === undefined || value === null) continue;
    const at = join(path, field.property);
    if (!field.repeated) verifyValue(field, value, at);
    else if (!Array.isArray(value)) throw wrong(at, value, 'an array');
    else for (let i = 0; i < value.length; i++) verifyValue(field, value[i], `${at}[${i}]`);
  }
}

function verifyValue({ type }: Field, value: unknown, path: string): void {
  if (typeof type === 'object') {
    verify(type, value, path);
    return;
  }
  const rule = RULES[type] as Rule;
  if (!rule.accepts(value)) throw wrong(path, value, rule.expected);
}

/** Each of them must be complete: half a field would take the bytes that follow for its value. */
function verifyUnknowns(fields: unknown, path: string): void {
  if (fields === undefined || fields === null) return;
  if (!Array.isArray(fields)) throw wrong(path, fields, 'an array of Uint8Arrays');
  for (const [i, bytes] of fields.entries()) {
    if (bytes instanceof Uint8Array && isWhole(bytes)) continue;
    throw wrong(`${path}[${i}]`, bytes, 'a Uint8Array with the key and the value of a field');
  }
}

/** Whether bytes are one or more fields, each of them complete. */
export function isWhole(bytes: Uint8Array): boolean {
  const cursor = new FieldCursor(bytes, 0, bytes.length);
  let count = 0;
  while (cursor.next()) count += 1;
  return count > 0 && !cursor.malformed;
}

function wrong(path: string, got: unknown, expected: string): TypeError {
  return new TypeError(`${prefix(path)}got ${shown(got)}, expected ${expected}`);
}

function prefix(path: string): string {
  return path === '' ? '' : `${path}: `;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
