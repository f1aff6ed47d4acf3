import type { SessionLedger } from '../sessions/session-ledger.js';
import { type SessionReport, verdictOf } from '../sessions/session-report.js';
import type { SessionRow, Sessions } from './messages.js';

/** How many sessions the page shows, and how many of the open ones are looked at for that. */
const MAX_ROWS = 100;
const MAX_LOOKED_AT = 1000;

/** What the page shows of the sessions: those that are open, and the last ones that have ended. */
export class SessionOverview {
  readonly #ledger: SessionLedger;
  /** The reports of sessions that have ended, the oldest first. */
  readonly #ended = new Map<string, SessionReport>();
  #incompleteEnded = 0;
  #endedCount = 0;

  constructor(ledger: SessionLedger) {
    this.#ledger = ledger;
  }

  /** A session has ended. */
  end(report: SessionReport): void {
    this.#endedCount += 1;
    if (isIncomplete(report)) this.#incompleteEnded += 1;
    this.#ended.delete(report.session);
    this.#ended.set(report.session, report);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MAX_ROWS && oldest !== undefined) this.#ended.delete(oldest);
  }

  look(): Sessions {
    const rows: SessionRow[] = [];
    let looked = 0;
    let incomplete = this.#incompleteEnded;
    for (const report of this.#ledger.newestReports()) {
      if (looked++ === MAX_LOOKED_AT) break;
      if (rows.length < MAX_ROWS) rows.push(rowOf(report, true));
      if (isIncomplete(report)) incomplete += 1;
    }
    // A session that ended and goes on is open again.
    const open = new Set(rows.map(({ id }) => id));
    for (const report of [...this.#ended.values()].reverse())
      if (rows.length < MAX_ROWS && !open.has(report.session)) rows.push(rowOf(report, false));
    const others = Math.max(0, this.#ledger.size + this.#endedCount - rows.length);
    return { rows, others, incomplete, unnumbered: this.#ledger.totals.withoutSession };
  }
}

function isIncomplete({ verdict }: SessionReport): boolean {
  return verdict === 'missing';
}

function rowOf(report: SessionReport, isOpen: boolean): SessionRow {
  const { session: id, missing, allowed, denied, lastAt } = report;
  const verdict = verdictOf(report);
  return { id, verdict, isIncomplete: isIncomplete(report), missing, isOpen, allowed, denied, lastAt };
}
