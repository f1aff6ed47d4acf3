import { ownText } from '../own-text.js';
import type { Place, Recorded } from '../records/record.js';
import { SessionLedger } from '../sessions/session-ledger.js';
import { LOST_BY, type SessionReport, verdictOf } from '../sessions/session-report.js';
import { cellsOf } from '../text/cells.js';
import { parseTime } from '../text/timestamp.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { jsonLine } from './json-line.js';
import { RecordComparison } from './record-comparison.js';
import { RecordInput } from './record-input.js';
import { writeText } from './stdout.js';
import { counted, shownText } from './text-table.js';

export interface AuditOptions {
  json: boolean;
  against: string | undefined;
}

/** How many sessions, and ranges of their numbers, are kept in memory: about 100 MB. */
const MAX_SESSIONS = 100_000;
const MAX_RANGES = 1_000_000;
/** For how many connections the last session is remembered. */
const MAX_CONNECTIONS = 100_000;
/** A status report with a larger count is ignored, as in `serve`. */
const MAX_STATUS_COUNT = 2 ** 32 - 1;

/** The widths of the columns. A session id is a UUID. */
const SESSION_WIDTH = 36;
const COUNT_WIDTH = 9;

/** Reports for each session whether events are missing; with `against`, lists the events that another record lacks. */
export async function audit(files: readonly string[], options: AuditOptions, io: Io): Promise<number> {
  const { against, json } = options;
  const answer =
    against === undefined
      ? new AuditedRecord(new RecordInput(files, io))
      : new RecordComparison(files, against, io);
  const lines = answer.lines(json);
  try {
    // Not the generator itself, which would end with its reader.
    await writeText(io, { [Symbol.asyncIterator]: () => ({ next: () => lines.next() }) });
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
    // Nobody reads the rest, as with `| head`. Whoever asks for the exit code must still not be told that all is there.
    while (answer.isComplete && !(await lines.next()).done);
  }
  return answer.isComplete ? ExitCode.DONE : ExitCode.MISSING;
}

/** Audits the sessions of the events that are read. */
class AuditedRecord {
  readonly #input: RecordInput;
  readonly #ended: SessionReport[] = [];
  readonly #ledger = new SessionLedger({
    maxSessions: MAX_SESSIONS,
    maxRanges: MAX_RANGES,
    onEnd: (report) => this.#ended.push(report),
  });
  /** The session that was last seen on each connection. */
  readonly #lastSeen = new Map<string, string>();
  /** The session of the last event. It is a copy, as a part of a line would keep the whole line in memory. */
  #sessionId = '';
  readonly #counts = { complete: 0, before_start: 0, missing: 0, unknown: 0 };
  #events = 0;
  #rowCount = 0;
  /** How many events of sessions have no number. */
  #unnumbered = 0;
  /** How many events senders have lost before they sent one with a session. */
  #lostWithoutSession = 0;
  /** How many reports of senders have a count that is not believed. */
  #ignoredReports = 0;
  /** Whether events may be missing because something could not be read. */
  #hasLoss = false;

  constructor(input: RecordInput) {
    this.#input = input;
  }

  /** Whether it is certain that nothing is missing. */
  get isComplete(): boolean {
    const { missing, unknown } = this.#counts;
    const without = this.#ledger.totals.withoutSession + this.#unnumbered;
    const lost = this.#lostWithoutSession + this.#ignoredReports;
    return missing + unknown + without + lost === 0 && !this.#hasLoss;
  }

  async *lines(isJson: boolean): AsyncGenerator<string> {
    for await (const record of this.#input.records()) {
      this.#add(record);
      if (this.#ended.length > 0) yield* this.#rows(isJson);
    }
    // A line that a killed process did not complete costs nothing if its event was delivered again.
    const { unread, hasUnknownLoss } = this.#input;
    this.#hasLoss =
      hasUnknownLoss || !unread.every(({ session, number }) => this.#ledger.has(session, number));
    this.#ledger.closeAll();
    yield* this.#rows(isJson);
    yield isJson ? jsonLine({ kind: 'total', ...this.#total() }) : this.#summary();
  }

  #add(record: Recorded): void {
    const { place, receivedAt } = record;
    if (record.kind === 'status') {
      const lost = lostOf(record);
      const session = this.#lastSeen.get(connectionOf(place));
      if (lost === undefined) this.#ignoredReports += 1;
      else if (session === undefined) this.#lostWithoutSession += lost;
      else this.#ledger.loseBySender(session, lost, (receivedAt ?? 0) / 1000);
      return;
    }
    const { session_id = '', sequence_number: number = -1, decision, event_time } = record.event;
    // Most events have the session of the one before.
    if (session_id !== this.#sessionId) this.#sessionId = ownText(session_id);
    const sessionId = this.#sessionId;
    const at = receivedAt === undefined ? milliseconds(event_time) : receivedAt / 1000;
    const allowed = decision === 'allow' ? 1 : 0;
    this.#events += 1;
    this.#ledger.receive({ sessionId, count: 1, allowed, firstNumber: number, numbers: [number] }, at);
    if (sessionId !== '' && place.connection !== undefined) this.#saw(connectionOf(place), sessionId);
  }

  #saw(connection: string, sessionId: string): void {
    if (this.#lastSeen.get(connection) === sessionId) return;
    this.#lastSeen.delete(connection);
    this.#lastSeen.set(connection, sessionId);
    if (this.#lastSeen.size <= MAX_CONNECTIONS) return;
    for (const oldest of this.#lastSeen.keys()) {
      this.#lastSeen.delete(oldest);
      return;
    }
  }

  *#rows(isJson: boolean): Generator<string> {
    for (const report of this.#ended.splice(0)) {
      if (this.#rowCount === 0 && !isJson) yield row('SESSION', 'EVENTS', 'VERDICT');
      this.#rowCount += 1;
      this.#counts[report.verdict] += 1;
      this.#unnumbered += report.unnumbered;
      if (isJson) yield jsonLine({ kind: 'session', ...report });
      else yield row(shownText(report.session), String(report.events), verdictOf(report));
    }
  }

  #total() {
    const { sessions, missing: lostBy, duplicated, withoutSession } = this.#ledger.totals;
    const missing = LOST_BY.reduce((sum, who) => sum + lostBy[who], 0);
    const isReadable = !this.#hasLoss;
    const events = this.#events;
    return {
      events,
      sessions,
      verdicts: this.#counts,
      missing,
      lostBy,
      duplicated,
      withoutSession,
      unnumbered: this.#unnumbered,
      lostWithoutSession: this.#lostWithoutSession,
      ignoredReports: this.#ignoredReports,
      cutLines: isReadable ? this.#input.unread.length : 0,
      isReadable,
    };
  }

  #summary(): string {
    const { events, sessions, verdicts, missing, duplicated, withoutSession, unnumbered, ...rest } =
      this.#total();
    const { lostWithoutSession, ignoredReports, cutLines, isReadable } = rest;
    const sentences = [
      events + sessions === 0 && 'There are no events.',
      sessions > 0 &&
        `${counted(events - withoutSession, 'event')} in ${counted(sessions, 'session')}; ${missing} missing; ${duplicated} duplicated.`,
      verdicts.before_start > 0 &&
        `${counted(verdicts.before_start, 'session')} began earlier; the events before the first one received are unknown.`,
      verdicts.unknown > 0 && `The verdict of ${counted(verdicts.unknown, 'session')} is unknown.`,
      withoutSession > 0 &&
        `${counted(withoutSession, 'event')} without a session: nobody can tell which are missing. Neither boundary up to 0.9.0 nor coderd up to 2.34.3 writes sessions.`,
      unnumbered > 0 &&
        `${counted(unnumbered, 'event')} without a number: nobody can tell which are missing.`,
      lostWithoutSession > 0 &&
        `${counted(lostWithoutSession, 'event')} lost by a sender that had not named a session yet.`,
      ignoredReports > 0 &&
        `${counted(ignoredReports, 'report')} of lost events with a count that cannot be true.`,
      cutLines > 0 &&
        `${counted(cutLines, 'line')} cannot be read, but the same events are complete in other lines.`,
      !isReadable && 'Something could not be read, so more may be missing.',
    ];
    const text = sentences.filter((sentence) => sentence !== false).join('\n');
    return `${sessions > 0 ? '\n' : ''}${text}\n`;
  }
}

function row(session: string, events: string, verdict: string): string {
  const space = ' '.repeat(Math.max(0, SESSION_WIDTH - cellsOf(session)));
  return `${session}${space} ${events.padStart(COUNT_WIDTH)}  ${verdict}\n`;
}

function connectionOf({ file, connection }: Place): string {
  return `${connection} ${file}`;
}

/** How many events the sender reports as lost; undefined if that cannot be true. A sender may send any number. */
function lostOf({ droppedChannelFull, droppedBatchFull }: Recorded & { kind: 'status' }): number | undefined {
  const counts = [droppedChannelFull, droppedBatchFull].map(Number);
  if (counts.some((count) => count > MAX_STATUS_COUNT)) return undefined;
  return counts.reduce((sum, count) => sum + Math.max(0, count), 0);
}

function milliseconds(time: string | undefined): number {
  const { seconds = 0, nanos = 0 } = parseTime(time ?? '') ?? {};
  return seconds * 1000 + Math.floor(nanos / 1e6);
}
