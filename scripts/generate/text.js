import { MESSAGE, READ_BY_HAND, TEXT_FIELDS } from './text-fields.js';

/**
 * @import { Field, Message } from './schema.js'
 *
 * @typedef {object} Entry An entry of TEXT_FIELDS; the keys are explained there.
 * @property {string} field
 * @property {string | null} name
 * @property {string} [doc]
 * @property {'decision'} [as]
 * @property {string} [with]
 *
 * @typedef {'text' | 'int32' | 'uint32' | 'boolean' | 'time' | 'decision'} Kind
 *
 * @typedef {object} TextField A field that text shows.
 * @property {string} name
 * @property {string} variable Its name as a variable.
 * @property {string} [doc]
 * @property {Kind} kind
 * @property {Field[]} path From the request or the log.
 * @property {boolean} inLog Whether it belongs to a log, rather than to the whole request.
 * @property {TextField | undefined} [with]
 *
 * @typedef {object} Text
 * @property {string} message
 * @property {TextField[]} fields In the order in which they are written.
 */

const TABLE = 'scripts/generate/text-fields.js';
/** @type {Record<string, Kind>} */
const KINDS = { string: 'text', int32: 'int32', uint32: 'uint32', bool: 'boolean' };

/**
 * Gives each field of the schema what TEXT_FIELDS says of it.
 *
 * @param {Message[]} messages
 * @returns {Text}
 * @throws if a field has no entry, or an entry is wrong. The message says what to edit.
 */
export function textOf(messages) {
  const request = find(messages, 'ReportBoundaryLogsRequest');
  const left = new Map(TEXT_FIELDS.map((entry) => [entry.field, entry]));
  /** @type {Map<string, TextField>} */
  const shown = new Map();

  /** @param {Message} message @param {string} prefix @param {Field[]} path @param {boolean} inLog */
  const visit = (message, prefix, path, inLog) => {
    for (const field of message.fields) {
      const name = `${prefix}${field.name}`;
      const entry = left.get(name);
      left.delete(name);
      if (entry?.name === null) continue;
      if (entry !== undefined) {
        shown.set(name, { ...describe(entry, field), path: [...path, field], inLog });
      } else if (name === 'logs' && field.message) {
        visit(field.message, 'logs.', [], true);
      } else if (field.message && !field.repeated && field.message.name !== 'Timestamp') {
        visit(field.message, `${name}.`, [...path, field], inLog);
      } else {
        throw new Error(
          `proto/: ${message.name}.${field.name} has no entry in ${TABLE}: ` +
            `add { field: '${name}', name: '…' }, or name: null if text is not to show it`,
        );
      }
    }
  };
  visit(request, '', [], false);
  for (const field of left.keys())
    throw new Error(`${TABLE}: '${field}' is not a field of proto/: remove it`);
  checkReadByHand(messages);

  const fields = TEXT_FIELDS.flatMap(({ field }) => shown.get(field) ?? []);
  const names = new Map(fields.map((field) => [field.name, field]));
  if (names.size < fields.length) throw new Error(`${TABLE}: two entries have the same name`);
  for (const entry of TEXT_FIELDS) {
    const field = shown.get(entry.field);
    if (field === undefined || entry.with === undefined) continue;
    field.with = names.get(entry.with);
    if (field.with?.kind !== 'text')
      throw new Error(`${TABLE}: with: '${entry.with}' is not a string's name`);
  }
  return { message: MESSAGE, fields };
}

/** @param {Entry} entry @param {Field} field */
function describe({ field: path, name, doc, as }, { type, message, repeated }) {
  if (!/^[a-z]\w*$/.test(name ?? '')) throw new Error(`${TABLE}: ${name} is not a name as_in_proto`);
  const kind = message?.name === 'Timestamp' ? 'time' : KINDS[type];
  if (kind === undefined || repeated || (as === 'decision' && kind !== 'boolean')) {
    throw new Error(
      `${TABLE}: '${path}' is a ${repeated ? 'repeated ' : ''}${message?.name ?? type}, which text cannot show` +
        `${as ? ` as a ${as}` : ''}: give it the name null, or teach scripts/generate/ to write it`,
    );
  }
  // The $ keeps it apart from the names of functions.
  const variable = `$${name}`.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  return { name: /** @type {string} */ (name), variable, kind: as ?? kind, ...(doc && { doc }) };
}

/**
 * Hand-written code reads these messages. It must not ignore a new field silently.
 *
 * @param {Message[]} messages
 */
function checkReadByHand(messages) {
  const names = ['BoundaryMessage', 'BoundaryStatus', 'Timestamp'];
  for (const message of messages.filter(({ name }) => names.includes(name))) {
    for (const { name } of message.fields) {
      if (!(`${message.name}.${name}` in READ_BY_HAND)) {
        throw new Error(
          `proto/: ${message.name}.${name} has no entry in READ_BY_HAND of ${TABLE}: ` +
            'have the code that reads this message read it, and add its file there',
        );
      }
    }
  }
}

/** @param {Message[]} messages @param {string} name @returns {Message} */
export function find(messages, name) {
  const message = messages.find((message) => message.name === name);
  if (message === undefined) throw new Error(`proto/: there is no message ${name}`);
  return message;
}
