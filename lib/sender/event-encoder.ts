import { type BoundaryLog, MAX_PAYLOAD_LENGTH } from '../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../codec/messages.js';
import { BoundaryLogError } from '../errors.js';
import { messageOf } from '../printable.js';
import { type BoundaryEvent, logOf, toEvent } from '../text/event.js';

/** Session and process of the events that do not name one. */
export interface EventOrigin {
  readonly sessionId: string;
  readonly confinedProcessName: string;
}

/** An event that is ready to be sent. */
export interface EncodedEvent {
  /** The event as it was written. */
  readonly value: unknown;
  /** The event as an encoded request that contains only this log: the concatenation of such requests is their merge. */
  readonly log: Uint8Array;
  /** Session and process as an encoded request without logs. Events may share a batch if these bytes are equal. */
  readonly origin: Uint8Array;
  /** Whether a text was cut, so that the event fits into a frame. */
  readonly isTruncated: boolean;
  /** Whether a text was not valid UTF-16. */
  readonly isRepaired: boolean;
}

/** The key of the envelope's field and the longest length prefix that a frame leaves room for. */
const ENVELOPE_LENGTH = 4;
/** The longest encoded request that fits into a frame, whatever its length. */
export const MAX_REQUEST_LENGTH = MAX_PAYLOAD_LENGTH - ENVELOPE_LENGTH;

/** Ends a text that was cut. */
const MARK = '[truncated]';
/** The texts that may be cut. The agent decides how long they are. */
const CUTTABLE = ['url', 'method', 'matchedRule'] as const;

const utf8 = new TextEncoder();

/** Validates, numbers and encodes events, so that each of them fits into a frame. */
export class EventEncoder {
  readonly #default: EventOrigin;
  readonly #firstNumber: number;
  /** The next sequence number of each session. */
  readonly #sequenceNumbers = new Map<string, number>();

  /** @param firstNumber The first sequence number of each session. */
  constructor(origin: EventOrigin, firstNumber = 0) {
    this.#default = origin;
    this.#firstNumber = firstNumber;
  }

  /**
   * An event without a `sequence_number` gets the next one of its session, also if it is too large.
   *
   * @param now The time of an event without an `event_time`.
   * @throws ERR_INVALID_EVENT
   * @throws ERR_MESSAGE_TOO_LARGE if the names of its session and process alone leave no room for it.
   */
  encode(value: unknown, now: Date): EncodedEvent {
    const { event, isRepaired } = validate(value);
    const sessionId = event.session_id ?? this.#default.sessionId;
    const confinedProcessName = event.confined_process_name ?? this.#default.confinedProcessName;
    const complete = logOf({
      ...event,
      sequence_number: event.sequence_number ?? this.#nextNumber(sessionId),
      event_time: event.event_time ?? now.toISOString(),
    });
    const origin = ReportBoundaryLogsRequest.encode({ sessionId, confinedProcessName }).finish();
    const log = encodeLog(complete);
    const room = MAX_REQUEST_LENGTH - origin.length;
    if (log.length <= room) return { value, log, origin, isTruncated: false, isRepaired };
    return { value, log: truncateLog(complete, room), origin, isTruncated: true, isRepaired };
  }

  /** Like boundary's, the numbers continue with negative ones after the largest int32. */
  #nextNumber(sessionId: string): number {
    const number = this.#sequenceNumbers.get(sessionId) ?? this.#firstNumber;
    this.#sequenceNumbers.set(sessionId, (number + 1) | 0);
    return number;
  }
}

function validate(value: unknown): { event: BoundaryEvent; isRepaired: boolean } {
  try {
    const event = toEvent(value);
    const isRepaired = Object.entries(event).some(
      ([name, field]) => field !== (value as Record<string, unknown>)[name],
    );
    return { event, isRepaired };
  } catch (cause) {
    if (cause instanceof BoundaryLogError) throw cause;
    const message = `an event: its fields cannot be read: ${messageOf(cause)}`;
    throw new BoundaryLogError('ERR_INVALID_EVENT', message, { cause });
  }
}

function encodeLog(log: BoundaryLog): Uint8Array {
  return ReportBoundaryLogsRequest.encode({ logs: [log] }).finish();
}

/**
 * Cuts the longest text of a log until it fits, then the next longest one. The URL is nearly always the longest. If it
 * is not, it stays whole: otherwise an agent could hide a short URL behind a method of 40 kB.
 *
 * @throws ERR_MESSAGE_TOO_LARGE
 */
function truncateLog(log: BoundaryLog, room: number): Uint8Array {
  const texts: Record<string, string> = { ...log.httpRequest } as Record<string, string>;
  const lengthOf = (name: string) => Buffer.byteLength(texts[name] ?? '');
  let encoded = encodeLog(log);
  for (const name of CUTTABLE.toSorted((a, b) => lengthOf(b) - lengthOf(a))) {
    texts[name] = truncate(texts[name] ?? '', lengthOf(name) - (encoded.length - room));
    encoded = encodeLog({ ...log, httpRequest: texts });
    if (encoded.length <= room) return encoded;
  }
  const message = `an event does not fit into a frame of ${MAX_PAYLOAD_LENGTH} bytes: shorten the names of its session and process`;
  throw new BoundaryLogError('ERR_MESSAGE_TOO_LARGE', message);
}

/** Cuts a text to so many bytes of UTF-8, before a character. The mark is part of them, and is always whole. */
function truncate(text: string, maxLength: number): string {
  const kept = new Uint8Array(Math.max(maxLength - MARK.length, 0));
  const cut = text.slice(0, utf8.encodeInto(text, kept).read) + MARK;
  return Buffer.byteLength(cut) < Buffer.byteLength(text) ? cut : text;
}
