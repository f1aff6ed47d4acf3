import type { LogBatch } from '../../codec/index.js';
import type { Batch } from '../batch.js';
import { type BatchSource, RETURN_DELAY_MS } from '../forwarding/batch-source.js';
import { messageOf } from '../printable.js';
import type { DropReason } from '../telemetry/accounts.js';

/** A batch that was dropped for one of these reasons would be dropped again. */
const FOR_GOOD: readonly DropReason[] = ['rejected', 'redaction_failed'];

/** Whether a batch that a reporter was not given can be delivered later, so that it is not lost. */
export function isReturnable(reason: DropReason): boolean {
  return !FOR_GOOD.includes(reason);
}

/** What the reporters that are done with a batch have made of it. */
interface Verdict {
  /** How many reporters are not done with it. */
  open: number;
  /** In ms. Undefined if it need not be delivered again. */
  delayMs: number | undefined;
  /** Why it was rejected. */
  rejection: string | undefined;
}

/**
 * Tells a source what became of each batch, as soon as all reporters are done with it. If one of them could not be given
 * the batch, the source delivers it again, to all of them. Otherwise nothing would be gained by that: the batch counts as
 * rejected if one of them has rejected it.
 */
export class Settlement {
  readonly #source: BatchSource;
  readonly #reporters: number;
  /** Batches that some of the reporters are done with. */
  readonly #verdicts = new Map<LogBatch, Verdict>();
  /** What the source delivered, by what the reporters were given. */
  readonly #originals = new WeakMap<Batch, LogBatch>();

  /** @param reporters How many there are. */
  constructor(source: BatchSource, reporters: number) {
    this.#source = source;
    this.#reporters = reporters;
  }

  /** The reporters are given another batch in place of the one that the source delivered. */
  replaced(original: LogBatch, replacement: Batch): void {
    this.#originals.set(replacement, original);
  }

  /** A reporter is done with a batch. @param reason Why it was dropped; undefined if the reporter has accepted it. */
  settle(given: Batch, reason?: DropReason, error?: unknown): void {
    const batch = this.#originals.get(given) ?? (given as LogBatch);
    const verdict = this.#verdicts.get(batch) ?? {
      open: this.#reporters,
      delayMs: undefined,
      rejection: undefined,
    };
    verdict.open -= 1;
    if (reason !== undefined) {
      if (!isReturnable(reason)) verdict.rejection ??= `${reason}: ${messageOf(error)}`;
      else verdict.delayMs = Math.max(verdict.delayMs ?? 0, reason === 'shutdown' ? 0 : RETURN_DELAY_MS);
    }
    if (verdict.open > 0) this.#verdicts.set(batch, verdict);
    else this.#tell(batch, verdict);
  }

  #tell(batch: LogBatch, { delayMs, rejection }: Verdict): void {
    this.#verdicts.delete(batch);
    if (delayMs !== undefined) this.#source.returned(batch, delayMs);
    else if (rejection !== undefined) this.#source.rejected(batch, rejection);
    else this.#source.accepted(batch);
  }
}
