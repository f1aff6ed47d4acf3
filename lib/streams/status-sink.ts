import type { StatusReport } from '../../codec/index.js';
import { type Callback, Writable } from './base.js';

/**
 * Writable, object mode: `StatusReport` → counters of the logs that senders report as lost. Values of 0 and below are
 * ignored.
 */
export class StatusSink extends Writable {
  /** Logs that the sender's full queue dropped. */
  droppedChannelFull = 0;
  /** Logs that the sender dropped as it could not flush a batch. */
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
