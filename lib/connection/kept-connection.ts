import { EventEmitter, once } from 'node:events';
import { onAbort, sleep, startTimer } from '../abort.js';
import { BoundaryLogError } from '../errors.js';
import { backoffMs } from '../forwarding/backoff.js';
import { retryAfterMs } from '../forwarding/reporter.js';
import { retry } from '../forwarding/retry.js';
import type { Logger } from '../logger.js';
import { Failure } from './failure.js';
import type { Outage } from './outage.js';

/** A connection that is open, or has ended. */
export interface KeptSession {
  readonly isOpen: boolean;
  /** How many calls were answered. */
  readonly answered: number;
  /** Resolves with the reason when the session has ended. */
  readonly ended: Promise<BoundaryLogError>;
  /** Resolves when nothing of it is left. */
  readonly closed: Promise<unknown>;
  /** Ends it. Calls in progress fail with `error`. */
  close(error: BoundaryLogError): void;
}

export interface KeptConnectionOptions<Session> {
  /** Who owns the connection, in the error after `close()`. */
  readonly owner: string;
  /** What it connects to, in the log. */
  readonly server: string;
  /** Further fields of the line that says that it has connected. */
  readonly fields: object;
  readonly connectTimeoutMs: number;
  readonly reconnectInitialDelayMs: number;
  readonly reconnectMaxDelayMs: number;
  readonly maxRetryAfterMs?: number | undefined;
  readonly logger: Logger;
  /** Connects once. @throws a Failure. */
  dial(signal: AbortSignal): Promise<Session>;
}

/**
 * Timers may fire slightly early. A caller that returns within this time before the next attempt waits for that
 * attempt, and does not fail again.
 */
const SOON_MS = 50;

/**
 * One connection that is kept open: it is opened at once, and reopened when it is lost, even while
 * nobody uses it. The delays between attempts grow exponentially with full jitter, but are never shorter than a
 * failure's `retryAfterMs`.
 */
export class KeptConnection<Session extends KeptSession> {
  readonly #options: KeptConnectionOptions<Session>;
  readonly #closing = new AbortController();
  readonly #outage: Outage;
  /** Resolves when the connection is closed for good. */
  readonly #done: Promise<void>;
  #session: Session | undefined;
  /** The last failure, and when the delay after it ends. Set only during that delay. */
  #failure: { error: Failure; until: number } | undefined;
  #hasConnected = false;
  /** Emits `change` when there is a session or a failure, or when the connection is closed. */
  readonly #progress = new EventEmitter().setMaxListeners(0);

  constructor(options: KeptConnectionOptions<Session>, outage: Outage) {
    this.#options = options;
    this.#outage = outage;
    this.#done = this.#keep();
  }

  /**
   * Returns the session. If there is none yet, it waits for the result of one attempt: the one in progress, or one that
   * is about to start.
   *
   * @throws the failure of the last attempt, whose hints are the time until the next one
   * @throws `signal.reason`
   * @throws ERR_CLOSED
   */
  async session(signal: AbortSignal): Promise<Session> {
    for (;;) {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      if (this.#session?.isOpen) return this.#session;
      const leftMs = (this.#failure?.until ?? 0) - performance.now();
      if (this.#failure !== undefined && leftMs > SOON_MS) {
        const { error } = this.#failure;
        // The caller returns for the next attempt. After delays of its own, it would come later and later.
        const hints = { cause: error, retryAfterMs: leftMs, retryWithinMs: leftMs };
        throw new Failure(error.code, error.message, hints);
      }
      await once(this.#progress, 'change', { signal }).catch(() => undefined);
    }
  }

  /** Closes the connection, or ends the attempt in progress. Calls in progress fail with ERR_CLOSED. */
  async close(): Promise<void> {
    const message = `this ${this.#options.owner} is closed: create a new one`;
    this.#closing.abort(new BoundaryLogError('ERR_CLOSED', message));
    this.#progress.emit('change');
    await this.#done;
  }

  async #keep(): Promise<void> {
    const { reconnectInitialDelayMs, reconnectMaxDelayMs, maxRetryAfterMs, logger, server } = this.#options;
    const { signal } = this.#closing;
    const backoff = {
      initialDelayMs: reconnectInitialDelayMs,
      factor: 2,
      maxDelayMs: reconnectMaxDelayMs,
      maxRetryAfterMs,
    };
    const delayMs = (failures: number, error: unknown) => backoffMs(failures, backoff, retryAfterMs(error));
    const onRetry = (error: unknown, delayMs: number) => this.#fail(error as Failure, delayMs);
    try {
      while (!signal.aborted) {
        const err = await retry(() => this.#holdSession(), { signal, delayMs, onRetry });
        if (signal.aborted) return;
        logger.debug({ err }, `the connection to ${server} has ended; reconnecting`);
        await sleep(delayMs(1, err), signal);
      }
    } catch (error) {
      // close() ends a delay or an attempt. Nothing else can end the retries.
      if (!signal.aborted) throw error;
    }
  }

  #fail(error: Failure, delayMs: number): void {
    this.#failure = { error, until: performance.now() + delayMs };
    this.#outage.connectionFailed(error);
    this.#progress.emit('change');
  }

  /**
   * Connects, and waits until the session ends.
   *
   * @returns why the session ended, if it was useful: it answered a call, or lasted for some time.
   * @throws why there was no session, or no useful one. A server that accepts connections only to end them again is
   *   thus left alone for longer and longer.
   */
  async #holdSession(): Promise<BoundaryLogError> {
    this.#failure = undefined;
    const session = await this.#connect();
    const { signal } = this.#closing;
    const since = performance.now();
    const stopListening = onAbort(signal, () => session.close(signal.reason));
    this.#session = session;
    this.#outage.connected();
    this.#progress.emit('change');
    const error = await session.ended;
    stopListening();
    this.#session = undefined;
    if (signal.aborted) await session.closed;
    const isUseful = session.answered > 0 || performance.now() - since >= this.#options.reconnectMaxDelayMs;
    if (!isUseful) throw error;
    return error;
  }

  async #connect(): Promise<Session> {
    const { connectTimeoutMs, server, fields, logger } = this.#options;
    const { signal } = this.#closing;
    const attempt = new AbortController();
    const stopTimer = startTimer(
      connectTimeoutMs,
      signal,
      () => attempt.abort(new Error(`no connection within ${connectTimeoutMs} ms`)),
      () => attempt.abort(signal.reason),
    );
    try {
      const session = await this.#options.dial(attempt.signal);
      logger[this.#hasConnected ? 'debug' : 'info'](fields, `connected to ${server}`);
      this.#hasConnected = true;
      return session;
    } finally {
      stopTimer();
    }
  }
}
