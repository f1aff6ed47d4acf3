import type { LogBatch } from '../../codec/index.js';
import type { ReportResult } from '../batch.js';
import type { CoalesceOptions } from './coalesce-options.js';

/** How one batch is reported. */
export interface ReportOptions {
  /** Aborts when nobody waits for the result any more. */
  readonly signal: AbortSignal;
  /**
   * Called by a reporter that keeps the order, as soon as the report has failed, before its promise rejects. No report
   * that has to come after it begins from then on until this one is retried or given up.
   */
  readonly onFailure?: (() => void) | undefined;
}

/** Delivers batches to their destination. Any object with this method is a reporter. */
export interface Reporter<Batch = LogBatch> {
  /**
   * Delivers one batch. It succeeds by returning or resolving, and fails by throwing or rejecting, possibly with a
   * {@link ReportError}. What it returns or resolves to does not matter, unless it is a {@link ReportResult}.
   *
   * @param batch May be kept as long as needed, but must not be changed.
   * @param options `signal` aborts when nobody waits for the result any more.
   */
  report(batch: Batch, options: ReportOptions): unknown;
  /**
   * Opts in to larger reports: batches that wait, and whose bytes outside of `logs` are identical, become one batch with
   * all of their logs, in order. `{}` stands for the default limits. A batch that is larger than a limit is reported
   * alone. Default: each batch is a report.
   */
  readonly coalesce?: CoalesceOptions | undefined;
  /**
   * Whether batches are delivered in the order of the calls, also if several reports are in progress, as to a file.
   * Retries then keep that order, too: the batches behind one that failed wait for it. When a report fails, the reporter
   * calls its `onFailure`, and fails all reports behind it.
   *
   * A function returns what the order of a batch belongs to, such as its session. Batches for which it returns different
   * texts do not wait for each other. Default: `false`.
   */
  readonly keepsOrder?: boolean | ((batch: Batch) => string) | undefined;
  /**
   * Whether it logs itself when it begins to fail and when it works again. Then the proxy does not, so that an outage is
   * one warning. Default: `false`.
   */
  readonly logsOutages?: boolean | undefined;
  /** The Unix socket that it writes to, if it does. A proxy refuses to forward to its own socket. */
  readonly socketPath?: string | undefined;
  /** Releases the reporter's resources. The code that created the reporter calls this, never a `Forwarder`. */
  close?(): unknown;
}

/** Hints about retries that a reporter may add to its error. */
export interface ReportError extends Error {
  /**
   * This batch will never be accepted: it is not retried, but dropped as `rejected`. Set it on each error that the batch
   * itself causes. Otherwise the batch is retried, and those behind it wait.
   */
  readonly permanent?: boolean;
  /** The reporter must not be called again before this time has passed, in ms. */
  readonly retryAfterMs?: number;
  /** The next attempt should not be later than this, in ms: the reporter paces itself, and then has something to try. */
  readonly retryWithinMs?: number;
}

/** The promise of a report, which settles once. What a reporter returns need not be a promise that behaves. */
export function resultOf(result: unknown): Promise<unknown> {
  // An ordinary promise does behave. Another one around it would cost a twentieth of a batch.
  if (result instanceof Promise && isOrdinary(result)) return result;
  return new Promise((resolve) => resolve(result));
}

/** Whether what is used of a promise, also by its own methods, is not foreign code. */
function isOrdinary(promise: Promise<unknown>): boolean {
  return (
    Object.getPrototypeOf(promise) === Promise.prototype &&
    !Object.hasOwn(promise, 'then') &&
    !Object.hasOwn(promise, 'catch') &&
    !Object.hasOwn(promise, 'constructor')
  );
}

export function isPermanent(error: unknown): boolean {
  return hint(error, 'permanent') === true;
}

/** How long to wait at least before the next attempt, in ms. A hint that is not a number is ignored. */
export function retryAfterMs(error: unknown): number {
  const ms = hint(error, 'retryAfterMs');
  return typeof ms === 'number' && ms > 0 ? ms : 0;
}

/** How long to wait at most before the next attempt, in ms. A hint that is not a finite number is ignored. */
export function retryWithinMs(error: unknown): number {
  const ms = hint(error, 'retryWithinMs');
  return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0 ? ms : Number.POSITIVE_INFINITY;
}

/** A reporter may throw anything, even an object whose properties cannot be read. */
function hint(error: unknown, name: keyof ReportError): unknown {
  try {
    return (error as Partial<ReportError> | undefined)?.[name];
  } catch {
    return undefined;
  }
}
