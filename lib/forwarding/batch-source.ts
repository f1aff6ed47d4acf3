import type { LogBatch } from '../../codec/index.js';
import type { BoundaryLogError } from '../errors.js';

/** How long a source keeps a batch that a reporter could not be given, in ms, before it delivers the batch again. */
export const RETURN_DELAY_MS = 30_000;

/** What a source tells its receiver. */
export interface BatchReceiver {
  /** The next batch. @returns false if there is no room for more: `resume()` follows. */
  batch(batch: LogBatch): boolean;
  /** Something arrived that is not a valid batch. The source has already refused it. */
  invalid(error: BoundaryLogError): void;
}

/**
 * Where a proxy takes batches from in place of its socket. The source keeps each batch until it is told what became of
 * it: `accepted`, `returned` or `rejected`, once for each batch.
 */
export interface BatchSource {
  /** Where the batches come from, for a person. It contains no secret. */
  readonly name: string;
  /** Whether batches can arrive. If not, the source tries to restore that by itself. */
  readonly isUp: boolean;
  /**
   * Begins to deliver batches. It rejects if that can never succeed without a change of the configuration, and resolves
   * during an outage, whose end it waits for in the background.
   */
  receive(receiver: BatchReceiver): Promise<void>;
  /** There is room again after `batch()` returned false. */
  resume(): void;
  /** How many times a batch was delivered so far, to anybody: 1 for the first time. */
  deliveries(batch: LogBatch): number;
  /** All reporters have accepted the batch. */
  accepted(batch: LogBatch): void;
  /** The batch was not delivered. The source may deliver it again, to anybody, after so many ms. */
  returned(batch: LogBatch, delayMs: number): void;
  /** The batch will never be accepted. The source must not deliver it again. */
  rejected(batch: LogBatch, reason: string): void;
  /** Takes nothing more. What has arrived is still delivered, and nothing follows when this has resolved. */
  stop(): Promise<void>;
  /** Returns what is left, waits until everything has been told, if that is possible, and releases all resources. */
  close(): Promise<void>;
}
