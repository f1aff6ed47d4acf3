/** Who lost the events that are missing. A closed list. */
export const LOST_BY = ['sender', 'proxy', 'reporter', 'unexplained'] as const;
/** One of {@link LOST_BY}. */
export type LostBy = (typeof LOST_BY)[number];

/** A number of events for each of {@link LOST_BY}. */
export type Losses = Record<LostBy, number>;

/**
 * Whether something of a session is missing.
 *
 * | verdict | what it means |
 * |---|---|
 * | `complete` | every number from 0 to the last one arrived, and none of these events was lost later |
 * | `before_start` | the same from the first number that arrived; nothing is known of the events before it |
 * | `missing` | events never arrived, or were lost after they had arrived |
 * | `unknown` | the numbers do not show whether events are missing |
 */
export type Verdict = 'complete' | 'before_start' | 'missing' | 'unknown';

/**
 * Why a verdict is `unknown`: there were more gaps than may be stored, the numbers were not read, or no event had one. See
 * `LogBatch.numbers`.
 */
export type Uncertainty = 'too_many_ranges' | 'unread_numbers' | 'no_numbers';

/** What a ledger knows of a session. `JSON.stringify()` keeps all of it. */
export interface SessionReport {
  /** The id of the session. */
  readonly session: string;
  /** Whether something is missing. */
  readonly verdict: Verdict;
  /** Why the verdict is `unknown`; null if it is not. */
  readonly why: Uncertainty | null;
  /** How many events are missing. */
  readonly missing: number;
  /** Who lost them. */
  readonly lostBy: Readonly<Losses>;
  /** How many of them were dropped, by reason: one of `DROP_REASONS`. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The ranges of numbers that never arrived: the first 100. Both ends are part of the range. */
  readonly gaps: readonly (readonly [first: number, last: number])[];
  /** How many such ranges there are. */
  readonly gapCount: number;
  /** How many numbers below the first one that arrived never arrived. They do not count as missing. */
  readonly beforeStart: number;
  /** The lowest number that arrived; null if none did. */
  readonly first: number | null;
  /** The highest number that arrived; null if none did. */
  readonly last: number | null;
  /** How many different numbers arrived, including those of events that were dropped later. */
  readonly received: number;
  /** How many events arrived, each repetition included. */
  readonly events: number;
  /** How many of `events` boundary allowed. */
  readonly allowed: number;
  /** How many of `events` boundary denied. */
  readonly denied: number;
  /** How many of `events` had a number that had arrived already, and was not lost. */
  readonly duplicated: number;
  /** How many of `events` filled a gap: a higher number had arrived before, or their number had been lost. */
  readonly late: number;
  /** How many of `events` had no valid number. A valid number is a whole number of at least 0. */
  readonly unnumbered: number;
  /** When the first event arrived, or was dropped, in ms since 1970. */
  readonly firstAt: number;
  /** When the last event arrived, or was dropped, in ms since 1970. */
  readonly lastAt: number;
}

const WHY: Record<Uncertainty, string> = {
  too_many_ranges: 'its numbers have more gaps than may be stored',
  unread_numbers: 'events that are too short to be requests have numbers that are not consecutive',
  no_numbers: 'its events have no numbers',
};

/** Says in words what is missing in a session, and who lost it. */
export function verdictOf(report: SessionReport): string {
  const { verdict, missing, beforeStart, unnumbered, why } = report;
  const parts: string[] = [];
  if (verdict === 'complete') parts.push(`complete, ${report.first}–${report.last}`);
  if (verdict === 'before_start') {
    parts.push(`complete from the first event received, ${report.first}–${report.last}`);
  }
  if (verdict === 'unknown') parts.push(`unknown: ${WHY[why as Uncertainty]}`);
  if (missing > 0)
    parts.push(`${why === null ? '' : 'at least '}${grouped(missing)} missing: ${losses(report)}`);
  if (beforeStart > 0) {
    parts.push(`${grouped(beforeStart)} earlier ${beforeStart === 1 ? 'event is' : 'events are'} unknown`);
  }
  if (unnumbered > 0 && why === null) parts.push(`${grouped(unnumbered)} without a number`);
  return parts.join('; ');
}

/** The reasons for drops that are the reporter's. All others are the proxy's. */
export const REPORTER_REASONS: readonly string[] = ['forward_failed', 'rejected'];

function losses({ lostBy, reasons }: SessionReport): string {
  const words: Record<LostBy, string> = {
    sender: 'lost by the sender',
    proxy: 'dropped by the proxy',
    reporter: 'not accepted by the reporter',
    unexplained: 'unexplained',
  };
  const parts = LOST_BY.filter((who) => lostBy[who] > 0).map((who) => {
    const named = Object.keys(reasons).filter((reason) => who === ownerOf(reason));
    return `${grouped(lostBy[who])} ${words[who]}${named.length === 0 ? '' : ` (${named.join(', ')})`}`;
  });
  return parts.join(', ');
}

function ownerOf(reason: string): LostBy {
  return REPORTER_REASONS.includes(reason) ? 'reporter' : 'proxy';
}

/** A number with commas between its thousands, whatever the language of the machine. */
function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
