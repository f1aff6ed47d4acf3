import { type BoundaryLog, type LogsInput, MAX_PAYLOAD_LENGTH } from '../../codec/index.js';
import { BoundaryLogMessage } from '../../codec/messages.js';
import { BoundaryLogError } from '../errors.js';
import { logOf, toEvent } from '../text/event.js';

export interface EventBatcherOptions {
  /** Session of the events that do not name one. */
  readonly sessionId: string;
  /** Confined process of the events that do not name one. */
  readonly confinedProcessName: string;
  /** How many events complete a batch. */
  readonly batchSize: number;
}

/** Upper bounds, in bytes, of what the encoding adds: to one log, and to a batch. */
const LOG_OVERHEAD = 4;
const BATCH_OVERHEAD = 12;

interface PendingBatch {
  readonly sessionId: string;
  readonly confinedProcessName: string;
  readonly logs: BoundaryLog[];
  /** Upper bound of the encoded length. */
  length: number;
}

/**
 * Collects events into batches: by number, and by bytes, so that each batch fits into a frame. The events of a batch
 * share a session and a process. Whoever uses it decides how long a batch may wait for more events.
 */
export class EventBatcher {
  readonly #options: EventBatcherOptions;
  /** The next sequence number of each session. */
  readonly #sequenceNumbers = new Map<string, number>();
  #pending: PendingBatch | undefined;

  constructor(options: EventBatcherOptions) {
    this.#options = options;
  }

  /** Whether no batch is pending. */
  get isEmpty(): boolean {
    return this.#pending === undefined;
  }

  /**
   * Adds an event. An event without a `sequence_number` gets the next one of its session.
   *
   * @param now The time of an event without an `event_time`.
   * @returns the batch that this completes, if there is one: the pending batch, if the event does not belong or fit
   *   into it, or the batch that the event was added to, if it has enough events now. It cannot be both.
   * @throws ERR_INVALID_EVENT, ERR_MESSAGE_TOO_LARGE: the event is not added.
   */
  add(value: unknown, now: Date): LogsInput | undefined {
    const event = toEvent(value);
    const sessionId = event.session_id ?? this.#options.sessionId;
    const confinedProcessName = event.confined_process_name ?? this.#options.confinedProcessName;
    const log = logOf({
      ...event,
      sequence_number: event.sequence_number ?? this.#nextNumber(sessionId),
      event_time: event.event_time ?? now.toISOString(),
    });
    const logLength = LOG_OVERHEAD + BoundaryLogMessage.encode(log).finish().length;
    const emptyLength =
      BATCH_OVERHEAD + Buffer.byteLength(sessionId) + Buffer.byteLength(confinedProcessName);
    if (emptyLength + logLength > MAX_PAYLOAD_LENGTH) {
      const message = `an event of ${logLength} bytes does not fit into a frame of ${MAX_PAYLOAD_LENGTH}: shorten its URL`;
      throw new BoundaryLogError('ERR_MESSAGE_TOO_LARGE', message);
    }

    const pending = this.#pending;
    const fits =
      pending?.sessionId === sessionId &&
      pending.confinedProcessName === confinedProcessName &&
      pending.length + logLength <= MAX_PAYLOAD_LENGTH;
    const completed = fits ? undefined : this.complete();
    this.#pending ??= { sessionId, confinedProcessName, logs: [], length: emptyLength };
    this.#pending.logs.push(log);
    this.#pending.length += logLength;
    return this.#pending.logs.length >= this.#options.batchSize ? this.complete() : completed;
  }

  /** Completes the pending batch, if there is one. */
  complete(): LogsInput | undefined {
    if (this.#pending === undefined) return undefined;
    const { sessionId, confinedProcessName, logs } = this.#pending;
    this.#pending = undefined;
    return { sessionId, confinedProcessName, logs };
  }

  #nextNumber(sessionId: string): number {
    const number = this.#sequenceNumbers.get(sessionId) ?? 0;
    this.#sequenceNumbers.set(sessionId, number + 1);
    return number;
  }
}
