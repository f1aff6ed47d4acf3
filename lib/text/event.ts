import type { LogBatch } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { shown } from '../options.js';
import { type BoundaryEvent, eventOf, KINDS } from './generated/event.js';
import { parseTime } from './timestamp.js';

export { type BoundaryEvent, logOf, MESSAGE } from './generated/event.js';

/** Returns the events of a batch, one for each log, in their order. */
export function eventsOf({ request }: LogBatch): BoundaryEvent[] {
  return request.logs.map((log) => eventOf(request, log));
}

type Kind = 'decision' | 'text' | 'int32' | 'uint32' | 'boolean' | 'time';

interface Rule {
  /** What `typeof` says of a value. */
  readonly type?: 'string' | 'number' | 'boolean';
  /** Which of those values are accepted. Default: all. */
  accepts?(value: unknown): boolean;
  /** The accepted values in words. */
  readonly expected?: string;
}

/** The values that the fields of each kind may have. */
const RULES: Record<Kind, Rule> = {
  decision: { accepts: (value) => value === 'allow' || value === 'deny', expected: 'allow or deny' },
  text: { type: 'string' },
  int32: {
    type: 'number',
    accepts: (value) => (Number(value) | 0) === value,
    expected: 'a whole number from -2147483648 to 2147483647',
  },
  uint32: {
    type: 'number',
    accepts: (value) => Number(value) >>> 0 === value,
    expected: 'a whole number from 0 to 4294967295',
  },
  boolean: { type: 'boolean' },
  time: {
    type: 'string',
    accepts: (value) => parseTime(String(value)) !== undefined,
    expected: 'a time such as 2026-03-03T19:42:34.12Z (RFC 3339)',
  },
};

/**
 * Validates a value, such as a parsed line of JSON, as an event. Fields that an event does not have, such as
 * `msg`, are ignored. Lone surrogates, which protobuf cannot encode, are replaced by U+FFFD.
 *
 * @throws ERR_INVALID_EVENT with a message that names the field, its value, and the accepted values.
 */
export function toEvent(value: unknown): BoundaryEvent {
  if (typeof value !== 'object' || value === null) throw invalid('an event', value, 'an object');
  const event: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries<Kind>(KINDS)) {
    const field = (value as Record<string, unknown>)[name];
    if ((field === undefined || field === null) && kind !== 'decision') continue;
    const { type, accepts, expected = '' } = RULES[kind];
    if (type !== undefined && typeof field !== type) throw invalid(name, field, `a ${type}`);
    if (accepts?.(field) === false) throw invalid(name, field, expected);
    event[name] = typeof field === 'string' ? field.toWellFormed() : field;
  }
  return event as unknown as BoundaryEvent;
}

function invalid(what: string, got: unknown, expected: string): BoundaryLogError {
  return new BoundaryLogError('ERR_INVALID_EVENT', `${what}: got ${shown(got)}, expected ${expected}`);
}
