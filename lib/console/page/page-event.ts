import type { BoundaryEvent } from '../../text/event.js';

/** An event as the page keeps it. */
export interface PageEvent {
  /** Counts the events of this page. */
  readonly number: number;
  readonly isDenied: boolean;
  readonly method: string;
  readonly url: string;
  /** In lower case, with a port that is not the usual one; empty if the URL has none. */
  readonly host: string;
  /** RFC 3339 in UTC; empty if it is not known. */
  readonly time: string;
  readonly session: string;
  readonly sequence: number | undefined;
  readonly process: string;
  /** The rule that allowed it. */
  readonly rule: string;
  /** What a search looks at, in lower case. */
  readonly search: string;
}

export function pageEvent(number: number, event: BoundaryEvent): PageEvent {
  const { http_method: method = '', http_url: url = '', matched_rule: rule = '' } = event;
  const { session_id: session = '', confined_process_name: process = '' } = event;
  return {
    number,
    isDenied: event.decision === 'deny',
    method,
    url,
    host: hostOf(url),
    time: event.event_time ?? '',
    session,
    sequence: event.sequence_number,
    process,
    rule,
    search: `${method} ${url} ${rule} ${process} ${session}`.toLowerCase(),
  };
}

const PLAIN = /^(https?):\/\/([a-z0-9.-]+)(:\d+)?(?:[/?#]|$)/;
const DEFAULT_PORTS: Record<string, string> = { http: ':80', https: ':443' };

/** The host of a URL as the agent's client connects to it, however it is written. */
export function hostOf(url: string): string {
  const [, scheme = '', host, port = ''] = PLAIN.exec(url) ?? [];
  // The parser of URLs takes ten times as long. It is needed for addresses, which have many forms.
  if (host !== undefined && /\.[a-z][a-z\d-]*$/.test(host))
    return port === DEFAULT_PORTS[scheme] ? host : host + port;
  try {
    return new URL(url).host;
  } catch {
    return '';
  }
}
