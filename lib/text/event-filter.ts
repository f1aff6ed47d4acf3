import type { BoundaryLog, LogBatch, ReportBoundaryLogsRequest } from '../../codec/index.js';
import { hostMatcher } from './host-glob.js';

/** Which events to show. What is left out does not restrict them. */
export interface FilterOptions {
  /** Those with this decision. */
  only?: 'allow' | 'deny' | undefined;
  /** Those whose URL has such a host. See {@link hostMatcher}. */
  host?: string | undefined;
  /** Those whose session begins with this. */
  session?: string | undefined;
}

/** Removes the events that are not to be shown from batches. */
export type EventFilter = (batch: LogBatch) => Pick<LogBatch, 'request'>;

/** @returns undefined if all events are to be shown. */
export function eventFilter({ only, host, session }: FilterOptions): EventFilter | undefined {
  if (only === undefined && host === undefined && session === undefined) return undefined;
  const hasHost = host === undefined ? () => true : hostMatcher(host);
  const isShown = (log: BoundaryLog) =>
    (only === undefined || (only === 'allow') === Boolean(log.allowed)) &&
    hasHost(log.httpRequest?.url ?? '');
  return ({ request }) => {
    const logs = (request.sessionId ?? '').startsWith(session ?? '') ? request.logs.filter(isShown) : [];
    const rest: ReportBoundaryLogsRequest = Object.create(request);
    rest.logs = logs;
    return { request: rest };
  };
}
