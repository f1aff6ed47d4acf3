import { token } from '../printable.js';
import type { BoundaryEvent } from '../text/event.js';

/** Where something is in a file. What its kind does not have is left out. */
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

/** What a sender says that it dropped since its last status. A capture is the only file that contains this. */
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

/** What a file yields, in the order in which it arrived. */
export type Recorded = RecordedEvent | RecordedStatus;

/** Something that could not be read. What comes after it is read, if that is possible. */
export interface RecordFault {
  /** What is wrong, for a person. All its characters are visible. */
  readonly message: string;
  readonly place: Place;
  /**
   * Whether events are missing because of it, or may be. Otherwise it is something that a person should know, such as
   * that a log has no events.
   */
  readonly isLoss: boolean;
}

/** Called at the position of a fault: after everything before it was yielded, and before anything behind it is. */
export type FaultListener = (fault: RecordFault) => void;

/** A place as one piece of text: `events.log, line 3`. */
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
