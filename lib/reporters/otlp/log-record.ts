import { LogBatch } from '../../../codec/index.js';
import { Failure } from '../../connection/failure.js';
import { parsedUrl } from '../../parsed-url.js';
import { messageOf, visible } from '../../printable.js';
import { VERSION } from '../../telemetry/version.js';
import { cut } from '../../text/cut.js';
import { type BoundaryEvent, eventOf, MESSAGE } from '../../text/generated/event.js';

/** Seconds since 1970, and nanoseconds. */
export type HrTime = [seconds: number, nanos: number];

/** A resource or a scope: log records that share the same object are sent together. */
export interface Shared {
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** A log record, in the form that the official serializers read. */
export interface LogRecord {
  readonly eventName: string;
  /** `[0, 0]` means that it is not known. */
  readonly hrTime: HrTime;
  readonly hrTimeObserved: HrTime;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly droppedAttributesCount: number;
  readonly resource: Shared;
  readonly instrumentationScope: Scope;
}

export const SCOPE: Scope = { name: 'boundary-log-proxy', version: VERSION };

const UNKNOWN: HrTime = [0, 0];
const INFO = 9;
const WARN = 13;

/** How much of an event the body shows: a line for a reader. The attributes contain all of it. */
const MAX_BODY_LENGTH = 300;

/** Many receivers read times as signed numbers of nanoseconds, which end in the year 2262. */
const END_SECONDS = 9_223_372_036;

type Request = LogBatch['request'];
type Log = Request['logs'][number];

/**
 * The log records of a batch, one for each of its logs, in their order.
 *
 * @throws a permanent error if the batch cannot be decoded.
 */
export function recordsOf(batch: LogBatch, hrTimeObserved: HrTime, resource: Shared): LogRecord[] {
  const request = decoded(batch);
  return request.logs.map((log) => recordOf(request, log, hrTimeObserved, resource));
}

function recordOf(request: Request, log: Log, hrTimeObserved: HrTime, resource: Shared): LogRecord {
  const event = eventOf(request, log);
  const time = log.time ? hrTimeOf(log.time) : undefined;
  const isAllowed = event.decision === 'allow';
  return {
    eventName: MESSAGE,
    hrTime: time ?? UNKNOWN,
    hrTimeObserved,
    severityNumber: isAllowed ? INFO : WARN,
    severityText: isAllowed ? 'INFO' : 'WARN',
    body: lineOf(event),
    attributes: attributesOf(event, time === undefined ? event.event_time : undefined),
    droppedAttributesCount: 0,
    resource,
    instrumentationScope: SCOPE,
  };
}

/** @param eventTime The time of the event, if the record cannot contain it as a number. */
function attributesOf(event: BoundaryEvent, eventTime: string | undefined): Record<string, string | number> {
  const attributes: Record<string, string | number> = {};
  const set = (name: string, value: string | number | undefined) => {
    if (value !== undefined) attributes[name] = value;
  };
  set('http.request.method', event.http_method);
  set('url.full', event.http_url);
  set('server.address', event.http_url && hostOf(event.http_url));
  set('boundary.decision', event.decision);
  set('boundary.session_id', repeated(event.session_id));
  set('boundary.sequence_number', event.sequence_number);
  set('boundary.process', repeated(event.confined_process_name));
  set('boundary.matched_rule', event.matched_rule);
  set('boundary.event_time', eventTime);
  return attributes;
}

/** A text that each log record of a batch repeats. Like text, it is cut if it is long. */
function repeated(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cut(text, (shown) => shown);
}

/** An event on one line: `deny GET https://example.com/`. */
function lineOf({ decision, http_method: method, http_url: url }: BoundaryEvent): string {
  const line = [decision, method, url].filter((part) => part !== undefined).join(' ');
  return visible(line.length > MAX_BODY_LENGTH ? `${line.slice(0, MAX_BODY_LENGTH)}…` : line);
}

/** The host of a URL, an IPv6 address without brackets; undefined if it has none, or is not a URL. */
function hostOf(url: string): string | undefined {
  return parsedUrl(url)?.hostname.replaceAll(/[[\]]/g, '') || undefined;
}

/** @returns undefined for a time that OTLP cannot express: 0 means that it is not known. */
function hrTimeOf({ seconds, nanos }: NonNullable<Log['time']>): HrTime | undefined {
  // Beyond 2^53 it is not exact, but far outside of the times that can be sent.
  const whole = typeof seconds === 'object' ? (seconds?.toNumber() ?? 0) : (seconds ?? 0);
  const carry = Math.floor((nanos ?? 0) / 1e9);
  const time: HrTime = [whole + carry, (nanos ?? 0) - carry * 1e9];
  const isSent = time[0] >= 0 && time[0] < END_SECONDS && (time[0] > 0 || time[1] > 0);
  return isSent ? time : undefined;
}

/** A new batch, because the decoded logs of the given one would stay in memory as long as it waits. */
function decoded({ tag, count, raw }: LogBatch): Request {
  try {
    return new LogBatch(tag, count, raw).request;
  } catch (cause) {
    const message = `this batch cannot be decoded: ${messageOf(cause)}`;
    throw new Failure('ERR_INVALID_BATCH', message, { permanent: true, cause });
  }
}
