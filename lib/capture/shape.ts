import { type OptionCheck, shown, wholeNumber } from '../options.js';
import { KIND_NUMBERS } from './record.js';

const CONNECTION = wholeNumber({ min: 1, max: 0xffff_ffff });
const COUNT = wholeNumber({ min: 0 });

/** What the properties of a record must be, by its kind. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, OptionCheck>>>> = {
  start: { startedAt: COUNT },
  ...Object.fromEntries(
    ['open', 'end', 'broken', 'closed'].map((kind) => [kind, { connection: CONNECTION, time: COUNT }]),
  ),
  data: {
    connection: CONNECTION,
    time: COUNT,
    bytes: { expected: 'bytes', accepts: (value) => value instanceof Uint8Array },
  },
  gap: {
    connection: wholeNumber({ min: 0, max: 0xffff_ffff }),
    time: COUNT,
    bytes: COUNT,
    connections: COUNT,
  },
  finish: { time: COUNT },
};

/** What keeps a value from being a record; undefined if nothing does. */
export function shapeFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `got ${shown(value)}, expected a record`;
  const { kind } = value as { kind?: unknown };
  if (typeof kind !== 'string' || !Object.hasOwn(SHAPES, kind)) {
    const kinds = ['start', ...Object.keys(KIND_NUMBERS)].join(', ');
    return `kind: got ${shown(kind)}, expected one of ${kinds}`;
  }
  for (const [name, { expected, accepts }] of Object.entries(SHAPES[kind] ?? {})) {
    const property = (value as Record<string, unknown>)[name];
    if (!accepts(property)) return `${name}: got ${shown(property)}, expected ${expected}`;
  }
  return undefined;
}
