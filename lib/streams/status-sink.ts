import type { StatusReport } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import type { StatusSinkEvents } from '../events.js';
import { type OptionTable, orInfinity, resolveOptions, shown, wholeNumber } from '../options.js';
import { type Callback, Writable } from './base.js';

/** Options of {@link StatusSink}. */
export interface StatusSinkOptions {
  /**
   * The largest count that a status report may contain; a report with a larger one is rejected. The Go implementation
   * has no limit, which is `Infinity` here. Default: `4294967295`.
   */
  maxStatusCount?: number | undefined;
}

export const STATUS_SINK_OPTIONS = {
  maxStatusCount: {
    ...orInfinity(wholeNumber({ min: 0 })),
    default: 2 ** 32 - 1,
    doc: 'The largest count that a status report may contain; a report with a larger one is rejected',
  },
} satisfies OptionTable<StatusSinkOptions>;

/**
 * Writable, object mode: adds up what senders report as dropped in their `StatusReport`s. Negative values are ignored.
 *
 * A sender can claim any number up to 2^63 - 1, and a single such report would make a counter useless. A report with a
 * count above `maxStatusCount` is therefore rejected as a whole.
 *
 * The counters are exact: one that would exceed 2^53 - 1 starts again from the report that exceeds it. Prometheus treats
 * that like a restart. With `maxStatusCount: Infinity` they only grow, and are rounded beyond 2^53, like those of the Go
 * implementation.
 *
 * | event | arguments | when |
 * |---|---|---|
 * | `reject` | report | a count of the report exceeds `maxStatusCount` |
 */
export class StatusSink extends Writable<StatusReport, StatusSinkEvents> {
  /** Logs that senders dropped because their queue was full. */
  droppedChannelFull = 0;
  /** Logs that senders dropped because they could not flush a batch. */
  droppedBatchFull = 0;
  readonly #max: number;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: StatusSinkOptions = {}) {
    const { maxStatusCount } = resolveOptions('StatusSink', options, STATUS_SINK_OPTIONS);
    super({ objectMode: true });
    this.#max = maxStatusCount;
  }

  override _write(report: StatusReport, _encoding: BufferEncoding, callback: Callback): void {
    const { droppedChannelFull, droppedBatchFull } = (report ?? {}) as Partial<StatusReport>;
    if (typeof droppedChannelFull !== 'bigint' || typeof droppedBatchFull !== 'bigint') {
      const got = shown(typeof droppedChannelFull === 'bigint' ? droppedBatchFull : droppedChannelFull);
      const message = `a count of a status report: got ${got}, expected a bigint`;
      callback(new BoundaryLogError('ERR_INVALID_EVENT', message));
      return;
    }
    if (droppedChannelFull > this.#max || droppedBatchFull > this.#max) {
      this.emit('reject', report);
    } else {
      this.droppedChannelFull = this.#sum(this.droppedChannelFull, droppedChannelFull);
      this.droppedBatchFull = this.#sum(this.droppedBatchFull, droppedBatchFull);
    }
    callback();
  }

  #sum(before: number, count: bigint): number {
    if (count <= 0n) return before;
    const sum = before + Number(count);
    return sum > Number.MAX_SAFE_INTEGER && this.#max !== Number.POSITIVE_INFINITY ? Number(count) : sum;
  }
}
