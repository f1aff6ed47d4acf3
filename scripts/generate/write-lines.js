import { hasShortKey, keyNumber, keyOf } from './write-codec.js';

/**
 * @import { Field, Message } from './schema.js'
 * @import { Text, TextField } from './text.js'
 */

/** `write()` of lib/text/wasm/text.ts can copy literals of at most this many characters. */
const MAX_LITERAL = 32;

/** The most bytes that the JSON of a value needs, by its kind, without the characters of a text. */
const LENGTHS = { text: 1, time: 31, int32: 11, uint32: 10, boolean: 4, decision: 7 };

/**
 * A module in AssemblyScript that reads logs and writes their lines.
 *
 * @param {Message} request
 * @param {Text} text
 */
export function linesModule(request, { message, fields }) {
  const logs = /** @type {Message} */ (request.fields.find(({ name }) => name === 'logs')?.message);
  const ofRequest = fields.filter(({ inLog }) => !inLog);
  const ofLog = fields.filter(({ inLog }) => inLog);
  const reader = new Reader();
  reader.add('readRequest', request, ofRequest, []);
  reader.add('readLog', logs, ofLog, []);
  const walker = new Walker();
  walker.add('walkRequest', request, ofRequest, []);
  walker.add('walkLog', logs, ofLog, []);
  const texts = ofLog.filter(({ kind }) => kind === 'text');
  const repeated = ofRequest.filter(({ kind }) => kind === 'text');
  const start = `{"msg":"${message}"`;
  const fixed = fields.reduce((sum, { name, kind }) => sum + `,"${name}":""`.length + LENGTHS[kind], 0);
  return `import {
${[...reader.keys].map((key) => `  ${key},\n`).join('')}} from '../../../../codec/wasm/generated/keys';
import { fieldKey, fieldStart, fieldValue, NOWHERE, nextField } from '../../../../codec/wasm/field';
import { afterLength, skipField, varintValue } from '../../../../codec/wasm/wire';
import { Extent } from '../extent';
import { copyRepeated, MAX_REPEATED_LENGTH, REPEATED_ROOM, writeRepeated } from '../repeated';
import { MAX_ESCAPED_LENGTH, write, writeInteger, writeNumber, writeString } from '../text';
import { Time } from '../time';

${fields.map(declaration).join('')}
${[...reader.functions, ...walker.functions].join('\n')}
/** Writes what each line repeats. @returns false if a text is not UTF-8. */
export function prepare(): bool {
${repeated.map(({ variable }) => `  ${variable}End = writeRepeated(${variable}Text, ${variable}.start, ${variable}.stop);\n  if (${variable}End === 0) return false;\n`).join('')}  return true;
}

/** The most bytes that the line needs. */
export function maxLength(): usize {
  return ${start.length + fixed + '}\n'.length} + ${repeated.length} * MAX_REPEATED_LENGTH + MAX_ESCAPED_LENGTH * (${texts.map(({ variable }) => `${variable}.length`).join(' + ') || '0'});
}

/** Writes the line of the log that was read last. @returns the position after it, or 0 if a text is not UTF-8. */
export function writeLine(at: usize): usize {
  at = ${writeLiteral('at', start)};
${fields.map(writeLines).join('')}  return write(at, '}\\n');
}
`;
}

/** @param {TextField} field */
function declaration({ variable, kind, inLog }) {
  switch (kind) {
    case 'text': {
      const extent = `const ${variable} = changetype<Extent>(memory.data(offsetof<Extent>(), 4));\n`;
      if (inLog) return extent;
      return `${extent}const ${variable}Text = memory.data(REPEATED_ROOM, 16);\nlet ${variable}End: usize = 0;\n`;
    }
    case 'time':
      return `const ${variable} = changetype<Time>(memory.data(offsetof<Time>(), 8));\n`;
    case 'int32':
    case 'uint32':
      return `let ${variable}: u64 = 0;\n`;
    default:
      return `let ${variable}: bool = false;\n`;
  }
}

/** @param {TextField} field */
function clear({ variable, kind }) {
  if (kind === 'text' || kind === 'time') return `${variable}.clear();`;
  return `${variable} = ${kind === 'int32' || kind === 'uint32' ? '0' : 'false'};`;
}

/** Functions that read messages, each into the variables of the fields that it contains. */
class Reader {
  /** @type {string[]} */
  functions = [];
  /** @type {Set<string>} */
  keys = new Set();

  /**
   * @param {string} name
   * @param {Message} message
   * @param {TextField[]} shown The shown fields inside it, at any depth.
   * @param {Field[]} path The path of the message.
   */
  add(name, message, shown, path) {
    const inside = (/** @type {Field} */ field) =>
      shown.filter(({ path: its }) => its[path.length] === field);
    /** @type {{ key: string, isText: boolean, code: string }[]} */
    const branches = [];
    for (const field of message.fields.filter(hasShortKey)) {
      const fields = inside(field);
      // Of the members of a oneof only the last one on the wire counts, whether it is shown or not.
      const others = message.fields.filter(({ oneof }) => oneof && oneof === field.oneof);
      const cleared = others.filter((other) => other !== field).flatMap(inside);
      if (fields.length === 0 && cleared.length === 0) continue;
      const [only] = fields;
      const key = keyOf(message, field);
      this.keys.add(key);
      let code = cleared.map((other) => `${clear(other)} `).join('');
      if (only !== undefined && only.path.length === path.length + 1) code += readValue(only);
      else if (only !== undefined) {
        const inner = `${name}${field.property.replace(/^./, (letter) => letter.toUpperCase())}`;
        this.add(inner, /** @type {Message} */ (field.message), fields, [...path, field]);
        code += `if (!${inner}(afterLength(pos + 1), next)) return false;`;
      }
      const isText = only?.kind === 'text' && only.path.length === path.length + 1 && cleared.length === 0;
      branches.push({ key, isText, code });
    }
    // In a message of nothing but texts, the end of a field need not be found before it is read.
    const onlyTexts = branches.every(({ isText }) => isText);
    const ifs = branches.map(
      ({ key, code }) => `if (key === ${key}) ${onlyTexts ? `pos = ${code}` : `{ ${code} }`}`,
    );
    const loop = onlyTexts
      ? [[...ifs, 'pos = skipField(pos);'].join('\n    else ')]
      : [
          'const next = skipField(pos);',
          'if (next > end) return false;',
          ifs.join('\n    else '),
          'pos = next;',
        ];
    const isTop = path.length === 0;
    this.functions.push(`${isTop ? '/** @returns false if the message is not as senders write it. */\nexport ' : ''}function ${name}(pos: usize, end: usize): bool {
${isTop ? shown.map((field) => `  ${clear(field)}\n`).join('') : ''}  while (pos < end) {
    const key = load<u8>(pos);
    ${loop.join('\n    ')}
  }
  return pos === end;
}
`);
  }
}

/**
 * The same functions for messages in any form that is allowed.
 */
class Walker {
  /** @type {string[]} */
  functions = [];

  /**
   * @param {string} name
   * @param {Message} message
   * @param {TextField[]} shown The shown fields inside it, at any depth.
   * @param {Field[]} path The path of the message.
   */
  add(name, message, shown, path) {
    const inside = (/** @type {Field} */ field) =>
      shown.filter(({ path: its }) => its[path.length] === field);
    const branches = message.fields.flatMap((field) => {
      const fields = inside(field);
      const others = message.fields.filter(({ oneof }) => oneof && oneof === field.oneof);
      const cleared = others.filter((other) => other !== field).flatMap(inside);
      if (fields.length === 0 && cleared.length === 0) return [];
      const [only] = fields;
      let code = cleared.map((other) => `${clear(other)} `).join('');
      if (only !== undefined && only.path.length === path.length + 1) code += walkValue(only);
      else if (only !== undefined) {
        const inner = `${name}${field.property.replace(/^./, (letter) => letter.toUpperCase())}`;
        this.add(inner, /** @type {Message} */ (field.message), fields, [...path, field]);
        code += `if (!${inner}(fieldStart, pos)) return false;`;
      }
      return [`if (fieldKey === ${keyNumber(field)}) { ${code} }`];
    });
    const isTop = path.length === 0;
    this.functions.push(`${isTop ? '/** The same for a message in any form that is allowed. @returns false if it is not valid. */\nexport ' : ''}function ${name}(pos: usize, end: usize): bool {
${isTop ? shown.map((field) => `  ${clear(field)}\n`).join('') : ''}  while (pos < end) {
    pos = nextField(pos, end);
    if (pos === NOWHERE) return false;
    ${branches.join('\n    else ')}
  }
  return true;
}
`);
  }
}

/** @param {TextField} field */
function walkValue({ variable, kind }) {
  switch (kind) {
    case 'text':
      return `${variable}.place(fieldStart, pos);`;
    case 'time':
      return `if (!${variable}.walk(fieldStart, pos)) return false;`;
    case 'int32':
    case 'uint32':
      return `${variable} = fieldValue;`;
    default:
      return `${variable} = fieldValue !== 0;`;
  }
}

/** @param {TextField} field */
function readValue({ variable, kind }) {
  switch (kind) {
    case 'text':
      return `${variable}.set(pos);`;
    case 'time':
      return `if (!${variable}.read(afterLength(pos + 1), next)) return false;`;
    case 'int32':
    case 'uint32':
      return `${variable} = varintValue(pos + 1, next);`;
    default:
      return `${variable} = varintValue(pos + 1, next) !== 0;`;
  }
}

/** @param {TextField} field */
function writeLines({ name, variable, kind, inLog, with: other }) {
  const key = writeLiteral('at', `,"${name}":`);
  const quoted = writeLiteral('at', `,"${name}":"`);
  switch (kind) {
    case 'decision':
      return `  at = ${quoted};\n  at = write(at, ${variable} ? 'allow"' : 'deny"');\n`;
    case 'boolean':
      return `  if (${variable}) at = ${writeLiteral('at', `,"${name}":true`)};\n`;
    case 'time':
      return `  if (${variable}.isSet) at = write(${variable}.write(${quoted}), '"');\n`;
    case 'text':
      if (!inLog) {
        return `  if (${variable}.length > 0) at = copyRepeated(${quoted}, ${variable}Text, ${variable}End);\n`;
      }
      return `  if (${variable}.length > 0) {
    at = writeString(${quoted}, ${variable}.start, ${variable}.stop);
    if (at === 0) return 0;
  }\n`;
    default: {
      const also = other === undefined ? '' : ` || ${other.variable}.length > 0`;
      const [type, write] = kind === 'int32' ? ['i32', 'writeInteger'] : ['u32', 'writeNumber'];
      return `  if (<${type}>${variable} !== 0${also}) at = ${write}(${key}, <${type}>${variable});\n`;
    }
  }
}

/** @param {string} at @param {string} literal */
function writeLiteral(at, literal) {
  for (let i = 0; i < literal.length; i += MAX_LITERAL)
    at = `write(${at}, '${literal.slice(i, i + MAX_LITERAL)}')`;
  return at;
}
