import protobuf from 'protobufjs';

/**
 * A field of a message.
 *
 * @typedef {object} Field
 * @property {string} name In `proto/`.
 * @property {string} property In JavaScript.
 * @property {number} number
 * @property {string} type Of a scalar; `message` or `enum` for those.
 * @property {Message} [message]
 * @property {boolean} repeated
 * @property {string} [oneof] The oneof that it is a member of.
 *
 * @typedef {object} Message
 * @property {string} name Without its package.
 * @property {Field[]} fields In the order of their numbers.
 */

/** Scalars that are length-delimited on the wire. All others are numbers. */
const DELIMITED = ['string', 'bytes'];

/**
 * Reads `proto/`.
 *
 * @param {string} file
 * @returns {Message[]} The messages that a `BoundaryMessage` may contain, and last itself. Each comes after
 *   those that it contains.
 */
export function readSchema(file) {
  const root = new protobuf.Root();
  root.resolvePath = (_from, to) => (to.startsWith('google/') ? to : `proto/${to}`);
  root.loadSync(file, { keepCase: true });
  root.resolveAll();
  /** @type {Map<string, Message>} */
  const messages = new Map();
  collect(root.lookupType('BoundaryMessage'), messages, []);
  return [...messages.values()];
}

/**
 * @param {protobuf.Type} type
 * @param {Map<string, Message>} messages
 * @param {protobuf.Type[]} parents
 * @returns {Message}
 */
function collect(type, messages, parents) {
  if (parents.includes(type)) throw unsupported(type, 'contains itself');
  const known = messages.get(type.fullName);
  if (known !== undefined) return known;
  const fields = type.fieldsArray.map((field) => fieldOf(field, messages, [...parents, type]));
  const message = { name: type.name, fields: fields.sort((a, b) => a.number - b.number) };
  if ([...messages.values()].some(({ name }) => name === type.name)) {
    throw unsupported(type, `has the same name as another message`);
  }
  messages.set(type.fullName, message);
  return message;
}

/**
 * @param {protobuf.Field} field
 * @param {Map<string, Message>} messages
 * @param {protobuf.Type[]} parents
 * @returns {Field}
 */
function fieldOf(field, messages, parents) {
  const { name, id: number, repeated, resolvedType, partOf } = field;
  const isMessage = resolvedType instanceof protobuf.Type;
  if (field.map) throw unsupported(field, 'is a map');
  if (field.delimited) throw unsupported(field, 'is a group');
  if (repeated && !isMessage && !DELIMITED.includes(field.type)) {
    throw unsupported(field, 'is a list of numbers, which may come packed');
  }
  return {
    name,
    property: protobuf.util.camelCase(name),
    number,
    type: isMessage ? 'message' : resolvedType === null ? field.type : 'enum',
    ...(isMessage && { message: collect(resolvedType, messages, parents) }),
    repeated,
    // protobufjs makes a oneof of one member of each `optional` field.
    ...(partOf && !partOf.isProto3Optional && { oneof: partOf.name }),
  };
}

/** @param {protobuf.ReflectionObject} what @param {string} why */
function unsupported(what, why) {
  const name = what.fullName.slice(1);
  return new Error(
    `proto/: ${name} ${why}, which codec/walk.ts cannot check: extend it and scripts/generate/schema.js first`,
  );
}
