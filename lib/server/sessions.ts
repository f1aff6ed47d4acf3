import type { LogBatch, Outcome } from '../../codec/index.js';
import { Guard } from '../guard.js';
import type { Logger } from '../logger.js';
import { resolveOptions } from '../options.js';
import { SessionAudit } from '../sessions/session-audit.js';
import { SessionLedger } from '../sessions/session-ledger.js';
import { type SessionReport, verdictOf } from '../sessions/session-report.js';
import type { DropReason } from '../telemetry/accounts.js';
import { Episode } from '../telemetry/episode.js';
import { SESSIONS_OPTIONS, type SessionsOptions } from './sessions-options.js';

/** How often the proxy looks for sessions that have ended, in ms, at most. */
const STEP_MS = 1000;

/** A sender can begin a new session with each batch. So at most MAX_LINES sessions are logged within LINES_MS. */
const MAX_LINES = 100;
const LINES_MS = 30_000;

const MANY = {
  started: 'more sessions end than are logged one by one',
  continues: 'more sessions still end than are logged one by one',
  ended: 'each session that ends is logged again',
};

/** Accounts for the sessions of one proxy: records what it receives and drops, ends sessions, and logs their verdicts. */
export class Sessions {
  readonly ledger: SessionLedger;
  /** Called with each session that has ended, besides the option `onEnd`. */
  ended: ((report: SessionReport) => void) | undefined;
  readonly #idle: number;
  readonly #maxStatusCount: number;
  readonly #logger: Logger;
  readonly #many: Episode;
  #timer: NodeJS.Timeout | undefined;
  #hasSaidUnnumbered = false;
  #linesSince = Number.NEGATIVE_INFINITY;
  #lines = 0;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: SessionsOptions, maxStatusCount: number, logger: Logger) {
    const { idle, maxSessions, onEnd } = resolveOptions('sessions', options, SESSIONS_OPTIONS);
    this.#idle = idle;
    this.#maxStatusCount = maxStatusCount;
    this.#logger = logger;
    this.#many = new Episode(logger, MANY);
    const guard = new Guard((error) => logger.warn({ err: error }, 'onEnd of the option sessions failed'));
    this.ledger = new SessionLedger({
      maxSessions,
      onEnd: (report) => {
        this.#say(report);
        this.ended?.(report);
        if (onEnd !== undefined) guard.call(() => onEnd(report));
      },
    });
  }

  /** Creates the stream for one connection. */
  readonly audit = (): SessionAudit<Outcome[]> => {
    this.#watch();
    return new SessionAudit({ ledger: this.ledger, maxStatusCount: this.#maxStatusCount });
  };

  /** Records that a batch was dropped. */
  readonly dropped = (batch: LogBatch, reason: DropReason): void => {
    this.#watch();
    this.ledger.drop(batch, reason, Date.now());
  };

  /** Ends all sessions. */
  close(): void {
    clearInterval(this.#timer);
    this.#sayUnnumbered();
    this.ledger.closeAll();
    this.#many.end();
  }

  #watch(): void {
    const step = Math.min(STEP_MS, Math.ceil(this.#idle / 8));
    this.#timer ??= setInterval(() => {
      this.ledger.closeIdle(Date.now(), this.#idle);
      this.#sayUnnumbered();
    }, step).unref();
  }

  #say(report: SessionReport): void {
    const { session, verdict, received, missing, duplicated, allowed, denied } = report;
    if (!this.#hasRoom()) {
      this.#many.happened({ sessions: 1, missing });
      return;
    }
    const fields = { session, verdict: verdictOf(report), received, missing, duplicated, allowed, denied };
    // The proxy has already warned about what it dropped, or what the reporter did not accept.
    const isNews = verdict === 'unknown' || report.lostBy.sender + report.lostBy.unexplained > 0;
    this.#logger[isNews ? 'warn' : 'info'](fields, 'session ended');
  }

  #hasRoom(): boolean {
    const now = performance.now();
    if (now - this.#linesSince >= LINES_MS) {
      this.#linesSince = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= MAX_LINES;
  }

  #sayUnnumbered(): void {
    const events = this.ledger.totals.withoutSession;
    if (events === 0 || this.#hasSaidUnnumbered) return;
    this.#hasSaidUnnumbered = true;
    const message =
      'events arrive without a session and a number, as boundary up to 0.9.0 sends them: nobody can tell which of them are missing';
    this.#logger.info({ events }, message);
  }
}
