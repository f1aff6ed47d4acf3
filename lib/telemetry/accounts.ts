import { type Amount, type Batch, count } from '../batch.js';

/**
 * Why a batch was not delivered to the reporter. A closed list.
 *
 * | reason | what happened |
 * |---|---|
 * | `buffer_full` | the buffer was full, because the reporter is too slow or fails |
 * | `unfair_share` | with `fairShare`: its sender already had its share of the buffer |
 * | `forward_failed` | the reporter failed to deliver it |
 * | `shutdown` | it was still undelivered when the proxy was closed |
 * | `rejected` | the reporter will never accept it, or a part of its logs |
 * | `spool_full` | the spool was full, or could not be written to |
 * | `spool_damaged` | it was stored in the spool, and is damaged, unreadable or gone |
 * | `redaction_failed` | with `redact`: the secrets in its URLs could not be removed, so it was not forwarded |
 * | `quarantined` | the process ended twice while processing it: it was set aside in the spool's `quarantine/` |
 */
export const DROP_REASONS = [
  'buffer_full',
  'unfair_share',
  'forward_failed',
  'shutdown',
  'rejected',
  'spool_full',
  'spool_damaged',
  'redaction_failed',
  'quarantined',
] as const;
/** One of {@link DROP_REASONS}. */
export type DropReason = (typeof DROP_REASONS)[number];

/**
 * What became of everything that was received. At any moment, in batches and in logs:
 * `received + redelivered = forwarded + Σ dropped{reason} + returned + buffered + inFlight`.
 *
 * With a spool, `recovered` is what the spool contained when it was opened. It is part of `received`. Without a
 * {@link BatchSource}, `redelivered` and `returned` are 0.
 */
export interface Accounts {
  /** Everything that was received, including what was recovered. */
  readonly received: Amount;
  /** What a source delivered again: it had delivered it before, to this proxy or to another one. */
  readonly redelivered: Amount;
  /** What a spool contained when it was opened. */
  readonly recovered: Amount;
  /** What the reporter accepted. */
  readonly forwarded: Amount;
  /** What was dropped, by reason. */
  readonly dropped: Readonly<Record<DropReason, Amount>>;
  /** What was not delivered, and was given back to the source, which delivers it again. It is not lost. */
  readonly returned: Amount;
  /** What waits in the buffer or spool. */
  readonly buffered: Amount;
  /** What the reporter is working on. */
  readonly inFlight: Amount;
}

/** The counters among the accounts, which only grow. */
export class Tally {
  readonly forwarded: Amount = { batches: 0, logs: 0 };
  readonly redelivered: Amount = { batches: 0, logs: 0 };
  readonly returned: Amount = { batches: 0, logs: 0 };
  readonly dropped = Object.fromEntries(
    DROP_REASONS.map((reason) => [reason, { batches: 0, logs: 0 }]),
  ) as Record<DropReason, Amount>;
  #droppedAt = Number.NEGATIVE_INFINITY;

  /** How long ago something was dropped, except by a shutdown, in ms; Infinity if nothing was. */
  get sinceDropMs(): number {
    return performance.now() - this.#droppedAt;
  }

  /** @param rejected How many logs of the batch the destination rejected. */
  forward({ count }: Batch, rejected = 0): void {
    this.forwarded.batches += 1;
    this.forwarded.logs += count - rejected;
    if (rejected > 0) this.dropAmount({ batches: 0, logs: rejected }, 'rejected');
  }

  /** A source has delivered a batch again, which counts as received otherwise. */
  redeliver(batch: Batch): void {
    count(this.redelivered, batch);
  }

  /** A batch was given back to the source. */
  giveBack(batch: Batch): void {
    count(this.returned, batch);
  }

  drop({ count }: Batch, reason: DropReason): void {
    this.dropAmount({ batches: 1, logs: count }, reason);
  }

  dropAmount({ batches, logs }: Amount, reason: DropReason): void {
    this.dropped[reason].batches += batches;
    this.dropped[reason].logs += logs;
    if (reason !== 'shutdown') this.#droppedAt = performance.now();
  }

  /** The accounts of now, given what is not counted here. */
  accounts(rest: Pick<Accounts, 'received' | 'recovered' | 'buffered' | 'inFlight'>): Accounts {
    return {
      // What cannot be redacted does not reach the buffer, which counts the rest.
      received: subtract(add(rest.received, this.dropped.redaction_failed), this.redelivered),
      redelivered: copy(this.redelivered),
      recovered: copy(rest.recovered),
      forwarded: copy(this.forwarded),
      dropped: Object.fromEntries(
        DROP_REASONS.map((reason) => [reason, copy(this.dropped[reason])]),
      ) as Accounts['dropped'],
      returned: copy(this.returned),
      buffered: copy(rest.buffered),
      inFlight: copy(rest.inFlight),
    };
  }
}

/** The difference of two amounts. */
export function subtract(amount: Amount, other: Amount): Amount {
  return { batches: amount.batches - other.batches, logs: amount.logs - other.logs };
}

function add(amount: Amount, other: Amount): Amount {
  return { batches: amount.batches + other.batches, logs: amount.logs + other.logs };
}

/** A copy without any further properties, which does not change with the original. */
function copy({ batches, logs }: Amount): Amount {
  return { batches, logs };
}
