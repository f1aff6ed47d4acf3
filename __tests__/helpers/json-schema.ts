import { parse } from 'yaml';

type Schema = Readonly<Record<string, unknown>>;

/** What an editor that knows YAML 1.2 makes of a value that stands behind a key. */
export function inYaml(written: string): unknown {
  return parse(`key: ${/^[[~]|: /.test(written) ? JSON.stringify(written) : written}`).key;
}

/** Whether a value satisfies a schema, for the keywords that the schema of the file has. Throws at any other keyword. */
export function accepts(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, operand]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`unknown keyword ${keyword}`);
    return check(operand as never, value, schema);
  });
}

const KEYWORDS: Record<string, (operand: never, value: unknown, schema: Schema) => boolean> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  type: (types: string | string[], value) => [types].flat().some((type) => isOfType(type, value)),
  enum: (values: unknown[], value) => values.includes(value),
  minimum: (least: number, value) => typeof value !== 'number' || value >= least,
  maximum: (most: number, value) => typeof value !== 'number' || value <= most,
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern).test(value),
  anyOf: (schemas: Schema[], value) => schemas.some((schema) => accepts(schema, value)),
  items: (item: Schema, value) => !Array.isArray(value) || value.every((each) => accepts(item, each)),
  minItems: (least: number, value) => !Array.isArray(value) || value.length >= least,
  properties: (properties: Record<string, Schema>, value) =>
    !isOfType('object', value) ||
    Object.entries(value as object).every(([name, each]) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return property === undefined || accepts(property, each);
    }),
  additionalProperties: (_no: false, value, { properties }) =>
    !isOfType('object', value) ||
    Object.keys(value as object).every((name) => Object.hasOwn(properties as object, name)),
};

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
