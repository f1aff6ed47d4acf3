import { token } from '../printable.js';
import type { BoundaryEvent } from '../text/event.js';

/** Where something is in a file. The properties depend on the kind of file. */
export interface Place {
  /** The path of the file or of the spool's folder; `-` for stdin. */
  readonly file: string;
  /** The number of its line, from 1 on. */
  readonly line?: number;
  /** The number of its connection in a capture, from 1 on. The bytes of a single connection are connection 1. */
  readonly connection?: number;
  /** The number of its frame on this connection, from 1 on. */
  readonly frame?: number;
  /** Where this frame begins, in bytes from the beginning of the connection; for a damaged capture, of the file. */
  readonly offset?: number;
  /** The id of its batch in a spool. */
  readonly id?: number;
}

/** An event that a file contains. */
export interface RecordedEvent {
  /** What distinguishes it from a status. */
  readonly kind: 'event';
  /** The event, with its session and its number if they are known. */
  readonly event: BoundaryEvent;
  readonly place: Place;
  /** When its frame arrived, in µs since 1970, if the file says so. */
  readonly receivedAt?: number;
}

/** How many events a sender reports as dropped since its last report. Only captures contain this. */
export interface RecordedStatus {
  /** What distinguishes it from an event. */
  readonly kind: 'status';
  /** int64. A sender may send a negative number: ignore it. */
  readonly droppedChannelFull: bigint;
  /** int64. A sender may send a negative number: ignore it. */
  readonly droppedBatchFull: bigint;
  readonly place: Place;
  /** When its frame arrived, in µs since 1970, if the file says so. */
  readonly receivedAt?: number;
}

/** An item of a file. Items come in the order in which they arrived. */
export type Recorded = RecordedEvent | RecordedStatus;

/** Something that could not be read. Reading continues after it, if that is possible. */
export interface RecordFault {
  /** A message for a person. All its characters are visible. */
  readonly message: string;
  readonly place: Place;
  /**
   * Whether events are or may be missing because of the fault. Otherwise a person should know of it, as when a log
   * contains no events.
   */
  readonly isLoss: boolean;
  /** The event that could not be read, if what is left of its line names it. The event may be whole elsewhere. */
  readonly event?: EventName;
}

/** What distinguishes an event from all others. */
export interface EventName {
  readonly session: string;
  readonly number: number;
}

/** Called for each fault in its place: after the items before it, and before the items after it. */
export type FaultListener = (fault: RecordFault) => void;

/** Formats a place: `events.log, line 3`. */
export function placeText({ file, line, connection, frame, offset, id }: Place): string {
  const parts = [
    file === '-' ? 'stdin' : token(file),
    line !== undefined && `line ${line}`,
    id !== undefined && `batch ${id}`,
    connection !== undefined && `connection ${connection}`,
    frame !== undefined && `frame ${frame}`,
    offset !== undefined && `at byte ${offset}`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}
