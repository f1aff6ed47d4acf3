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
  /** The ledger that records each batch. Any number of streams may share one. */
  ledger: SessionLedger;
  /**
   * The largest count that a status report may have. The stream ignores a report with a larger one, as a `StatusSink`
   * does.
   * Default: `4294967295`.
   */
  maxStatusCount?: number | undefined;
}

export const SESSION_AUDIT_OPTIONS = {
  ledger: {
    ...objectWith('receive', 'drop', 'loseBySender'),
    expected: 'a SessionLedger',
    doc: 'The ledger that records each batch',
  },
  maxStatusCount: {
    ...orInfinity(wholeNumber({ min: 0 })),
    default: 2 ** 32 - 1,
    doc: 'The largest count that a status report may have; others are ignored',
  },
} satisfies OptionTable<SessionAuditOptions>;

/**
 * Reading numbers that are not consecutive costs time for each event, which real events pay for with their bytes. Of events
 * that are shorter than this on average, in bytes, each connection has only so many read. No real event is that short.
 */
const MIN_EVENT_LENGTH = 40;
/** The bytes of a batch that are not of its events: above all, the id of the session. */
const HEAD_LENGTH = 48;
const MAX_SHORT_EVENTS = 1024;

/**
 * Transform, object mode: records each batch that passes in a {@link SessionLedger}. Everything passes unchanged.
 *
 * ```ts
 * const ledger = new SessionLedger();
 * await pipeline(socket, new FrameParser(), new MessageDecoder(), new SessionAudit({ ledger }), new Demux({ logs: sink }));
 * ledger.closeAll();
 * ```
 *
 * A status report does not name its session. The stream counts it for the session of the last batch before it, because
 * boundary sends both on the same connection. Before the first batch, it ignores the report. Therefore use one SessionAudit
 * for each connection.
 *
 * If the ledger fails, because its `onEnd` does, that becomes a warning of the process, once. Everything still passes.
 */
export class SessionAudit<Item extends Auditable = Outcome> extends DirectTransform<Item, Item> {
  readonly #ledger: SessionLedger;
  readonly #maxCount: number;
  readonly #guard = new Guard(warnOf('the ledger of a SessionAudit'));
  /** The session of the last batch that had one. */
  #sessionId = '';
  /** Of how many more short events the numbers are read. */
  #shortEvents = MAX_SHORT_EVENTS;

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
      const isRead = sessionId === '' || outcome.firstNumber >= 0 || this.#canRead(outcome);
      this.#ledger.receive(isRead ? outcome : unread(outcome), now);
    } else if (outcome?.kind === 'status') {
      const lost = this.#lost(outcome);
      if (lost > 0) this.#ledger.loseBySender(this.#sessionId, lost, now);
    }
  }

  /** Whether the numbers of a batch, which are not consecutive, are worth reading. */
  #canRead({ count, byteLength }: LogBatch): boolean {
    if (byteLength >= HEAD_LENGTH + count * MIN_EVENT_LENGTH) return true;
    if (this.#shortEvents < count) return false;
    this.#shortEvents -= count;
    return true;
  }

  /** How many events the sender reports as lost. A sender may send any number. */
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
