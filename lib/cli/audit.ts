import type { Place, Recorded } from '../records/record.js';
import { SessionLedger } from '../sessions/session-ledger.js';
import { LOST_BY, type SessionReport, verdictOf } from '../sessions/session-report.js';
import { parseTime } from '../text/timestamp.js';
import { ExitCode, type Io } from './io.js';
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
  if (options.against !== undefined) {
    const comparison = new RecordComparison(files, options.against, io);
    await writeText(io, comparison.lines(options.json));
    return comparison.isComplete ? ExitCode.DONE : ExitCode.MISSING;
  }
  const input = new RecordInput(files, io);
  const record = new AuditedRecord(input, options.json);
  await writeText(io, record.lines());
  return record.isComplete ? ExitCode.DONE : ExitCode.MISSING;
}

/** Audits the sessions of the events that are read. */
class AuditedRecord {
  readonly #input: RecordInput;
  readonly #isJson: boolean;
  readonly #ended: SessionReport[] = [];
  readonly #ledger = new SessionLedger({
    maxSessions: MAX_SESSIONS,
    maxRanges: MAX_RANGES,
    onEnd: (report) => this.#ended.push(report),
  });
  /** The session that was last seen on each connection. */
  readonly #lastSeen = new Map<string, string>();
  readonly #counts = { complete: 0, before_start: 0, missing: 0, unknown: 0 };
  #events = 0;
  #rowCount = 0;

  constructor(input: RecordInput, isJson: boolean) {
    this.#input = input;
    this.#isJson = isJson;
  }

  /** Whether it is certain that nothing is missing. */
  get isComplete(): boolean {
    const { missing, unknown } = this.#counts;
    return missing + unknown + this.#ledger.totals.withoutSession === 0 && !this.#input.hasLoss;
  }

  async *lines(): AsyncGenerator<string> {
    for await (const record of this.#input.records()) {
      this.#add(record);
      if (this.#ended.length > 0) yield* this.#rows();
    }
    this.#ledger.closeAll();
    yield* this.#rows();
    yield this.#isJson ? `${JSON.stringify({ kind: 'total', ...this.#total() })}\n` : this.#summary();
  }

  #add(record: Recorded): void {
    const { place, receivedAt } = record;
    if (record.kind === 'status') {
      const at = (receivedAt ?? 0) / 1000;
      this.#ledger.loseBySender(this.#lastSeen.get(connectionOf(place)) ?? '', lostOf(record), at);
      return;
    }
    const { session_id: sessionId = '', sequence_number: number = -1, decision, event_time } = record.event;
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

  *#rows(): Generator<string> {
    for (const report of this.#ended.splice(0)) {
      if (this.#rowCount === 0 && !this.#isJson) yield row('SESSION', 'EVENTS', 'VERDICT');
      this.#rowCount += 1;
      this.#counts[report.verdict] += 1;
      if (this.#isJson) yield `${JSON.stringify({ kind: 'session', ...report })}\n`;
      else yield row(shownText(report.session), String(report.events), verdictOf(report));
    }
  }

  #total() {
    const { sessions, missing: lostBy, duplicated, withoutSession } = this.#ledger.totals;
    const missing = LOST_BY.reduce((sum, who) => sum + lostBy[who], 0);
    const isReadable = !this.#input.hasLoss;
    const events = this.#events;
    return {
      events,
      sessions,
      verdicts: this.#counts,
      missing,
      lostBy,
      duplicated,
      withoutSession,
      isReadable,
    };
  }

  #summary(): string {
    const { events, sessions, verdicts, missing, duplicated, withoutSession, isReadable } = this.#total();
    if (events === 0 && sessions === 0) return 'There are no events.\n';
    const sentences = [
      sessions > 0 &&
        `${counted(events - withoutSession, 'event')} in ${counted(sessions, 'session')}; ${missing} missing; ${duplicated} duplicated.`,
      verdicts.before_start > 0 &&
        `${counted(verdicts.before_start, 'session')} began earlier; the events before the first one received are unknown.`,
      verdicts.unknown > 0 && `The verdict of ${counted(verdicts.unknown, 'session')} is unknown.`,
      withoutSession > 0 &&
        `${counted(withoutSession, 'event')} without a session: nobody can tell which are missing. Neither boundary up to 0.9.0 nor coderd up to 2.34.3 writes sessions.`,
      !isReadable && 'Something could not be read, so more may be missing.',
    ];
    const text = sentences.filter((sentence) => sentence !== false).join('\n');
    return `${sessions > 0 ? '\n' : ''}${text}\n`;
  }
}

function row(session: string, events: string, verdict: string): string {
  return `${session.padEnd(SESSION_WIDTH)} ${events.padStart(COUNT_WIDTH)}  ${verdict}\n`;
}

function connectionOf({ file, connection }: Place): string {
  return `${connection} ${file}`;
}

/** How many events the sender reports as lost. A sender may send any number. */
function lostOf({ droppedChannelFull, droppedBatchFull }: Recorded & { kind: 'status' }): number {
  const counts = [droppedChannelFull, droppedBatchFull].map(Number);
  if (counts.some((count) => count > MAX_STATUS_COUNT)) return 0;
  return counts.reduce((sum, count) => sum + Math.max(0, count), 0);
}

function milliseconds(time: string | undefined): number {
  const { seconds = 0, nanos = 0 } = parseTime(time ?? '') ?? {};
  return seconds * 1000 + Math.floor(nanos / 1e6);
}
