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
      return `export const ${keyOf(message, field)}: u8 = 0o${field.number.toString(8)}${wireTypeOf(field)};\n`;
    }),
  );
  return `/** In octal, the last digit is the wire type, those before it are the field number. */\n\n${lines.join('')}`;
}

/**
 * The fast check, in AssemblyScript: a function for each message that a request may contain.
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
  const keys = all.flatMap((message) => message.fields.map((field) => keyOf(message, field)));
  const used = keys.filter((key) => body.includes(key));
  return `import {
${used.map((key) => `  ${key},\n`).join('')}} from './keys';
import { isAscii, isUtf8 } from '../utf8';
import { afterDelimited, afterLength, afterVarint, skipField } from '../wire';

let logs: i32 = 0;

/** How many logs there are in a ${request.name}; below 0 if the walk has to decide. */
export function checkRequest(pos: usize, end: usize): i32 {
  logs = 0;
  return is${request.name}(pos, end) ? logs : -1;
}

${body}`;
}

/** The fields whose content the check looks at. @param {Message} message */
function delimited({ fields }) {
  return fields.filter((field) => hasShortKey(field) && ['message', 'string'].includes(field.type));
}

/** @param {Message} message @param {Message | undefined} counted */
function checkFunction(message, counted) {
  if (message.fields.some((field) => field.message)) return checkOfMembers(message, counted);
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
${ascii}${inOrder.join('')}  while (pos < end) pos = skipField(pos);
  return pos === end;
}
`;
  return hasTexts ? `${check}\n${checkOfMembers(message, undefined, `${name}InUtf8`)}` : check;
}

/**
 * A function that checks each text and each message that is a member of a message.
 *
 * @param {Message} message @param {Message | undefined} counted
 */
function checkOfMembers(message, counted, name = `is${message.name}`) {
  const fields = delimited(message);
  const key = (/** @type {Field} */ field) => `key === ${keyOf(message, field)}`;
  const branches = fields
    .filter((field) => field.message)
    .map((field) => [key(field), `is${field.message?.name}(afterLength(pos + 1), stop)`]);
  const texts = fields.filter((field) => !field.message);
  if (texts.length > 0) branches.push([texts.map(key).join(' || '), 'isUtf8(afterLength(pos + 1), stop)']);
  const code = branches.map(
    ([condition, check]) => `if (${condition}) {
      const stop = afterDelimited(pos + 1);
      if (stop > end || !${check}) return false;
      pos = stop;
    } else `,
  );
  return `function ${name}(pos: usize, end: usize): bool {
${message === counted ? '  logs += 1;\n' : ''}  while (pos < end) {
    const key = load<u8>(pos);
    ${code.join('')}{
      pos = skipField(pos);
    }
  }
  return pos === end;
}
`;
}
