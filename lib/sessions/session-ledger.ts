import { checkArgument, isCallable, isRecord } from '../../codec/argument.js';
import { BoundaryLogError } from '../../codec/errors.js';
import { unknownName } from '../../codec/unknown-name.js';
import { type NumberedBatch, type Reasons, Session } from './session.js';
import { LOST_BY, type Losses, REPORTER_REASONS, type SessionReport } from './session-report.js';

/** Options of {@link SessionLedger}. */
export interface SessionLedgerOptions {
  /** How many sessions may be open. For a new one, the ledger closes the one that was idle for longest. Default: `10000`. */
  maxSessions?: number | undefined;
  /**
   * How many ranges of numbers are stored, over all sessions. If there are more, the ledger forgets the numbers of the
   * sessions with the most ranges, until a tenth is free. Their verdict is then `unknown`. Default: `100000`.
   */
  maxRanges?: number | undefined;
  /**
   * Called with the last report of each session that is closed. If it throws, so does the method that closed the session,
   * after it has counted everything. Default: none.
   */
  onEnd?: ((report: SessionReport) => void) | undefined;
}

/** What a ledger has counted over all sessions. */
export interface SessionTotals {
  /** How many sessions were opened. A session that continues after it was closed counts twice. */
  readonly sessions: number;
  /** How many events of closed sessions are missing, by who lost them. */
  readonly missing: Readonly<Losses>;
  /** How many events had a number that had arrived already. */
  readonly duplicated: number;
  /** How many events had no session. */
  readonly withoutSession: number;
}

/** boundary's ids are UUIDs. Longer texts could fill the memory, so an event with a longer id counts as one without. */
export const MAX_ID_LENGTH = 128;

const OPTIONS = ['maxSessions', 'maxRanges', 'onEnd'];

const TIME = 'a time in ms since 1970';

/**
 * Finds out, per session, which events are missing, and who lost them. It looks at the session and the number of each
 * event, and stores ranges of numbers, not events.
 *
 * It has no clock and no timer: each call names the time, in ms since 1970. A session is open from its first event until
 * {@link closeIdle} or {@link closeAll} closes it, or until the ledger needs its place. If it continues afterwards, the
 * ledger opens a new session, which begins with the next number that arrives.
 */
export class SessionLedger {
  readonly #maxSessions: number;
  readonly #maxRanges: number;
  readonly #onEnd: ((report: SessionReport) => void) | undefined;
  readonly #open = new Map<string, Session>();
  /** The session that was idle for longest, and the one that was active last. */
  #oldest: Session | undefined;
  #newest: Session | undefined;
  #ranges = 0;
  #opened = 0;
  #duplicatedOfClosed = 0;
  #withoutSession = 0;
  readonly #missing = { sender: 0, proxy: 0, reporter: 0, unexplained: 0 };
  readonly #reasonNames: string[] = [];
  readonly #reasons: Reasons = {
    names: this.#reasonNames,
    isReporter: (index) => REPORTER_REASONS.includes(this.#reasonNames[index] as string),
  };

  /** @throws ERR_INVALID_OPTION */
  constructor(options: SessionLedgerOptions = {}) {
    checkArgument('SessionLedger: options', options, isRecord(options), 'an object of options');
    for (const name of Object.keys(options)) {
      if (OPTIONS.includes(name)) continue;
      throw new BoundaryLogError(
        'ERR_INVALID_OPTION',
        `SessionLedger: ${unknownName('option', name, OPTIONS)}`,
      );
    }
    const { maxSessions = 10_000, maxRanges = 100_000, onEnd } = options;
    checkArgument(
      'SessionLedger: maxSessions',
      maxSessions,
      isCount(maxSessions),
      'a whole number of at least 1',
    );
    checkArgument('SessionLedger: maxRanges', maxRanges, isCount(maxRanges), 'a whole number of at least 1');
    const isListener = onEnd === undefined || isCallable(onEnd);
    checkArgument('SessionLedger: onEnd', onEnd, isListener, 'a function');
    this.#maxSessions = maxSessions;
    this.#maxRanges = maxRanges;
    this.#onEnd = onEnd;
  }

  /** How many sessions are open. */
  get size(): number {
    return this.#open.size;
  }

  /** What it has counted over all sessions, open and closed. */
  get totals(): SessionTotals {
    let duplicated = this.#duplicatedOfClosed;
    for (const session of this.#open.values()) duplicated += session.duplicated;
    return {
      sessions: this.#opened,
      missing: { ...this.#missing },
      duplicated,
      withoutSession: this.#withoutSession,
    };
  }

  /** Records that a batch arrived. @param at When, in ms since 1970. */
  receive(batch: NumberedBatch, at: number): void {
    const sessionId = batch?.sessionId;
    if (typeof sessionId !== 'string' || !isTime(at)) refuse('receive', batch, at);
    const { count } = batch;
    if (count === 0) return;
    const session = this.#session(sessionId, at);
    if (session === undefined) {
      this.#withoutSession += count;
      return;
    }
    const before = session.ranges;
    session.receive(batch, at);
    if (session.ranges !== before) this.#stored(session.ranges - before);
    this.#makeRoom();
  }

  /**
   * Records that a batch was lost after it had arrived.
   *
   * @param reason One of `DROP_REASONS`. Those of the reporter are `forward_failed` and `rejected`.
   * @param at When, in ms since 1970.
   */
  drop(batch: NumberedBatch, reason: string, at: number): void {
    if (typeof batch?.sessionId !== 'string' || !isTime(at)) refuse('drop', batch, at);
    checkArgument('drop: reason', reason, typeof reason === 'string', 'one of DROP_REASONS');
    const session = batch.count === 0 ? undefined : this.#session(batch.sessionId, at);
    if (session === undefined) return;
    let index = this.#reasonNames.indexOf(reason);
    if (index < 0) index = this.#reasonNames.push(reason) - 1;
    const before = session.ranges;
    session.drop(batch, index, at);
    if (session.ranges !== before) this.#stored(session.ranges - before);
    this.#makeRoom();
  }

  /** Records that the sender of a session reports the loss of `count` events. @param at When, in ms since 1970. */
  loseBySender(sessionId: string, count: number, at: number): void {
    checkArgument('loseBySender: sessionId', sessionId, typeof sessionId === 'string', 'a text');
    const isAmount = Number.isSafeInteger(count) && count >= 0;
    checkArgument('loseBySender: count', count, isAmount, 'a whole number of at least 0');
    checkArgument('loseBySender: at', at, isTime(at), TIME);
    if (count === 0) return;
    this.#session(sessionId, at)?.loseBySender(count, at);
    this.#makeRoom();
  }

  /** Closes each session that has been idle for `idleMs`. @param now In ms since 1970. */
  closeIdle(now: number, idleMs: number): void {
    checkArgument('closeIdle: now', now, isTime(now), TIME);
    checkArgument(
      'closeIdle: idleMs',
      idleMs,
      typeof idleMs === 'number' && idleMs >= 0,
      'a number of at least 0',
    );
    for (let session = this.#oldest; session !== undefined; session = this.#oldest) {
      // The clock went backwards. Otherwise the session would stay open for that much longer.
      if (session.activeAt > now) session.activeAt = now;
      if (now - session.activeAt < idleMs) return;
      this.#close(session);
    }
  }

  /** Closes all sessions. */
  closeAll(): void {
    while (this.#oldest !== undefined) this.#close(this.#oldest);
  }

  /**
   * Whether an event has arrived, and may have been dropped later. False if the session is closed, or if the ledger has
   * forgotten its numbers.
   */
  has(sessionId: string, number: number): boolean {
    return this.#open.get(sessionId)?.has(number) ?? false;
  }

  /** What is known of a session that is open; undefined if it is not. */
  report(sessionId: string): SessionReport | undefined {
    return this.#open.get(sessionId)?.report(this.#reasons);
  }

  /** What is known of each session that is open, the one that was idle for longest first. */
  *reports(): Generator<SessionReport> {
    for (let session = this.#oldest; session !== undefined; session = session.next) {
      yield session.report(this.#reasons);
    }
  }

  /** Like {@link reports}, but the session that was active last comes first. */
  *newestReports(): Generator<SessionReport> {
    for (let session = this.#newest; session !== undefined; session = session.previous) {
      yield session.report(this.#reasons);
    }
  }

  /** Finds or opens a session, and makes it the newest one. @returns undefined for an invalid id. */
  #session(id: string, at: number): Session | undefined {
    if (this.#newest?.id === id) return this.#newest;
    if (id === '' || id.length > MAX_ID_LENGTH) return undefined;
    let session = this.#open.get(id);
    if (session !== undefined) {
      this.#unlink(session);
    } else {
      session = new Session(id, at);
      this.#open.set(session.id, session);
      this.#opened += 1;
    }
    session.previous = this.#newest;
    if (this.#newest === undefined) this.#oldest = session;
    else this.#newest.next = session;
    this.#newest = session;
    return session;
  }

  /** Closes the session that was idle for longest if there is one too many: last of all, because `onEnd` may throw. */
  #makeRoom(): void {
    if (this.#open.size > this.#maxSessions) this.#close(this.#oldest as Session);
  }

  #unlink(session: Session): void {
    const { previous, next } = session;
    if (previous === undefined) this.#oldest = next;
    else previous.next = next;
    if (next === undefined) this.#newest = previous;
    else next.previous = previous;
    session.previous = undefined;
    session.next = undefined;
  }

  #close(session: Session): void {
    this.#unlink(session);
    this.#open.delete(session.id);
    this.#ranges -= session.ranges;
    this.#duplicatedOfClosed += session.duplicated;
    const report = session.report(this.#reasons);
    for (const who of LOST_BY) this.#missing[who] += report.lostBy[who];
    this.#onEnd?.(report);
  }

  /** Makes room if there are too many ranges. It frees a tenth at once, because it has to look at all sessions. */
  #stored(ranges: number): void {
    this.#ranges += ranges;
    if (this.#ranges <= this.#maxRanges) return;
    const largestFirst = [...this.#open.values()].sort((a, b) => b.ranges - a.ranges);
    for (const session of largestFirst) {
      if (this.#ranges <= 0.9 * this.#maxRanges) return;
      this.#ranges -= session.ranges;
      session.giveUp('too_many_ranges');
    }
  }
}

/** Not in `receive()`, which runs for each batch. */
function refuse(method: string, batch: unknown, at: unknown): void {
  checkArgument(`${method}: at`, at, isTime(at), TIME);
  checkArgument(
    `${method}: batch`,
    batch,
    false,
    'a LogBatch, or an object with the properties of a NumberedBatch',
  );
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && !Number.isNaN(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
