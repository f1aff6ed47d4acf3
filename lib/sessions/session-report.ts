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
 * | `complete` | every number from 0 to the last one arrived, and nothing of it was lost later |
 * | `before_start` | the same from the first number that arrived; those before it came before the record began |
 * | `missing` | events are missing, or were lost |
 * | `unknown` | the numbers cannot tell |
 */
export type Verdict = 'complete' | 'before_start' | 'missing' | 'unknown';

/**
 * Why a verdict is `unknown`: there were more gaps than may be stored, the numbers were not read, or no event had one. See
 * `LogBatch.numbers`.
 */
export type Uncertainty = 'too_many_ranges' | 'unread_numbers' | 'no_numbers';

/** What a ledger knows of a session. It contains only what JSON can contain. */
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
  /** How many of them were dropped, by the reason of the drop. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The first ranges of numbers that never arrived. Both ends are part of the range. */
  readonly gaps: readonly (readonly [first: number, last: number])[];
  /** How many such ranges there are. */
  readonly gapCount: number;
  /** How many numbers before the first one that arrived did not arrive. They are not missing. */
  readonly beforeStart: number;
  /** The lowest number that arrived; null if none did. */
  readonly first: number | null;
  /** The highest number that arrived; null if none did. */
  readonly last: number | null;
  /** How many different numbers arrived, or were dropped. */
  readonly received: number;
  /** How many events arrived, each repetition included. */
  readonly events: number;
  /** How many of these events boundary allowed. */
  readonly allowed: number;
  /** How many of these events boundary denied. */
  readonly denied: number;
  /** How many of them had a number that had arrived already, and was not lost. */
  readonly duplicated: number;
  /** How many of them filled a gap: a higher number had arrived before, or theirs had been lost. */
  readonly late: number;
  /** How many of them had no number that a session can have. */
  readonly unnumbered: number;
  /** When the first event arrived, or was dropped, in ms since 1970. */
  readonly firstAt: number;
  /** The same for the last event. */
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
    parts.push(`complete from the start of the record, ${report.first}–${report.last}`);
  }
  if (verdict === 'unknown') parts.push(`unknown: ${WHY[why as Uncertainty]}`);
  if (missing > 0)
    parts.push(`${why === null ? '' : 'at least '}${grouped(missing)} missing: ${losses(report)}`);
  if (beforeStart > 0) parts.push(`${grouped(beforeStart)} came before it`);
  if (unnumbered > 0 && why === null) parts.push(`${grouped(unnumbered)} without a number`);
  return parts.join('; ');
}

function losses({ lostBy, reasons }: SessionReport): string {
  const named = Object.keys(reasons).join(', ');
  const words: Record<LostBy, string> = {
    sender: 'lost by the sender',
    proxy: 'dropped by the proxy',
    reporter: 'not accepted by the reporter',
    unexplained: 'unexplained',
  };
  const parts = LOST_BY.filter((who) => lostBy[who] > 0).map(
    (who) => `${grouped(lostBy[who])} ${words[who]}`,
  );
  return `${parts.join(', ')}${named === '' ? '' : ` (${named})`}`;
}

/** A number with commas between its thousands, whatever the language of the machine. */
function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
