import { EventEmitter, once } from 'node:events';
import { onAbort, sleep, startTimer } from '../../abort.js';
import { BoundaryLogError } from '../../errors.js';
import { backoffMs } from '../../forwarding/backoff.js';
import { retryAfterMs } from '../../forwarding/reporter.js';
import { retry } from '../../forwarding/retry.js';
import { Failure } from '../failure.js';
import type { AgentSession } from './agent-session.js';
import { dial } from './dial.js';
import type { ResolvedCoderOptions } from './options.js';
import type { Outage } from './outage.js';
import { TokenPatience } from './token-patience.js';

/**
 * Timers may fire slightly early. A caller that returns within this time before the next attempt waits for that
 * attempt, and does not fail again.
 */
const SOON_MS = 50;

/**
 * One connection to the agent API that is kept open: it is opened at once, and reopened when it is lost, even while
 * nobody uses it. The delays between attempts grow exponentially with full jitter, but are never shorter than a
 * failure's `retryAfterMs`.
 */
export class KeptConnection {
  readonly #options: ResolvedCoderOptions;
  readonly #closing = new AbortController();
  readonly #outage: Outage;
  /** Resolves when the connection is closed for good. */
  readonly #done: Promise<void>;
  #session: AgentSession | undefined;
  /** The last failure, and when the delay after it ends. Set only during that delay. */
  #failure: { error: Failure; until: number } | undefined;
  #hasConnected = false;
  readonly #patience = new TokenPatience();
  /** Emits `change` when there is a session or a failure, or when the connection is closed. */
  readonly #progress = new EventEmitter().setMaxListeners(0);

  constructor(options: ResolvedCoderOptions, outage: Outage) {
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
  async session(signal: AbortSignal): Promise<AgentSession> {
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
    this.#closing.abort(new BoundaryLogError('ERR_CLOSED', 'this CoderReporter is closed: create a new one'));
    this.#progress.emit('change');
    await this.#done;
  }

  async #keep(): Promise<void> {
    const { reconnectInitialDelayMs, reconnectMaxDelayMs, maxRetryAfterMs, logger } = this.#options;
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
        logger.debug({ err }, 'the connection to Coder has ended; reconnecting');
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

  async #connect(): Promise<AgentSession> {
    const { connectTimeoutMs, url, logger } = this.#options;
    const { signal } = this.#closing;
    const attempt = new AbortController();
    const stopTimer = startTimer(
      connectTimeoutMs,
      signal,
      () => attempt.abort(new Error(`no connection within ${connectTimeoutMs} ms`)),
      () => attempt.abort(signal.reason),
    );
    try {
      const session = await dial(this.#options, attempt.signal);
      logger[this.#hasConnected ? 'debug' : 'info']({ url }, 'connected to Coder');
      this.#hasConnected = true;
      this.#patience.accepted();
      return session;
    } catch (error) {
      throw this.#patience.judge(error);
    } finally {
      stopTimer();
    }
  }
}
