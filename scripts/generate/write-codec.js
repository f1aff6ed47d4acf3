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

/** @param {Field} field */
function wireTypeOf({ type }) {
  return WIRE_TYPES.get(type) ?? 0;
}

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
export function keyNumber(field) {
  return `0o${field.number.toString(8)}${wireTypeOf(field)}`;
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
  const read = readFields(request, logs);
  const users = all.flatMap(({ fields }) => fields.filter(({ message }) => message === logs.message));
  if (users.length > 1) throw new Error('proto/: only ReportBoundaryLogsRequest.logs may be a BoundaryLog');

  const body = all
    .map((message) => checkFunction(message, logs.message, read, message === request ? PLACE : ''))
    .join('\n');
  const keys = all.flatMap((message) => message.fields.map((field) => keyOf(message, field)));
  const used = keys.filter((key) => body.includes(key));
  const lastNumber = Math.max(...all.flatMap((message) => message.fields.map((field) => field.number)));
  return `import {
${used.map((key) => `  ${key},\n`).join('')}} from './keys';
import { fieldKey, fieldStart, fieldValue, NOWHERE, nextField, START_GROUP } from '../field';
import { isAscii, isUtf8 } from '../utf8';
import { afterDelimited, afterLength, afterVarint, GIVEN_UP, longVarintValue, skipField } from '../wire';
import { noteLog, noteSession } from '../summary';

/** The message is not valid protobuf, or a text in it is not UTF-8. */
export const MALFORMED: i32 = -1;
const INVALID_UTF8: i32 = -2;

/** The highest number of a field that is known. */
const LAST_NUMBER: u32 = ${lastNumber};

let logs: i32 = 0;
/** The field of the request that is being checked, and how many logs there are before it. */
let place: usize = 0;
let logsBefore: i32 = 0;

/** How many logs there are in a ${request.name}, which are noted; below 0 why it is not valid. */
export function checkRequest(pos: usize, end: usize): i32 {
  logs = 0;
  while (!is${request.name}(pos, end)) {
    // Only this field is not as senders write it.
    logs = logsBefore;
    const next = walk${request.name}(place, end);
    if (next < 0) return next;
    pos = next;
  }
  return logs;
}

/**
 * Skips a field that is not known. There may be thousands of groups, which senders never write. It gives up if the field is
 * known, and its key longer than it has to be.
 */
function skipUnknown(pos: usize, end: usize): usize {
  const key = load<u8>(pos);
  if (key < 0x80 && (key & 7) !== <u8>START_GROUP) return skipField(pos);
  pos = nextField(pos, end);
  return pos === NOWHERE || (key >= 0x80 && fieldKey >> 3 <= LAST_NUMBER) ? GIVEN_UP : pos;
}

${body}
${all.map((message) => (message === request ? walkOfOne(message, read) : walkFunction(message, logs.message, read))).join('\n')}`;
}

/**
 * The fields whose values the check reads, besides those whose form it checks.
 *
 * @typedef {{ session: Field, allowed: Field, sequence: Field }} ReadFields
 *
 * @param {Message} request @param {Field} logs
 * @returns {ReadFields}
 */
function readFields(request, logs) {
  const find = (/** @type {Message | undefined} */ message, /** @type {string} */ name) => {
    const field = message?.fields.find((field) => field.name === name);
    if (field === undefined || !hasShortKey(field)) {
      throw new Error(`proto/: ${message?.name} needs a field ${name} with a number below ${FIRST_LONG_KEY}`);
    }
    return field;
  };
  return {
    session: find(request, 'session_id'),
    allowed: find(logs.message, 'allowed'),
    sequence: find(logs.message, 'sequence_number'),
  };
}

/** Code before and after the fields of a log. */
const LOG_BEGINS = '  logs += 1;\n  let isAllowed = false;\n  let sequence: i32 = 0;\n';
const LOG_ENDS = '  noteLog(isAllowed, sequence);\n';

/** Code that notes how far the check of a request has got. */
const PLACE = '    place = pos;\n    logsBefore = logs;\n';

/**
 * Checks a message in any form that is allowed. The first fault on the wire decides the result.
 *
 * @param {Message} message @param {Message | undefined} counted @param {ReadFields} read
 */
function walkFunction(message, counted, read) {
  const branches = walkBranches(message, '    ', read);
  return `function walk${message.name}(pos: usize, end: usize): i32 {
${message === counted ? LOG_BEGINS : ''}  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return MALFORMED;
${branches.length === 0 ? '' : `    ${branches.join(' else ')}\n`}  }
${message === counted ? LOG_ENDS : ''}  return 0;
}
`;
}

/**
 * Checks one field of a message, and returns the position after it.
 *
 * @param {Message} message @param {ReadFields} read
 */
function walkOfOne(message, read) {
  return `function walk${message.name}(pos: usize, end: usize): i32 {
  pos = nextField(pos, end);
  if (pos === NOWHERE) return MALFORMED;
  ${walkBranches(message, '  ', read).join(' else ')}
  return <i32>pos;
}
`;
}

/** @param {Message} message @param {string} indent @param {ReadFields} read */
function walkBranches(message, indent, read) {
  return message.fields.flatMap((field) => {
    if (field === read.allowed || field === read.sequence) {
      const value = field === read.allowed ? 'isAllowed = fieldValue !== 0' : 'sequence = <i32>fieldValue';
      return `if (fieldKey === ${keyNumber(field)}) {
${indent}  ${value};
${indent}}`;
    }
    if (field.message) {
      return `if (fieldKey === ${keyNumber(field)}) {
${indent}  const result = walk${field.message.name}(fieldStart, pos);
${indent}  if (result < 0) return result;
${indent}}`;
    }
    if (field.type !== 'string') return [];
    return `if (fieldKey === ${keyNumber(field)}) {
${indent}  if (!isUtf8(fieldStart, pos)) return INVALID_UTF8;
${field === read.session ? `${indent}  noteSession(fieldStart, pos);\n` : ''}${indent}}`;
  });
}

/** The fields whose content the check looks at. @param {Message} message */
function delimited({ fields }) {
  return fields.filter((field) => hasShortKey(field) && ['message', 'string'].includes(field.type));
}

/**
 * @param {Message} message @param {Message | undefined} counted @param {ReadFields} read
 * @param {string} first Code before each field.
 */
function checkFunction(message, counted, read, first) {
  if (message.fields.some((field) => field.message)) {
    return checkOfMembers(message, counted, `is${message.name}`, read, first);
  }
  // Senders write the fields of a message in order. A branch for each of them costs less than the loop.
  const inOrder = message.fields
    .filter(hasShortKey)
    .filter((field) => [0, 2].includes(wireTypeOf(field)))
    .map((field) => {
      const after = wireTypeOf(field) === 0 ? 'afterVarint' : 'afterDelimited';
      return `  if (pos < end && load<u8>(pos) === ${keyOf(message, field)}) pos = ${after}(pos + 1);\n`;
    });
  const name = `is${message.name}`;
  const hasTexts = delimited(message).length > 0;
  // Keys and lengths are mostly ASCII as well. Then one look is enough for all texts of a message.
  const ascii = hasTexts ? `  if (!isAscii(pos, end)) return ${name}InUtf8(pos, end);\n` : '';
  const check = `function ${name}(pos: usize, end: usize): bool {
${ascii}${inOrder.join('')}  while (pos < end) pos = skipUnknown(pos, end);
  return pos === end;
}
`;
  return hasTexts ? `${check}\n${checkOfMembers(message, undefined, `${name}InUtf8`, read)}` : check;
}

/**
 * A function that checks each text and each message that is a member of a message.
 *
 * @param {Message} message @param {Message | undefined} counted @param {string} name @param {ReadFields} read
 * @param {string} first Code before each field.
 */
function checkOfMembers(message, counted, name, read, first = '') {
  const fields = delimited(message);
  const key = (/** @type {Field} */ field) => `key === ${keyOf(message, field)}`;
  const branches = fields
    .filter((field) => field.message)
    .map((field) => [key(field), `is${field.message?.name}(afterLength(pos + 1), stop)`]);
  const texts = fields.filter((field) => !field.message && field !== read.session);
  if (texts.length > 0) branches.push([texts.map(key).join(' || '), 'isUtf8(afterLength(pos + 1), stop)']);
  const numbers = message.fields.filter((field) => field === read.allowed || field === read.sequence);
  const reading = numbers.map((field) => {
    const value = field === read.allowed ? 'isAllowed = value !== 0' : 'sequence = <i32>value';
    return `if (${key(field)}) {
      let next = pos + 2;
      let value: u64 = load<u8>(pos, 1);
      if (value >= 0x80) {
        next = afterVarint(pos + 1);
        if (next > end) return false;
        value = longVarintValue(pos + 1, next);
      }
      ${value};
      pos = next;
    } else `;
  });
  if (fields.includes(read.session)) {
    reading.push(`if (${key(read.session)}) {
      const start = afterLength(pos + 1);
      const stop = afterDelimited(pos + 1);
      if (stop > end || !isUtf8(start, stop)) return false;
      noteSession(start, stop);
      pos = stop;
    } else `);
  }
  const code = branches.map(
    ([condition, check]) => `if (${condition}) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !${check}) return false;
      pos = stop;
    } else `,
  );
  return `function ${name}(pos: usize, end: usize): bool {
${message === counted ? LOG_BEGINS : ''}  while (pos < end) {
${first}    const key = load<u8>(pos);
    ${[...code, ...reading].join('')}{
      pos = skipUnknown(pos, end);
    }
  }
${message === counted ? `  if (pos !== end) return false;\n${LOG_ENDS}  return true;\n` : '  return pos === end;\n'}}
`;
}
