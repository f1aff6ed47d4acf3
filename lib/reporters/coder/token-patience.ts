import { lasting, TokenRefusal } from './failures.js';

/**
 * How long a token may be refused before that counts as lasting, in ms. Coder refuses the token of a workspace until its
 * build has ended, which takes minutes.
 */
const PATIENCE_MS = 300_000;

/** Decides how long a refused token is retried as fast as any other failure. */
export class TokenPatience {
  /** When Coder refused the token first, after it accepted one last. */
  #since: number | undefined;

  /** Makes an attempt to connect. @throws its error, as {@link judge} returns it. */
  async during<Session>(attempt: () => Promise<Session>): Promise<Session> {
    try {
      const session = await attempt();
      this.accepted();
      return session;
    } catch (error) {
      throw this.judge(error);
    }
  }

  /** Coder has accepted a token. */
  accepted(): void {
    this.#since = undefined;
  }

  /** @returns the error of an attempt to connect. A refusal becomes a lasting failure once it has continued for too long. */
  judge(error: unknown, now = performance.now()): unknown {
    if (!(error instanceof TokenRefusal)) return error;
    this.#since ??= now;
    if (now - this.#since < PATIENCE_MS) return error;
    return lasting(`for more than ${PATIENCE_MS / 60_000} minutes: ${error.message}`);
  }
}
