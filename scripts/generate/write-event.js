/**
 * @import { Field } from './schema.js'
 * @import { Kind, Text, TextField } from './text.js'
 */

/** @type {Record<Kind, string>} */
const TYPES = {
  text: 'string',
  time: 'string',
  int32: 'number',
  uint32: 'number',
  boolean: 'boolean',
  decision: "'allow' | 'deny'",
};

/**
 * A module for events as objects: their type, and the conversions from and to messages.
 *
 * @param {Text} text
 */
export function eventModule({ message, fields }) {
  const property = (/** @type {TextField} */ { name, kind, doc }) =>
    `${doc === undefined ? '' : `  /** ${doc} */\n`}  ${name}${kind === 'decision' ? '' : '?'}: ${TYPES[kind]};\n`;
  const repeated = fields.filter(({ kind, inLog, path }) => kind === 'text' && !inLog && path.length === 1);
  if (fields.some(({ kind, inLog, path }) => kind === 'text' && !inLog && path.length > 1)) {
    throw new Error(
      'proto/: a text in a message of the request is repeated in each line: have lib/text/format.ts cut it',
    );
  }
  return `import type { BoundaryLog, ReportBoundaryLogsRequest } from '../../../codec/index.js';
import { textOfTime, timeOfText } from '../timestamp.js';

/** The \`msg\` of each line of text. */
export const MESSAGE = '${message}';

/**
 * An event as text shows it. Existing dashboards parse these names, in this order. A field without a value is
 * left out.
 */
export interface BoundaryEvent {
${fields.map(property).join('')}}

/** How the fields are written. */
export const KINDS = {
${fields.map(({ name, kind }) => `  ${name}: '${kind}',\n`).join('')}} as const;

/** The texts of a request, which the line of each of its logs repeats. */
export const REPEATED_TEXTS = [${repeated.map(({ path }) => `'${path[0]?.property}'`).join(', ')}] as const;

/** The event of a log. In a decoded message, a field that was absent on the wire has its default. */
export function eventOf(request: ReportBoundaryLogsRequest, log: BoundaryLog): BoundaryEvent {
  const event = {} as BoundaryEvent;
${fields.map(eventLine).join('')}  return event;
}

/** The log of an event. */
export function logOf(event: BoundaryEvent): BoundaryLog {
  const log: BoundaryLog = {};
${logLines(fields.filter(({ inLog }) => inLog))}  return log;
}
`;
}

/** @param {TextField} field */
function read({ path, inLog }) {
  return `${inLog ? 'log' : 'request'}.${path.map(({ property }) => property).join('?.')}`;
}

/** @param {TextField} field */
function eventLine(field) {
  const value = read(field);
  const to = `event.${field.name}`;
  switch (field.kind) {
    case 'decision':
      return `  ${to} = ${value} ? 'allow' : 'deny';\n`;
    case 'time':
      return `  if (${value}) ${to} = textOfTime(${value});\n`;
    case 'int32':
    case 'uint32': {
      const shown = field.with === undefined ? value : `${value} || ${read(field.with)}`;
      return `  if (${shown}) ${to} = ${value} ?? 0;\n`;
    }
    default:
      return `  if (${value}) ${to} = ${value};\n`;
  }
}

/** @param {TextField[]} fields Those of a log, some of them inside a message in it. */
function logLines(fields) {
  const present = (/** @type {TextField} */ { name }) => `event.${name} !== undefined`;
  /** @param {TextField[]} inside @param {number} depth @returns {string} */
  const object = (inside, depth) => {
    const members = group(inside, depth).map(([key, members]) => {
      const [only] = members;
      return `${key}: ${only?.path.length === depth + 1 ? written(only) : object(members, depth + 1)}`;
    });
    return `{ ${members.join(', ')} }`;
  };
  return group(fields, 0)
    .map(([key, members]) => {
      const [only] = members;
      if (only?.kind === 'decision') return `  log.${key} = ${written(only)};\n`;
      if (only?.path.length === 1) return `  if (${present(only)}) log.${key} = ${written(only)};\n`;
      return `  if (${members.map(present).join(' || ')}) {\n    log.${key} = ${object(members, 1)};\n  }\n`;
    })
    .join('');
}

/** Groups fields by the element at `depth` of their paths. @param {TextField[]} fields @param {number} depth */
function group(fields, depth) {
  /** @type {Map<string, TextField[]>} */
  const groups = new Map();
  for (const field of fields) {
    const { property } = /** @type {Field} */ (field.path[depth]);
    groups.set(property, [...(groups.get(property) ?? []), field]);
  }
  return [...groups];
}

/** The value of the field in a message. @param {TextField} field */
function written({ name, kind, path }) {
  const value = `event.${name}`;
  if (kind === 'decision') return `${value} === 'allow'`;
  if (kind === 'time') return `timeOfText(${value})`;
  if (path.length === 1) return value;
  return `${value} ?? ${kind === 'text' ? "''" : kind === 'boolean' ? 'false' : '0'}`;
}
