import type { Schema } from './kinds.js';
import { defaultOf, keyOf, type Row, type Table } from './row.js';

/** The JSON Schema (draft 7) of the file, with which editors complete and check it. */
export function schemaOf(table: Table): Schema {
  const properties = Object.entries(table).map(([option, row]) => [keyOf(option), propertyOf(row)]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Options of boundary-log-proxy serve',
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  };
}

function propertyOf(row: Row): Schema {
  const { doc, keyDoc = doc, kind, default: value } = row;
  const shown = typeof value === 'boolean' ? String(value) : defaultOf(row);
  const description = shown === '' ? `${keyDoc}.` : `${keyDoc}. Default: ${shown}.`;
  const list = { type: 'array', items: kind.schema, minItems: 1 };
  return { description, ...(kind.isList ? { anyOf: [kind.schema, list] } : kind.schema) };
}
