import { LogBatch, Tag } from '../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../codec/messages.js';
import { type BoundaryEvent, logOf } from '../../lib/text/event.js';

/** A batch of events, which have the session and the process of the first one. */
export function eventBatch(...events: Partial<BoundaryEvent>[]): LogBatch {
  const request = {
    sessionId: events[0]?.session_id ?? '',
    confinedProcessName: events[0]?.confined_process_name ?? '',
    logs: events.map((event) => logOf({ decision: 'deny', ...event })),
  };
  const raw = Buffer.from(ReportBoundaryLogsRequest.encode(request).finish());
  return new LogBatch(Tag.V2, events.length, raw);
}
