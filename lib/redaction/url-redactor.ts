import { LogBatch, type Outcome } from '../../codec/index.js';
import type { BoundaryLogError } from '../errors.js';
import type { UrlRedactorEvents } from '../events.js';
import { GuardedEvents } from '../guard.js';
import { resolveOptions } from '../options.js';
import type { TransformCallback } from '../streams/base.js';
import { DirectTransform, isObject, type Write } from '../streams/direct.js';
import type { WriteRest } from '../streams/typed-stream.js';
import { REDACT_OPTIONS, type RedactOptions } from './redact-options.js';
import { type BytesRedactor, redactedBatch } from './redacted-batch.js';
import { RequestRedactor } from './request-redactor.js';

/** What a {@link UrlRedactor} accepts: what a MessageDecoder emits, with or without `perChunk`. */
export type Redactable<PerChunk extends boolean = false> = PerChunk extends true
  ? readonly Outcome[]
  : Outcome;

/** What a {@link UrlRedactor} emits. */
export type Redacted<PerChunk extends boolean = false> = PerChunk extends true ? Outcome[] : Outcome;

/**
 * Transform, object mode: removes the values of parameters and the credentials from the URLs of each batch. Everything
 * else passes unchanged, and so does a batch without any of these: it remains the same object.
 *
 * ```ts
 * await pipeline(socket, new FrameParser(), new MessageDecoder(), redact(), new Demux({ logs: sink }));
 * ```
 *
 * A batch that cannot be redacted is dropped: the stream emits `drop` with the batch and the error
 * (`ERR_REDACTION_FAILED`), and continues. Without a listener for `drop`, the stream fails with that error.
 */
export class UrlRedactor<PerChunk extends boolean = false> extends DirectTransform<
  Redactable<PerChunk>,
  Redacted<PerChunk>,
  UrlRedactorEvents<Redacted<PerChunk>>
> {
  readonly #redactor: BytesRedactor;
  readonly #events = new GuardedEvents(this);

  /** Use {@link redact}, which checks the options. */
  constructor(redactor: BytesRedactor) {
    super({ objectMode: true });
    this.#redactor = redactor;
  }

  /** @returns false while the reader does not keep up: continue at `drain`. */
  override write(outcome: never, encoding?: unknown, callback?: unknown): boolean;
  override write(outcome: Redactable<PerChunk>, ...rest: WriteRest): boolean;
  override write(outcome: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (encoding === undefined && callback === undefined && isObject(outcome) && this.isDirect) {
      const redacted = this.#redact(outcome as Outcome | readonly Outcome[]);
      if (redacted === undefined || this.destroyed) return !this.destroyed;
      return this.handOver(redacted as Redacted<PerChunk>);
    }
    return (super.write as Write)(outcome, encoding, callback);
  }

  override _transform(
    outcome: Outcome | readonly Outcome[],
    _encoding: BufferEncoding,
    callback: TransformCallback,
  ): void {
    const redacted = this.#redact(outcome);
    if (!this.destroyed) callback(null, redacted);
  }

  /** @returns undefined if nothing is left. */
  #redact(outcome: Outcome | readonly Outcome[]): Outcome | Outcome[] | undefined {
    if (!isArray(outcome)) return this.#redactOne(outcome);
    const redacted: Outcome[] = [];
    for (const one of outcome) {
      const result = this.#redactOne(one);
      if (result !== undefined) redacted.push(result);
    }
    return redacted.length === 0 ? undefined : redacted;
  }

  #redactOne(outcome: Outcome): Outcome | undefined {
    if (!(outcome instanceof LogBatch)) return outcome;
    try {
      return redactedBatch(this.#redactor, outcome);
    } catch (error) {
      if (!this.#events.emit('drop', outcome, error)) this.destroy(error as BoundaryLogError);
      return undefined;
    }
  }
}

/**
 * Creates a {@link UrlRedactor}.
 *
 * @throws ERR_INVALID_OPTION
 */
export function redact<PerChunk extends boolean = false>(options: RedactOptions = {}): UrlRedactor<PerChunk> {
  return new UrlRedactor(new RequestRedactor('redact', resolveOptions('redact', options, REDACT_OPTIONS)));
}

function isArray(outcome: Outcome | readonly Outcome[]): outcome is readonly Outcome[] {
  return Array.isArray(outcome);
}
