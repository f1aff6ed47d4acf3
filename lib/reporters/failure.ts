import { BoundaryLogError, type ErrorCode } from '../errors.js';
import type { ReportError } from '../forwarding/reporter.js';

interface Hints {
  permanent?: true;
  retryAfterMs?: number | undefined;
  retryWithinMs?: number;
}

/** An error of a connection or of a call, with the reporter's hints about retries. */
export class Failure extends BoundaryLogError implements ReportError {
  declare readonly permanent?: true;
  declare readonly retryAfterMs?: number;
  declare readonly retryWithinMs?: number;

  constructor(code: ErrorCode, message: string, { cause, ...hints }: Hints & { cause?: unknown } = {}) {
    super(code, message, cause === undefined ? {} : { cause });
    for (const [name, hint] of Object.entries(hints)) {
      if (hint !== undefined) Object.assign(this, { [name]: hint });
    }
  }
}

/** A failure that may pass by itself. @param retryAfterMs How long the server asked to wait. */
export function passing(code: ErrorCode, message: string, cause?: unknown, retryAfterMs?: number): Failure {
  return new Failure(code, message, { cause, retryAfterMs });
}

/** The server will never accept this batch. */
export function permanent(message: string): Failure {
  return new Failure('ERR_CALL_REJECTED', message, { permanent: true });
}

/** The delay that a `Retry-After` header asks for, as seconds or as a date, in ms. Its users limit it. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
