import type Long from 'long';
import type { BoundaryLog, LogBatch, ReportBoundaryLogsRequest } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { shown } from '../options.js';
import { parseTime, rfc3339 } from './timestamp.js';

/**
 * One event as text has it, in the names that existing dashboards parse, in this order. A field that is not
 * there is left out.
 */
export interface BoundaryEvent {
  /** Whether boundary allowed the request. */
  decision: 'allow' | 'deny';
  /** UUID of one run of boundary. */
  session_id?: string;
  /** From 0 in each session. Not there from senders that do not number: those without a session. */
  sequence_number?: number;
  /** The jailed command. */
  confined_process_name?: string;
  /** The method of the request. */
  http_method?: string;
  /** The complete URL of the request, with its query. */
  http_url?: string;
  /** RFC 3339, with up to nine digits of a second. */
  event_time?: string;
  /** The rule that allowed the request. */
  matched_rule?: string;
}

/** The `msg` of each line of text. */
export const MESSAGE = 'boundary_request';

/** The events of a batch. */
export function eventsOf({ request }: LogBatch): BoundaryEvent[] {
  return request.logs.map((log) => eventOf(request, log));
}

/** What the wire left out has its default in a decoded message. */
function eventOf(request: ReportBoundaryLogsRequest, log: BoundaryLog): BoundaryEvent {
  const { time, httpRequest, sequenceNumber } = log;
  const event: BoundaryEvent = { decision: log.allowed ? 'allow' : 'deny' };
  if (request.sessionId) event.session_id = request.sessionId;
  if (request.sessionId || sequenceNumber) event.sequence_number = Number(sequenceNumber);
  if (request.confinedProcessName) event.confined_process_name = request.confinedProcessName;
  if (httpRequest?.method) event.http_method = httpRequest.method;
  if (httpRequest?.url) event.http_url = httpRequest.url;
  if (time) event.event_time = rfc3339(secondsOf(time.seconds as number | Long), Number(time.nanos));
  if (httpRequest?.matchedRule) event.matched_rule = httpRequest.matchedRule;
  return event;
}

function secondsOf(seconds: number | Long): number | bigint {
  const number = typeof seconds === 'number' ? seconds : seconds.toNumber();
  return Number.isSafeInteger(number) ? number : BigInt(seconds.toString());
}

/** The type of each field but `decision`. */
const FIELDS = {
  session_id: 'string',
  sequence_number: 'number',
  confined_process_name: 'string',
  http_method: 'string',
  http_url: 'string',
  event_time: 'string',
  matched_rule: 'string',
} as const;

/**
 * Makes sure that a value, such as a line of JSON, is an event. Fields that an event does not have, such as
 * `msg`, are let go.
 *
 * @throws ERR_INVALID_EVENT naming the field, what it got, and what it takes.
 */
export function toEvent(value: unknown): BoundaryEvent {
  if (typeof value !== 'object' || value === null) throw invalid('an event', value, 'an object');
  const { decision, ...rest } = value as Record<string, unknown>;
  if (decision !== 'allow' && decision !== 'deny') throw invalid('decision', decision, 'allow or deny');
  const event: Record<string, unknown> = { decision };
  for (const [name, type] of Object.entries(FIELDS)) {
    const field = rest[name];
    if (field === undefined || field === null) continue;
    if (typeof field !== type) throw invalid(name, field, `a ${type}`);
    event[name] = typeof field === 'string' ? field.toWellFormed() : field;
  }
  const { sequence_number, event_time } = event as Partial<BoundaryEvent>;
  if (sequence_number !== undefined && (sequence_number | 0) !== sequence_number) {
    throw invalid('sequence_number', sequence_number, 'a whole number from -2147483648 to 2147483647');
  }
  if (event_time !== undefined && parseTime(event_time) === undefined) {
    throw invalid('event_time', event_time, 'a time as in 2026-03-03T19:42:34.12Z (RFC 3339)');
  }
  return event as unknown as BoundaryEvent;
}

/** The log entry of an event. Its session and process belong to the batch. */
export function logOf(event: BoundaryEvent): BoundaryLog {
  const { http_method, http_url, matched_rule, event_time, sequence_number } = event;
  const log: BoundaryLog = { allowed: event.decision === 'allow' };
  if (event_time !== undefined) log.time = parseTime(event_time) ?? null;
  if (http_method !== undefined || http_url !== undefined || matched_rule !== undefined) {
    log.httpRequest = { method: http_method ?? '', url: http_url ?? '', matchedRule: matched_rule ?? '' };
  }
  if (sequence_number !== undefined) log.sequenceNumber = sequence_number;
  return log;
}

function invalid(what: string, got: unknown, takes: string): BoundaryLogError {
  return new BoundaryLogError('ERR_INVALID_EVENT', `${what}: got ${shown(got)}, takes ${takes}`);
}
