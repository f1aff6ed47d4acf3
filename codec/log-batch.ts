import type { NonSharedBuffer } from 'node:buffer';
import { checkArgument } from './argument.js';
import { describeBatch } from './describe-message.js';
import { BoundaryLogError } from './errors.js';
import { isTag } from './frame.js';
import { ReportBoundaryLogsRequest } from './messages.js';
import { type Summary, sumUp } from './summary.js';
import { WireReader } from './wire-reader.js';

/**
 * A valid batch of logs: checked, counted, and kept as the bytes that were received. Two batches are equal, in Node's
 * `assert`, Jest and Vitest, if their tags and bytes are. `JSON.stringify()`, `console.log()` and snapshots show the logs.
 */
export class LogBatch {
  /** What distinguishes it from the other outcomes. */
  readonly kind = 'logs';
  /** The tag of its frame, 1 or 2. */
  readonly tag: number;
  /** How many logs it contains. */
  readonly count: number;
  /**
   * The encoded ReportBoundaryLogsRequest as it was received, including unknown fields. A reporter that speaks protobuf
   * can forward these bytes. If one envelope contained several requests, they are concatenated, which protobuf decodes
   * as their merge.
   *
   * A view of the chunk in which the frame arrived, unless {@link detach} was called.
   */
  readonly raw: NonSharedBuffer;
  /** Length of {@link raw}. Comparisons of a part, such as `partialDeepStrictEqual()`, need it: they accept a part of the bytes. */
  readonly byteLength: number;
  #request: ReportBoundaryLogsRequest | undefined;
  /** Undefined until the batch is summed up. */
  #sessionId: string | undefined;
  #allowed: number;
  #firstNumber: number;
  /** Undefined until somebody wants them: most batches have consecutive ones. */
  #numbers: readonly number[] | undefined;

  /**
   * @param tag The tag of its frame.
   * @param count How many logs `raw` contains.
   * @param raw The encoded request. It must be valid; its content is not checked here.
   * @throws ERR_INVALID_OPTION if an argument is not such a value.
   */
  constructor(tag: number, count: number, raw: Buffer);
  constructor(tag: number, count: number, raw: Buffer, sessionId?: string, allowed = 0, firstNumber = -1) {
    if (!isTag(tag) || !Number.isInteger(count) || count < 0 || !(raw instanceof Uint8Array)) {
      refuse(tag, count, raw);
    }
    this.tag = tag;
    this.count = count;
    this.raw = raw as NonSharedBuffer;
    this.byteLength = raw.length;
    this.#sessionId = sessionId;
    this.#allowed = allowed;
    this.#firstNumber = firstNumber;
  }

  /**
   * {@link raw} decoded, on first use. Unknown fields are under `$unknowns` of their message.
   *
   * @throws ERR_INVALID_PROTOBUF if `raw` is not valid, which cannot happen to a batch that the codec has decoded. The
   *   error has `permanent: true`, so a reporter that does not catch it has the batch dropped as `rejected`.
   */
  get request(): ReportBoundaryLogsRequest {
    this.#request ??= decode(this.raw);
    return this.#request;
  }

  /** The session id of the logs, read without decoding them. Empty if they have none. */
  get sessionId(): string {
    return this.#sessionId ?? this.#sumUp().sessionId;
  }

  /** How many of the logs boundary allowed, counted without decoding them. */
  get allowed(): number {
    return this.#sessionId === undefined ? this.#sumUp().allowed : this.#allowed;
  }

  /**
   * The sequence number of the first log, or -1 if there are no logs or their numbers are not consecutive.
   * Senders without a session do not number their logs, so each of them has the number 0.
   */
  get firstNumber(): number {
    if (this.#sessionId === undefined) this.#sumUp();
    return this.#firstNumber;
  }

  /**
   * The sequence number of each log, read without decoding them. Empty if the numbers are not consecutive, and the
   * batch has more than 16 logs of less than 40 bytes on average. No log of a real request is that short.
   */
  get numbers(): readonly number[] {
    const first = this.firstNumber;
    if (first >= 0) return Array.from({ length: this.count }, (_, i) => first + i);
    return this.#numbers ?? this.#sumUp().numbers;
  }

  /** What `describeOutcome()` returns. If the bytes are not valid, the error stands in place of what they contain. */
  toJSON(): object {
    try {
      return describeBatch(this, this.request);
    } catch (error) {
      const { kind, tag, count, raw } = this;
      return { kind, tag, count, error: (error as Error).message, raw_hex: raw.toString('hex') };
    }
  }

  /** What `console.log()` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](
    depth: number,
    options: { depth: number | null },
    inspect: (value: unknown, options: object) => string,
  ): string {
    if (depth < 0) return '[LogBatch]';
    const { kind: _kind, raw_hex: _hex, ...content } = this.toJSON() as Record<string, unknown>;
    // A log is deeper than what is shown by default.
    const deeper = { ...options, depth: options.depth === null ? null : options.depth + 2 };
    return `LogBatch ${inspect({ ...content, raw: this.raw }, deeper)}`;
  }

  /**
   * Replaces {@link raw} by a copy, so that the batch no longer keeps its chunk in memory. Call it on every batch
   * that is kept: a batch of 1 KB that is a view keeps its whole chunk, 64 KiB or more, alive.
   */
  detach(): void {
    if (this.raw.length === this.raw.buffer.byteLength) return;
    // Not from Buffer's allocation pool: the copy would keep the whole pool alive instead of the chunk.
    const copy = Buffer.allocUnsafeSlow(this.raw.length);
    copy.set(this.raw);
    (this as { raw: NonSharedBuffer }).raw = copy;
  }

  #sumUp(): Summary {
    const summary = sumUp(this.raw);
    this.#sessionId = summary.sessionId;
    this.#allowed = summary.allowed;
    // Somebody else may have counted them.
    this.#firstNumber = summary.count === this.count ? summary.firstNumber : -1;
    this.#numbers = summary.numbers;
    return summary;
  }
}

/** {@link LogBatch} with the constructor arguments that only the codec knows: the summary of a batch that it has checked. */
export const SummedBatch = LogBatch as unknown as new (
  tag: number,
  count: number,
  raw: Buffer,
  sessionId: string | undefined,
  allowed: number,
  firstNumber: number,
) => LogBatch;

/** Not in the constructor, which runs for each batch. */
function refuse(tag: unknown, count: unknown, raw: unknown): void {
  checkArgument('LogBatch: tag', tag, isTag(tag), 'a whole number from 0 to 255');
  const isCount = Number.isInteger(count) && (count as number) >= 0;
  checkArgument('LogBatch: count', count, isCount, 'a whole number of at least 0');
  checkArgument('LogBatch: raw', raw, false, 'a Buffer');
}

function decode(raw: Buffer): ReportBoundaryLogsRequest {
  try {
    return ReportBoundaryLogsRequest.decode(new WireReader(raw));
  } catch (cause) {
    const message = `raw is not a valid ReportBoundaryLogsRequest: ${(cause as Error).message}`;
    const error = new BoundaryLogError('ERR_INVALID_PROTOBUF', message, { cause });
    throw Object.assign(error, { permanent: true });
  }
}
