import { setTimeout as sleep } from 'node:timers/promises';
import { BoundaryLogError } from '../../errors.js';
import { type Backoff, backoffMs } from '../../forwarding/backoff.js';
import type { AgentSession } from './agent-session.js';
import { dial } from './dial.js';
import { type Failure, passing } from './failures.js';
import type { ResolvedCoderOptions } from './options.js';
import { Outage } from './outage.js';

/** Timers fire early by a little: who comes back when told to waits for the attempt, rather than be sent away again. */
const SOON_MS = 50;

/** How an attempt came to its end. */
interface Ended {
  readonly error: Failure;
  /** There was a session, and it was of use: the next wait is a short one, and nothing to be told of. */
  readonly wasOfUse: boolean;
}

/**
 * One connection to the agent API, kept: made at once, and made again when it is lost, also while nobody
 * wants anything of it. Waits grow exponentially, each of random length up to what they have grown to, but not
 * shorter than a failure's `retryAfterMs`.
 */
export class Connection {
  readonly #options: ResolvedCoderOptions;
  readonly #closing = new AbortController();
  readonly #outage: Outage;
  /** Resolves when nothing is left of it. */
  readonly #done: Promise<void>;
  #session: AgentSession | undefined;
  /** Why there is none, and until when that is left alone. */
  #failure: { error: Failure; until: number } | undefined;
  #hasConnected = false;
  /** Those who wait for what the attempt under way comes to. */
  readonly #waiting = new Set<() => void>();

  constructor(options: ResolvedCoderOptions) {
    this.#options = options;
    this.#outage = new Outage(options.logger, {
      begins: 'no connection to Coder; it is tried again',
      ends: 'connected to Coder again',
    });
    this.#done = this.#keep();
  }

  /**
   * The session, once there is one. It waits for the attempt that is under way or about to be, and for no more
   * than that.
   *
   * @throws the failure of the last attempt, with the time until the next one as `retryAfterMs`;
   *   `signal.reason`; ERR_CLOSED.
   */
  async session(signal: AbortSignal): Promise<AgentSession> {
    for (;;) {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      if (this.#session?.isOpen) return this.#session;
      const leftMs = (this.#failure?.until ?? 0) - performance.now();
      if (this.#failure !== undefined && leftMs > SOON_MS) {
        const { error } = this.#failure;
        throw passing(error.code, error.message, error, leftMs);
      }
      await this.#attempted(signal);
    }
  }

  /** Ends it politely, with whatever is under way: that fails with ERR_CLOSED. */
  async close(): Promise<void> {
    this.#closing.abort(new BoundaryLogError('ERR_CLOSED', 'this CoderReporter is closed: make a new one'));
    this.#wake();
    await this.#done;
  }

  async #keep(): Promise<void> {
    const { reconnectInitialDelayMs, reconnectMaxDelayMs, logger } = this.#options;
    const backoff: Backoff = {
      initialDelayMs: reconnectInitialDelayMs,
      factor: 2,
      maxDelayMs: reconnectMaxDelayMs,
    };
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      const { error, wasOfUse } = await this.#attempt();
      if (this.#closing.signal.aborted) break;
      failures = wasOfUse ? 0 : failures + 1;
      const delayMs = backoffMs(Math.max(failures, 1), backoff, error.retryAfterMs);
      if (wasOfUse) {
        logger.debug({ err: error }, 'the connection to Coder has ended, another one is made');
      } else {
        this.#failure = { error, until: performance.now() + delayMs };
        this.#outage.failed(error);
        this.#wake();
      }
      await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      this.#failure = undefined;
    }
  }

  /** Connects, and stays until the session is over. */
  async #attempt(): Promise<Ended> {
    let session: AgentSession;
    try {
      session = await this.#connect();
    } catch (error) {
      return { error: error as Failure, wasOfUse: false };
    }
    const closing = this.#closing.signal;
    const since = performance.now();
    const onClosing = () => session.close(closing.reason);
    if (closing.aborted) onClosing();
    else closing.addEventListener('abort', onClosing);
    this.#session = session;
    this.#outage.over();
    this.#wake();
    const error = await session.ended;
    closing.removeEventListener('abort', onClosing);
    this.#session = undefined;
    if (closing.aborted) await session.closed;
    const lastedMs = performance.now() - since;
    return { error, wasOfUse: session.answered > 0 || lastedMs >= this.#options.reconnectMaxDelayMs };
  }

  async #connect(): Promise<AgentSession> {
    const { connectTimeoutMs, url, logger } = this.#options;
    const closing = this.#closing.signal;
    const attempt = new AbortController();
    const giveUp = () => attempt.abort(new Error(`no connection within ${connectTimeoutMs} ms`));
    const onClosing = () => attempt.abort(closing.reason);
    const timer = setTimeout(giveUp, connectTimeoutMs);
    closing.addEventListener('abort', onClosing);
    try {
      const session = await dial(this.#options, attempt.signal);
      logger[this.#hasConnected ? 'debug' : 'info']({ url }, 'connected to Coder');
      this.#hasConnected = true;
      return session;
    } finally {
      clearTimeout(timer);
      closing.removeEventListener('abort', onClosing);
    }
  }

  /** Waits until the attempt under way has come to something, or the signal aborts. */
  #attempted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}
