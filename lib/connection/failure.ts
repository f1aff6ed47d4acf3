import { BoundaryLogError, type ErrorCode } from '../errors.js';
import type { ReportError } from '../forwarding/reporter.js';

/** How long to wait after a failure that lasts until somebody changes the configuration, in ms. */
const CONFIGURATION_RETRY_MS = 120_000;

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

/** A refusal that lasts until somebody changes the configuration. Batches are kept, and retried slowly. */
export function lastingRefusal(code: ErrorCode, message: string, cause?: unknown): Failure {
  return passing(code, message, cause, CONFIGURATION_RETRY_MS);
}

/** Whether the server refuses this configuration, or does not accept it yet. */
export function isRefusal(error: unknown): error is Failure {
  return /_REFUSED$/.test(String((error as Partial<Failure>).code));
}

export function isLasting(error: unknown): error is Failure {
  return isRefusal(error) && error.retryAfterMs !== undefined;
}

/** The server will never accept this batch. */
export function rejection(message: string, cause?: unknown): Failure {
  return new Failure('ERR_CALL_REJECTED', message, { permanent: true, cause });
}
