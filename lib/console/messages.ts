/*
 * What the server sends to the page: server-sent events, whose names are the keys of Messages, with JSON as data. A `batch`
 * has an array of events, and the last number of its id is that of the event after them.
 */

/** A moment of the flow. All numbers of events and batches count from the start of the proxy. */
export interface Sample {
  /** In ms since 1970. */
  readonly at: number;
  /** Events that connections, or a source, delivered. */
  readonly received: number;
  /** In the order of {@link Hello.reporters}. */
  readonly reporters: readonly ReporterSample[];
}

export interface ReporterSample {
  readonly forwarded: number;
  /** What waits for the reporter, and what it is working on. */
  readonly held: { readonly events: number; readonly batches: number; readonly bytes: number };
  /** Events that were dropped, by reason; only reasons that have happened. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What does not change while the proxy runs. */
export interface ReporterInfo {
  /** Such as `Coder`. */
  readonly label: string;
  readonly isOnDisk: boolean;
  /** How much its buffer can hold. Null if batches are not limited. */
  readonly maxBytes: number;
  readonly maxBatches: number | null;
}

export interface ReporterState {
  /** Since when it fails, in ms since 1970, and why; null if it works. */
  readonly outage: { readonly since: number; readonly why: string } | null;
}

export interface Hello {
  /** Changes when the proxy restarts. */
  readonly run: string;
  readonly version: string;
  /** In ms since 1970. */
  readonly startedAt: number;
  readonly socketPath: string;
  /** Where the proxy takes batches from in place of the socket; null if it has a socket. */
  readonly source: string | null;
  /** The command that sends sample events. */
  readonly sample: string;
  /** How many events the server keeps, and the page. */
  readonly maxEvents: number;
  readonly reporters: readonly ReporterInfo[];
  /** The last minutes, the oldest first. */
  readonly history: readonly Sample[];
}

export interface State {
  readonly sample: Sample;
  /** Reasons of the health that is not ok. */
  readonly problems: readonly string[];
  readonly reporters: readonly ReporterState[];
  /** Null if the proxy does not look for missing events. */
  readonly sessions: Sessions | null;
}

/** A session as the page shows it. */
export interface SessionRow {
  readonly id: string;
  /** Whether events of it are missing, and who lost them, in words. */
  readonly verdict: string;
  readonly isIncomplete: boolean;
  /** How many events are known to be missing. */
  readonly missing: number;
  /** Whether it has not ended. */
  readonly isOpen: boolean;
  readonly allowed: number;
  readonly denied: number;
  /** When its last event arrived, in ms since 1970. */
  readonly lastAt: number;
}

export interface Sessions {
  /** The newest ones, the one with the last event first. */
  readonly rows: readonly SessionRow[];
  /** How many there are that are not among these. */
  readonly others: number;
  /** How many are known to miss events. */
  readonly incomplete: number;
  /** Events without a session, or without a number. */
  readonly unnumbered: number;
}

/** Events that this browser does not get: they came faster than it can show them, or are no longer kept. */
export interface Missed {
  readonly events: number;
}

export interface Messages {
  hello: Hello;
  state: State;
  missed: Missed;
}
