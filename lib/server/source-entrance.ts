import type { Writable } from 'node:stream';
import type { LogBatch, Outcome } from '../../codec/index.js';
import type { Batch } from '../batch.js';
import type { BoundaryLogError } from '../errors.js';
import type { BatchSource } from '../forwarding/batch-source.js';
import { invalidOption, resolveOptions } from '../options.js';
import { REDACT_OPTIONS, type RedactOptions } from '../redaction/redact-options.js';
import { redactedBatch } from '../redaction/redacted-batch.js';
import { RequestRedactor } from '../redaction/request-redactor.js';
import { whenDrained } from '../streams/drained.js';
import type { DropReason } from '../telemetry/accounts.js';
import type { RejectReason } from '../telemetry/reject-reasons.js';
import type { Listener } from './listener/listener.js';
import { Settlement } from './settlement.js';

/** The destinations of what a source delivers. */
export interface SourceSinks {
  /** Receives each batch. */
  readonly logs: Writable;
  /** How many reporters receive each batch. */
  readonly reporters: number;
  /** The next batch was delivered before. */
  redelivered(batch: Batch): void;
  /** Drops a batch that cannot be redacted. */
  drop(batch: Batch, reason: 'redaction_failed', error: unknown): void;
  reject(reason: RejectReason, error?: BoundaryLogError): void;
}

/** Options of a proxy that are about its socket, or that need all batches of a sender. */
const WITHOUT_EFFECT = [
  'socketPath',
  'socketMode',
  'socketGroup',
  'socketFd',
  'replace',
  'spool',
  'record',
  'sessions',
] as const;

/** @throws ERR_INVALID_OPTION if a proxy with a source has an option that does not go together with it. */
export function checkSourceOptions(
  options: { readonly source?: BatchSource | undefined; readonly overflow?: 'drop' | 'block' | undefined } & {
    readonly [Name in (typeof WITHOUT_EFFECT)[number]]?: unknown;
  },
): void {
  if (options.source === undefined) return;
  for (const name of WITHOUT_EFFECT) {
    const value = options[name];
    if (value !== undefined && value !== false)
      throw invalidOption(`BoundaryLogProxy: ${name}`, value, 'nothing with the option source');
  }
  if (options.overflow === 'drop')
    throw invalidOption(
      'BoundaryLogProxy: overflow',
      'drop',
      "'block' with the option source, which keeps the rest",
    );
}

/**
 * Lets the batches of a source into a proxy, in place of a socket: redacts them, gives them to the buffers, and tells the
 * source what became of each.
 */
export class SourceEntrance implements Listener {
  /** There is no file that could be missing. */
  readonly hasFile = true;
  readonly #source: BatchSource;
  readonly #sinks: SourceSinks;
  readonly #settlement: Settlement;
  readonly #redactor: RequestRedactor | undefined;
  #isOpening = false;
  #observe: ((outcomes: readonly Outcome[]) => void) | undefined;

  /** @throws ERR_INVALID_OPTION */
  constructor(source: BatchSource, redact: RedactOptions | undefined, sinks: SourceSinks) {
    this.#source = source;
    this.#sinks = sinks;
    this.#settlement = new Settlement(source, sinks.reporters);
    if (redact !== undefined)
      this.#redactor = new RequestRedactor('redact', resolveOptions('redact', redact, REDACT_OPTIONS));
  }

  get name(): string {
    return this.#source.name;
  }

  get isUp(): boolean {
    return this.#source.isUp;
  }

  /** Calls a function with each batch, after redaction. */
  observe(observer: (outcomes: readonly Outcome[]) => void): void {
    this.#observe = observer;
  }

  /** A reporter is done with a batch. */
  settle(batch: Batch, reason?: DropReason, error?: unknown): void {
    this.#settlement.settle(batch, reason, error);
  }

  async open(): Promise<this> {
    this.#isOpening = true;
    try {
      await this.#source.receive({
        batch: (batch) => this.#receive(batch),
        invalid: (error) => this.#sinks.reject(reasonOf(error), error),
      });
      return this;
    } finally {
      this.#isOpening = false;
    }
  }

  /** The proxy is closed. A source that is being opened may take long, and is not waited for. */
  abandon(): void {
    if (this.#isOpening) void this.#source.close();
  }

  async close(): Promise<void> {
    await this.#source.stop();
  }

  async finish(): Promise<void> {
    await this.#source.close();
  }

  #receive(original: LogBatch): boolean {
    const { logs, redelivered, drop } = this.#sinks;
    if (this.#source.deliveries(original) > 1) redelivered(original);
    const batch = this.#redacted(original, drop);
    if (batch === undefined) return true;
    this.#observe?.([batch]);
    if (logs.write(batch)) return true;
    whenDrained(logs, () => this.#source.resume());
    return false;
  }

  #redacted(original: LogBatch, drop: SourceSinks['drop']): LogBatch | undefined {
    if (this.#redactor === undefined) return original;
    try {
      const batch = redactedBatch(this.#redactor, original);
      if (batch !== original) this.#settlement.replaced(original, batch);
      return batch;
    } catch (error) {
      drop(original, 'redaction_failed', error);
      return undefined;
    }
  }
}

function reasonOf({ code }: BoundaryLogError): RejectReason {
  return code.slice('ERR_'.length).toLowerCase() as RejectReason;
}
