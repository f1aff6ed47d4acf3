import type { LogBatch, Outcome, StatusReport } from '../../codec/index.js';
import { Guard, warnOf } from '../guard.js';
import {
  checkArgument,
  type OptionTable,
  objectWith,
  orInfinity,
  resolveOptions,
  wholeNumber,
} from '../options.js';
import type { TransformCallback } from '../streams/base.js';
import { DirectTransform, isObject, type Write } from '../streams/direct.js';
import type { WriteRest } from '../streams/typed-stream.js';
import type { NumberedBatch } from './session.js';
import type { SessionLedger } from './session-ledger.js';

/** What a {@link SessionAudit} accepts and emits: batches, outcomes, or arrays of outcomes. */
export type Auditable = LogBatch | Outcome | readonly Outcome[];

/** Options of {@link SessionAudit}. */
export interface SessionAuditOptions {
  /** The ledger that is told of each batch. Any number of streams may share one. */
  ledger: SessionLedger;
  /**
   * The largest count of a status report that counts. A report with a larger one is ignored, as a `StatusSink` rejects it.
   * Default: `4294967295`.
   */
  maxStatusCount?: number | undefined;
}

export const SESSION_AUDIT_OPTIONS = {
  ledger: {
    ...objectWith('receive', 'drop', 'loseBySender'),
    expected: 'a SessionLedger',
    doc: 'The ledger that is told of each batch',
  },
  maxStatusCount: {
    ...orInfinity(wholeNumber({ min: 0 })),
    default: 2 ** 32 - 1,
    doc: 'The largest count of a status report that counts',
  },
} satisfies OptionTable<SessionAuditOptions>;

/**
 * Numbers that are not consecutive cost time for each event. The bytes of real events pay for it. A connection whose events
 * are shorter than this, in bytes, which no request is, has only so many of them read.
 */
const MIN_EVENT_LENGTH = 32;
const MAX_CREDIT = 1024;

/**
 * Transform, object mode: tells a {@link SessionLedger} of each batch that passes. Everything passes unchanged.
 *
 * ```ts
 * const ledger = new SessionLedger();
 * await pipeline(socket, new FrameParser(), new MessageDecoder(), new SessionAudit({ ledger }), new Demux({ logs: sink }));
 * ledger.closeAll();
 * ```
 *
 * A status report names no session. In the line of one connection it belongs to the session that was last seen there, as
 * boundary sends it after a batch. If there is none yet, nothing is counted. Use one SessionAudit for each connection.
 *
 * If the ledger fails, because its `onEnd` does, that becomes a warning of the process, once. Everything still passes.
 */
export class SessionAudit<Item extends Auditable = Outcome> extends DirectTransform<Item, Item> {
  readonly #ledger: SessionLedger;
  readonly #maxCount: number;
  readonly #guard = new Guard(warnOf('the ledger of a SessionAudit'));
  /** The session that was last seen. */
  #sessionId = '';
  /** Of how many more events the numbers are read. */
  #credit = MAX_CREDIT;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: SessionAuditOptions) {
    const { ledger, maxStatusCount } = resolveOptions('SessionAudit', options, SESSION_AUDIT_OPTIONS);
    checkArgument('SessionAudit', 'ledger', ledger, SESSION_AUDIT_OPTIONS.ledger);
    super({ objectMode: true });
    this.#ledger = ledger;
    this.#maxCount = maxStatusCount;
  }

  /** @returns false while the reader does not keep up: continue at `drain`. */
  override write(item: never, encoding?: unknown, callback?: unknown): boolean;
  override write(item: Item, ...rest: WriteRest): boolean;
  override write(item: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (encoding === undefined && callback === undefined && isObject(item) && this.isDirect) {
      this.#audit(item as Item);
      return this.handOver(item as Item);
    }
    return (super.write as Write)(item, encoding, callback);
  }

  override _transform(item: Item, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#audit(item);
    callback(null, item);
  }

  #audit(item: Auditable): void {
    const now = Date.now();
    if (!isArray(item)) {
      this.#tryOne(item, now);
      return;
    }
    for (const one of item) this.#tryOne(one, now);
  }

  #tryOne(outcome: Outcome, now: number): void {
    try {
      this.#auditOne(outcome, now);
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  #auditOne(outcome: Outcome, now: number): void {
    if (outcome?.kind === 'logs') {
      const { sessionId } = outcome;
      if (typeof sessionId !== 'string') return;
      if (sessionId !== '') this.#sessionId = sessionId;
      this.#ledger.receive(
        outcome.firstNumber >= 0 || this.#canRead(outcome) ? outcome : unread(outcome),
        now,
      );
    } else if (outcome?.kind === 'status') {
      const lost = this.#lost(outcome);
      if (lost > 0) this.#ledger.loseBySender(this.#sessionId, lost, now);
    }
  }

  /** Whether the connection has sent enough bytes for the work of reading numbers that are not consecutive. */
  #canRead({ count, byteLength }: LogBatch): boolean {
    this.#credit = Math.min(MAX_CREDIT, this.#credit + byteLength / MIN_EVENT_LENGTH);
    if (this.#credit < count) return false;
    this.#credit -= count;
    return true;
  }

  /** How many events a sender has lost, by a report that may say anything. */
  #lost({ droppedChannelFull, droppedBatchFull }: StatusReport): number {
    const max = this.#maxCount;
    if (droppedChannelFull > max || droppedBatchFull > max) return 0;
    const lost = Math.max(0, Number(droppedChannelFull)) + Math.max(0, Number(droppedBatchFull));
    return Math.min(lost, Number.MAX_SAFE_INTEGER);
  }
}

function isArray(item: Auditable): item is readonly Outcome[] {
  return Array.isArray(item);
}

/** A batch whose numbers are not read. */
function unread({ sessionId, count, allowed }: LogBatch): NumberedBatch {
  return { sessionId, count, allowed, firstNumber: -1, numbers: [] };
}
