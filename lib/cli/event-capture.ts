import { type BoundaryLog, encodeLogs, Tag } from '../../codec/index.js';
import type { CaptureRecord } from '../capture/record.js';
import type { BoundaryLogError } from '../errors.js';
import { logOf, toEvent } from '../text/event.js';
import { parseTime } from '../text/timestamp.js';

/** How boundary batches: after so many events, or so many µs after the first one. */
const BATCH_EVENTS = 10;
const BATCH_US = 5_000_000;

/** The logs that share the next frame. */
interface Pending {
  readonly sessionId: string;
  readonly confinedProcessName: string;
  readonly logs: BoundaryLog[];
  frame: Buffer;
  readonly firstTime: number;
  lastTime: number;
}

/**
 * Events → the records of a capture with one connection, on which they arrive in batches as boundary would send them. The
 * times are those of the events. They never go back.
 */
export class EventCapture {
  batches = 0;
  readonly #sessionId: string;
  readonly #processName: string;
  #pending: Pending | undefined;
  #startedAt: number | undefined;
  #time = 0;
  /** The time of the last event that had one. */
  #eventTime: number;

  /**
   * @param sessionId Session of the events that do not name one, and likewise their process.
   * @param now The time of events before the first one that has a time, in µs since 1970.
   */
  constructor(sessionId: string, processName: string, now: number) {
    this.#sessionId = sessionId;
    this.#processName = processName;
    this.#eventTime = now;
  }

  /**
   * Adds an event. Fields that it does not have are not added, so that decoding restores it exactly.
   *
   * @returns the records that are complete now.
   * @throws ERR_INVALID_EVENT, ERR_MESSAGE_TOO_LARGE: the event is not added.
   */
  add(value: unknown): CaptureRecord[] {
    const event = toEvent(value);
    const sessionId = event.session_id ?? this.#sessionId;
    const confinedProcessName = event.confined_process_name ?? this.#processName;
    const log = logOf(event);
    const time = event.event_time === undefined ? this.#eventTime : microseconds(event.event_time);
    const origin = { sessionId, confinedProcessName };
    const alone = { ...origin, logs: [log] };
    // Without the envelope there is room for four more bytes, which a batch of an older sender may need.
    const frame = attempt(() => encodeLogs(alone)) ?? encodeLogs(alone, Tag.V1);
    this.#eventTime = time;

    const pending = this.#pending;
    const isSame =
      pending?.sessionId === sessionId &&
      pending.confinedProcessName === confinedProcessName &&
      time - pending.firstTime < BATCH_US;
    const joint = isSame ? attempt(() => encodeLogs({ ...origin, logs: [...pending.logs, log] })) : undefined;
    let records: CaptureRecord[] = [];
    if (pending !== undefined && joint !== undefined) {
      pending.logs.push(log);
      pending.frame = joint;
      pending.lastTime = Math.max(pending.lastTime, time);
    } else {
      records = this.#complete(time);
      this.#pending = { ...origin, logs: [log], frame, firstTime: time, lastTime: time };
    }
    return this.#pending?.logs.length === BATCH_EVENTS ? [...records, ...this.#complete()] : records;
  }

  /** @returns the last records. */
  end(): CaptureRecord[] {
    const rest = this.#complete();
    const start = this.#startedAt === undefined ? this.#start(this.#eventTime) : [];
    const time = this.#time;
    return [...start, ...rest, { kind: 'end', connection: 1, time }, { kind: 'finish', time }];
  }

  /** @param next The time of the event that comes after the batch. */
  #complete(next?: number): CaptureRecord[] {
    const pending = this.#pending;
    if (pending === undefined) return [];
    this.#pending = undefined;
    this.batches += 1;
    const { firstTime, lastTime, frame } = pending;
    const start = this.#startedAt === undefined ? this.#start(firstTime) : [];
    const isDue = next !== undefined && next - firstTime >= BATCH_US;
    const at = isDue ? firstTime + BATCH_US : lastTime;
    this.#time = Math.max(this.#time, at - (this.#startedAt as number));
    return [...start, { kind: 'data', connection: 1, time: this.#time, bytes: frame }];
  }

  #start(time: number): CaptureRecord[] {
    this.#startedAt = time;
    return [
      { kind: 'start', startedAt: time },
      { kind: 'open', connection: 1, time: 0 },
    ];
  }
}

/** µs since 1970; 0 for an earlier time, and at most what a number can hold. */
function microseconds(time: string): number {
  const { seconds = 0, nanos = 0 } = parseTime(time) ?? {};
  return Math.min(Math.max(0, seconds * 1e6 + Math.floor(nanos / 1000)), Number.MAX_SAFE_INTEGER);
}

/** @returns undefined if the logs do not fit into one frame. */
function attempt(encode: () => Buffer): Buffer | undefined {
  try {
    return encode();
  } catch (error) {
    if ((error as BoundaryLogError).code !== 'ERR_MESSAGE_TOO_LARGE') throw error;
    return undefined;
  }
}
