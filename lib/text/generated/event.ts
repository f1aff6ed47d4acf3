// Made by `npm run generate` from proto/ and scripts/generate/text-fields.js. Do not edit.
import type { BoundaryLog, ReportBoundaryLogsRequest } from '../../../codec/index.js';
import { textOfTime, timeOfText } from '../timestamp.js';

/** The `msg` of each line of text. */
export const MESSAGE = 'boundary_request';

/**
 * An event as text shows it. Existing dashboards parse these names, in this order. A field without a value is
 * left out.
 */
export interface BoundaryEvent {
  /** Whether boundary allowed the request. */
  decision: 'allow' | 'deny';
  /** UUID of one run of boundary. */
  session_id?: string;
  /** Counts from 0 in each session. Senders without a session do not number their events. */
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

/** How the fields are written. */
export const KINDS = {
  decision: 'decision',
  session_id: 'text',
  sequence_number: 'int32',
  confined_process_name: 'text',
  http_method: 'text',
  http_url: 'text',
  event_time: 'time',
  matched_rule: 'text',
} as const;

/** The texts of a request, which the line of each of its logs repeats. */
export const REPEATED_TEXTS = ['sessionId', 'confinedProcessName'] as const;

/** The event of a log. In a decoded message, a field that was absent on the wire has its default. */
export function eventOf(request: ReportBoundaryLogsRequest, log: BoundaryLog): BoundaryEvent {
  const event = {} as BoundaryEvent;
  event.decision = log.allowed ? 'allow' : 'deny';
  if (request.sessionId) event.session_id = request.sessionId;
  if (log.sequenceNumber || request.sessionId) event.sequence_number = log.sequenceNumber ?? 0;
  if (request.confinedProcessName) event.confined_process_name = request.confinedProcessName;
  if (log.httpRequest?.method) event.http_method = log.httpRequest?.method;
  if (log.httpRequest?.url) event.http_url = log.httpRequest?.url;
  if (log.time) event.event_time = textOfTime(log.time);
  if (log.httpRequest?.matchedRule) event.matched_rule = log.httpRequest?.matchedRule;
  return event;
}

/** The log of an event. */
export function logOf(event: BoundaryEvent): BoundaryLog {
  const log: BoundaryLog = {};
  log.allowed = event.decision === 'allow';
  if (event.sequence_number !== undefined) log.sequenceNumber = event.sequence_number;
  if (event.http_method !== undefined || event.http_url !== undefined || event.matched_rule !== undefined) {
    log.httpRequest = { method: event.http_method ?? '', url: event.http_url ?? '', matchedRule: event.matched_rule ?? '' };
  }
  if (event.event_time !== undefined) log.time = timeOfText(event.event_time);
  return log;
}
