import type { IncomingHttpHeaders } from 'node:http';
import { FieldCursor } from '../../../codec/field-cursor.js';
import { WireType } from '../../../codec/wire.js';
import type { ReportResult } from '../../batch.js';
import { Failure, passing, rejection } from '../../connection/failure.js';
import { parsedUrl } from '../../parsed-url.js';
import { described, oneLine, parseRetryAfter, shownUrl } from '../http-answer.js';
import type { Serializer } from './serializer.js';

/** What a server has answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether `body` is all of it. */
  readonly isComplete: boolean;
}

/** What an answer is about. */
export interface Asked {
  readonly url: URL;
  /** How many log records were sent. */
  readonly records: number;
  /** Removes secrets from a text of the server, which may repeat the request. */
  hide(text: string): string;
  /** Called with a warning of a server that has accepted everything. */
  onWarning(text: string): void;
}

/** The server has failed with a status that does not say whose fault it is: 500 and others. */
class ServerFault extends Failure {}

export function isServerFault(error: unknown): boolean {
  return error instanceof ServerFault;
}

/** The statuses with which OTLP asks for a retry. */
const RETRIED = [429, 502, 503, 504];

/**
 * What an answer means for the logs of a request.
 *
 * @throws a Failure if it did not accept them.
 */
export function outcomeOf(answer: Answer, asked: Asked, serializer: Serializer): ReportResult {
  const { status, headers } = answer;
  const where = shownUrl(asked.url);
  if (status >= 200 && status < 300) return successIn(answer, asked, serializer);
  const said = `HTTP ${status}, ${textIn(answer, asked)}`;
  if (RETRIED.includes(status)) {
    const ms = parseRetryAfter(headers['retry-after'], Date.now());
    const message = `the OpenTelemetry server is not available: ${where} answers with ${said}`;
    throw passing('ERR_CONNECT_FAILED', message, undefined, ms);
  }
  if (status >= 500) {
    const message = `the OpenTelemetry server fails: ${where} answers with ${said}`;
    throw new ServerFault('ERR_CONNECT_FAILED', message);
  }
  if (status >= 400) {
    throw rejection(
      `the OpenTelemetry server rejects this batch: ${where} answers with ${said}${adviceFor(status)}`,
    );
  }
  const target = parsedUrl(headers.location ?? '', asked.url.href);
  const to = target === undefined ? said : `HTTP ${status} to ${asked.hide(shownUrl(target))}`;
  const message = `${where} redirects with ${to}, which is not followed: set the endpoint to the address of the OpenTelemetry server`;
  throw passing('ERR_CONNECT_FAILED', message);
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403)
    return '. Are the credentials correct, as in OTEL_EXPORTER_OTLP_HEADERS?';
  if (status === 404 || status === 405)
    return '. Is this the path for logs? It usually ends with /v1/logs, which is added to OTEL_EXPORTER_OTLP_ENDPOINT';
  if (status === 415)
    return '. Does it accept the other OTEL_EXPORTER_OTLP_PROTOCOL, http/protobuf or http/json?';
  return '';
}

function successIn(answer: Answer, asked: Asked, serializer: Serializer): ReportResult {
  const partial = partialIn(answer, asked, serializer);
  if (partial === undefined) return { rejectedLogs: 0 };
  const { rejectedLogRecords: rejected, errorMessage } = partial;
  const message = typeof errorMessage === 'string' ? oneLine(asked.hide(errorMessage)) : '';
  const count = rejected === undefined || rejected === null ? 0 : Number(rejected);
  if (count === 0) {
    if (message !== '') asked.onWarning(message);
    return { rejectedLogs: 0 };
  }
  // A count that cannot be right must not look like a delivery. Nothing is sent again, as the protocol demands.
  const isPlausible = Number.isSafeInteger(count) && count > 0 && count <= asked.records;
  const rejectedLogs = isPlausible ? count : asked.records;
  const why = message === '' ? 'it does not say why' : message;
  const odd = isPlausible
    ? ''
    : `, which counts as all of them, because it says ${oneLine(asked.hide(String(rejected)))}`;
  const error = rejection(
    `the OpenTelemetry server has rejected ${rejectedLogs} of the ${asked.records} logs of an export${odd}: ${why}`,
  );
  return { rejectedLogs, error };
}

interface PartialSuccess {
  readonly rejectedLogRecords?: unknown;
  readonly errorMessage?: unknown;
}

/** @throws a Failure if the body is not OTLP: whatever answers may have accepted nothing. */
function partialIn(answer: Answer, asked: Asked, serializer: Serializer): PartialSuccess | undefined {
  const { headers, body, isComplete, status } = answer;
  if (body.length === 0 && isComplete) return undefined;
  const type = headers['content-type'] ?? serializer.contentType;
  try {
    // Nothing else was asked for.
    const { 'content-encoding': encoding = 'identity' } = headers;
    if (!isComplete || encoding !== 'identity') throw new Error('not readable');
    const response = /\bjson\b/i.test(type)
      ? JSON.parse(body.toString())
      : /protobuf/i.test(type) && serializer.deserialize(body);
    if (typeof response !== 'object' || response === null || Array.isArray(response))
      throw new Error('not OTLP');
    return response.partialSuccess ?? response.partial_success ?? undefined;
  } catch {
    const said = `HTTP ${status}, ${textIn(answer, asked)}`;
    const message = `what answers at ${shownUrl(asked.url)} does not speak OTLP: ${said}. Set the endpoint to the address of the OpenTelemetry server`;
    throw passing('ERR_PROTOCOL_VIOLATION', message);
  }
}

/** What an error says, for a message. In OTLP it is a `google.rpc.Status`, in protobuf or in JSON. */
function textIn({ headers, body }: Answer, { hide }: Pick<Asked, 'hide'>): string {
  const type = hide(headers['content-type'] ?? 'no content type');
  const message = /protobuf/i.test(type) ? statusMessage(body) : jsonMessage(body);
  return message === undefined || message === ''
    ? described(type, hide(body.toString()))
    : oneLine(hide(message));
}

/** The number of the field `google.rpc.Status.message`. */
const MESSAGE_FIELD = 2;

function statusMessage(body: Buffer): string | undefined {
  const fields = new FieldCursor(body, 0, body.length);
  let message: string | undefined;
  while (fields.next()) {
    if (fields.number === MESSAGE_FIELD && fields.wireType === WireType.LENGTH)
      message = body.toString('utf8', fields.start, fields.stop);
  }
  return message;
}

function jsonMessage(body: Buffer): string | undefined {
  try {
    const { message } = JSON.parse(body.toString());
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
