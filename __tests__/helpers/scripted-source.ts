import type { BatchReceiver, BatchSource, BoundaryLogError, LogBatch } from '../../lib/index.js';
import { firstNumber } from './messages.js';

/** A source that delivers what a test tells it to, and records what it is told about each batch. */
export class ScriptedSource implements BatchSource {
  readonly name = 'scripted';
  isUp = true;
  /** Such as `accepted 5`, with the number of the first log of the batch. */
  readonly told: string[] = [];
  readonly calls: string[] = [];
  readonly #deliveries = new Map<LogBatch, number>();
  #receiver: BatchReceiver | undefined;
  /** What `receive()` fails with. */
  failure: Error | undefined;

  async receive(receiver: BatchReceiver): Promise<void> {
    this.calls.push('receive');
    if (this.failure !== undefined) throw this.failure;
    this.#receiver = receiver;
  }

  /** @returns what the receiver says: whether there is room for more. */
  deliver(batch: LogBatch, deliveries = 1): boolean {
    this.#deliveries.set(batch, deliveries);
    return this.#receiver?.batch(batch) ?? false;
  }

  refuse(error: BoundaryLogError): void {
    this.#receiver?.invalid(error);
  }

  resume(): void {
    this.calls.push('resume');
  }

  deliveries(batch: LogBatch): number {
    return this.#deliveries.get(batch) ?? 0;
  }

  accepted(batch: LogBatch): void {
    this.#tell(batch, 'accepted');
  }

  returned(batch: LogBatch, delayMs: number): void {
    this.#tell(batch, `returned for ${delayMs} ms`);
  }

  rejected(batch: LogBatch, reason: string): void {
    this.#tell(batch, `rejected (${reason})`);
  }

  async stop(): Promise<void> {
    this.calls.push('stop');
  }

  async close(): Promise<void> {
    this.calls.push('close');
  }

  #tell(batch: LogBatch, what: string): void {
    const known = this.#deliveries.delete(batch) ? '' : ', which it did not have';
    this.told.push(`${nameOf(batch)} ${what}${known}`);
  }
}

function nameOf(batch: LogBatch): string {
  try {
    return String(firstNumber(batch));
  } catch {
    return 'an invalid batch';
  }
}
