import type { StatusReport } from '../../codec/index.js';
import { type Callback, Writable } from './base.js';

/**
 * Writable, object mode: adds up what senders report as dropped in their `StatusReport`s. Negative values are ignored.
 */
export class StatusSink extends Writable {
  /** Logs that senders dropped because their queue was full. */
  droppedChannelFull = 0;
  /** Logs that senders dropped because they could not flush a batch. */
  droppedBatchFull = 0;

  constructor() {
    super({ objectMode: true });
  }

  override _write(report: StatusReport, _encoding: BufferEncoding, callback: Callback): void {
    if (report.droppedChannelFull > 0n) this.droppedChannelFull += Number(report.droppedChannelFull);
    if (report.droppedBatchFull > 0n) this.droppedBatchFull += Number(report.droppedBatchFull);
    callback();
  }
}
