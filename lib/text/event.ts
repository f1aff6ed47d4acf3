import { isRecord } from '../../codec/argument.js';
import type { BoundaryLog, LogBatch } from '../../codec/index.js';
import { unknownName } from '../../codec/unknown-name.js';
import { BoundaryLogError } from '../errors.js';
import { checkArgument, type OptionCheck, shown } from '../options.js';
import { type BoundaryEvent, eventOf, KINDS, logOf as logOfValid } from './generated/event.js';
import { parseTime } from './timestamp.js';

export { type BoundaryEvent, MESSAGE } from './generated/event.js';

/** What functions for batches accept. Any object with the logs of a request is one. */
export const BATCH: OptionCheck = {
  expected: 'a LogBatch',
  accepts: (value) => isRecord(value) && isRecord(value.request) && Array.isArray(value.request.logs),
};

/**
 * Returns the events of a batch, one for each log, in their order.
 *
 * @throws ERR_INVALID_OPTION if the argument is not a batch.
 */
export function eventsOf(batch: LogBatch): BoundaryEvent[] {
  checkArgument('eventsOf', 'batch', batch, BATCH);
  const { request } = batch;
  return request.logs.map((log) => eventOf(request, log));
}

/**
 * Returns the log of an event, for `encodeLogs()`.
 *
 * @throws ERR_INVALID_EVENT as {@link toEvent} does.
 */
export function logOf(event: BoundaryEvent): BoundaryLog {
  return logOfValid(toEvent(event));
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

/** What a line of text has besides the fields of its event. */
const IGNORED = 'msg';

/**
 * Validates a value, such as a parsed line of JSON, as an event. The `msg` of a line is ignored. Lone surrogates, which
 * protobuf cannot encode, are replaced by U+FFFD.
 *
 * @throws ERR_INVALID_EVENT with a message that names the field, its value, and the accepted values; also for a field that
 *   an event does not have, because its value would be lost.
 */
export function toEvent(value: unknown): BoundaryEvent {
  if (!isRecord(value)) throw invalid('an event', value, 'an object');
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(KINDS, name) || name === IGNORED) continue;
    throw new BoundaryLogError('ERR_INVALID_EVENT', unknownName('field', name, Object.keys(KINDS)));
  }
  const event: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries<Kind>(KINDS)) {
    const field = value[name];
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
