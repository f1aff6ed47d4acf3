/** @import { Field, Message } from './schema.js' */

/**
 * The schema as data, for `codec/walk.ts`.
 *
 * @param {Message[]} messages
 */
export function schemaModule(messages) {
  const field = (/** @type {Field} */ { name, property, number, type, message, repeated }) => {
    const its = message === undefined ? `'${type}'` : message.name;
    return `  { number: ${number}, name: '${name}', property: '${property}', type: ${its}, repeated: ${repeated} },\n`;
  };
  const all = messages.map(
    ({ name, fields }) => `export const ${name} = message([\n${fields.map(field).join('')}]);\n`,
  );
  return `import { message } from '../schema.js';\n\n${all.join('\n')}`;
}

/** Field numbers from here on have keys of two bytes, which the fast paths leave to the walk. */
const FIRST_LONG_KEY = 16;

/** Wire types by the type of a field; all others are varints. */
const WIRE_TYPES = new Map([
  ...['message', 'string', 'bytes'].map((type) => /** @type {const} */ ([type, 2])),
  ...['fixed64', 'sfixed64', 'double'].map((type) => /** @type {const} */ ([type, 1])),
  ...['fixed32', 'sfixed32', 'float'].map((type) => /** @type {const} */ ([type, 5])),
]);

/** The name of the constant that has the field's key. @param {Message} message @param {Field} field */
export function keyOf(message, field) {
  return `${message.name}_${field.name}`.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase();
}

/** @param {Field} field */
export function hasShortKey(field) {
  return field.number < FIRST_LONG_KEY;
}

/**
 * The keys of the fields, for AssemblyScript.
 *
 * @param {Message[]} messages
 */
export function keysModule(messages) {
  const lines = messages.flatMap((message) =>
    message.fields.filter(hasShortKey).map((field) => {
      return `export const ${keyOf(message, field)}: u8 = ${keyNumber(field)};\n`;
    }),
  );
  return `/** In octal, the last digit is the wire type, those before it are the field number. */\n\n${lines.join('')}`;
}

/** The key of a field as a number. @param {Field} field */
export function keyNumber({ number, type }) {
  return `0o${number.toString(8)}${WIRE_TYPES.get(type) ?? 0}`;
}

/**
 * The check, in AssemblyScript: two functions for each message that a request may contain. The first supports only
 * what senders write, and the second decides about everything else.
 *
 * @param {Message} request
 */
export function checkModule(request) {
  const all = /** @type {Message[]} */ ([]);
  const collect = (/** @type {Message} */ message) => {
    for (const { message: inner } of message.fields) if (inner && !all.includes(inner)) collect(inner);
    all.push(message);
  };
  collect(request);
  const logs = /** @type {Field} */ (request.fields.find(({ name }) => name === 'logs'));
  const users = all.flatMap(({ fields }) => fields.filter(({ message }) => message === logs.message));
  if (users.length > 1) throw new Error('proto/: only ReportBoundaryLogsRequest.logs may be a BoundaryLog');

  const body = all.map((message) => checkFunction(message, logs.message)).join('\n');
  const keys = all.flatMap((message) => delimited(message).map((field) => keyOf(message, field)));
  return `import {
${keys.map((key) => `  ${key},\n`).join('')}} from './keys';
import { fieldKey, fieldStart, NOWHERE, nextField } from '../field';
import { isAscii, isUtf8 } from '../utf8';
import { afterLength, lengthAt, skipField } from '../wire';

/** The message is not valid protobuf, or a text in it is not UTF-8. */
export const MALFORMED: i32 = -1;
const INVALID_UTF8: i32 = -2;

let logs: i32 = 0;

/** How many logs there are in a ${request.name}; below 0 why it is not valid. */
export function checkRequest(pos: usize, end: usize): i32 {
  logs = 0;
  if (is${request.name}(pos, end)) return logs;
  logs = 0;
  const result = walk${request.name}(pos, end);
  return result < 0 ? result : logs;
}

${body}
${all.map((message) => walkFunction(message, logs.message)).join('\n')}`;
}

/**
 * Checks a message in any form that is allowed. The first fault on the wire decides the result.
 *
 * @param {Message} message @param {Message | undefined} counted
 */
function walkFunction(message, counted) {
  const branches = message.fields.flatMap((field) => {
    if (field.message) {
      return `if (fieldKey === ${keyNumber(field)}) {
      const result = walk${field.message.name}(fieldStart, pos);
      if (result < 0) return result;
    }`;
    }
    if (field.type !== 'string') return [];
    return `if (fieldKey === ${keyNumber(field)}) {
      if (!isUtf8(fieldStart, pos)) return INVALID_UTF8;
    }`;
  });
  return `function walk${message.name}(pos: usize, end: usize): i32 {
${message === counted ? '  logs += 1;\n' : ''}  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return MALFORMED;
${branches.length === 0 ? '' : `    ${branches.join(' else ')}\n`}  }
  return 0;
}
`;
}

/** The fields whose content the check looks at. @param {Message} message */
function delimited({ fields }) {
  return fields.filter((field) => hasShortKey(field) && ['message', 'string'].includes(field.type));
}

/** @param {Message} message @param {Message | undefined} counted */
function checkFunction(message, counted) {
  const fields = delimited(message);
  const head = `function is${message.name}(pos: usize, end: usize): bool {\n${message === counted ? '  logs += 1;\n' : ''}`;
  if (fields.length === 0) {
    return `${head}  while (pos < end) pos = skipField(pos);\n  return pos === end;\n}\n`;
  }
  const key = (/** @type {Field} */ field) => `key === ${keyOf(message, field)}`;
  const messages = fields.filter((field) => field.message);
  const hasTexts = messages.length < fields.length;
  // Keys and lengths are mostly ASCII as well. Then one look is enough for all texts of a message.
  const plain = messages.length === 0 ? '  const isPlain = isAscii(pos, end);\n' : '';
  const checks = messages.map((field) => ({
    condition: `${key(field)} ? `,
    check: `!is${field.message?.name}(start, stop)`,
  }));
  if (hasTexts) checks.push({ condition: '', check: `${plain && '!isPlain && '}!isUtf8(start, stop)` });
  const invalid = checks
    .map(({ condition, check }, i) => (i === checks.length - 1 ? check : `${condition}${check} : `))
    .join('');
  return `${head}${plain}  while (pos < end) {
    const key = load<u8>(pos);
    if (${fields.map(key).join(' || ')}) {
      const start = afterLength(pos + 1);
      const stop = start + lengthAt(pos + 1);
      if (stop > end) return false;
      if (${invalid}) return false;
      pos = stop;
    } else {
      pos = skipField(pos);
    }
  }
  return pos === end;
}
`;
}
