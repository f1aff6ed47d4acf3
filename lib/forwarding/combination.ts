import { FieldCursor } from '../../codec/field-cursor.js';
import { LogBatch } from '../../codec/index.js';
import { WireType } from '../../codec/wire.js';
import type { Batch } from '../batch.js';

/** The number of the field `ReportBoundaryLogsRequest.logs`. */
const LOGS_FIELD = 1;

/** How much one report may contain. */
export interface CombinationLimits {
  readonly maxLogs: number;
  readonly maxBytes: number;
}

/** The batches of combined ones. Not a property of the batch: two batches with the same content are equal. */
const partsOfBatch = new WeakMap<object, readonly Batch[]>();
/** Batches that must not be combined. */
const alone = new WeakSet<object>();

/** The batches that a batch was combined from; only itself, if it was not combined. */
export function partsOf<T extends Batch>(batch: T): readonly T[] {
  return (partsOfBatch.get(batch) as readonly T[] | undefined) ?? [batch];
}

/** Says that a batch must be reported alone: whatever happens then is known to be its own fault. */
export function keepAlone(batch: Batch): void {
  alone.add(batch);
}

/**
 * Neighbouring batches that become one. Two batches are combinable if they have the same tag, and if the bytes of their
 * requests outside of `logs` (session, process, unknown fields) are identical and in the same order. The combined
 * request is the first one, followed by the `logs` fields of the others: protobuf decodes this as one request with all
 * logs in order. No log is decoded.
 *
 * Whatever is not plainly combinable remains alone: messages of custom protocols, malformed bytes, and a `count` that
 * differs from the number of `logs` fields.
 */
export class Combination<T extends Batch> {
  /** In order, at least one. */
  readonly batches: T[];
  readonly #limits: CombinationLimits;
  /** Where the `logs` fields of each further batch are: pairs of positions. */
  readonly #runs: (readonly number[])[] = [];
  /** The bytes outside of `logs`; undefined if the first batch must remain alone. */
  readonly #rest: Uint8Array | undefined;
  #logs: number;
  #bytes: number;

  constructor(first: T, limits: CombinationLimits) {
    this.batches = [first];
    this.#limits = limits;
    this.#logs = first.count;
    this.#bytes = first.raw.length;
    const layout = layoutOf(first);
    // A copy, because detach() may replace the bytes of the batch.
    this.#rest = layout && Uint8Array.from(restOf(first, layout));
  }

  /** Whether nothing can be added, whatever it is. */
  get isFull(): boolean {
    const { maxLogs, maxBytes } = this.#limits;
    const isFull = this.#logs >= maxLogs || this.#bytes >= maxBytes;
    // A batch may contain no log and no byte.
    return isFull || this.#rest === undefined || this.batches.length >= maxLogs;
  }

  /** Adds the next batch, if it is combinable and there is room. @returns whether it was added. */
  add(batch: T): boolean {
    const { maxLogs, maxBytes } = this.#limits;
    const [first] = this.batches as [T];
    if (this.isFull || this.#logs + batch.count > maxLogs) return false;
    if (this.#bytes + batch.raw.length > maxBytes) return false;
    if (tagOf(batch) !== tagOf(first)) return false;
    const layout = layoutOf(batch);
    if (layout === undefined || Buffer.compare(restOf(batch, layout), this.#rest as Uint8Array) !== 0)
      return false;
    this.#runs.push(layout.logs);
    this.batches.push(batch);
    this.#logs += batch.count;
    this.#bytes += batch.raw.length;
    return true;
  }

  /** All of them as one batch: the only one itself, or a new one. */
  combined(): T {
    const [first, ...others] = this.batches as [T, ...T[]];
    if (others.length === 0) return first;
    const pieces = [first.raw];
    for (const [i, { raw }] of others.entries()) {
      const runs = this.#runs[i] as readonly number[];
      for (let at = 0; at < runs.length; at += 2) pieces.push(raw.subarray(runs[at], runs[at + 1]));
    }
    const batch = new LogBatch(tagOf(first), this.#logs, Buffer.concat(pieces));
    partsOfBatch.set(batch, this.batches);
    return batch as unknown as T;
  }
}

function tagOf(batch: Batch): number {
  return (batch as unknown as LogBatch).tag;
}

/** Where the `logs` fields of a request are, and where everything else is: pairs of positions. */
interface Layout {
  readonly logs: number[];
  readonly rest: number[];
}

/** @returns undefined if the batch must remain alone. */
function layoutOf(batch: Batch): Layout | undefined {
  if (!(batch instanceof LogBatch) || alone.has(batch)) return undefined;
  const { raw, count } = batch;
  const layout: Layout = { logs: [], rest: [] };
  const fields = new FieldCursor(raw, 0, raw.length);
  let logs = 0;
  for (let start = 0; fields.next(); start = fields.stop) {
    const isLog = fields.number === LOGS_FIELD && fields.wireType === WireType.LENGTH;
    if (isLog) logs += 1;
    const runs = isLog ? layout.logs : layout.rest;
    // Fields that follow each other are one run.
    if (runs.at(-1) === start) runs[runs.length - 1] = fields.stop;
    else runs.push(start, fields.stop);
  }
  return fields.malformed || logs !== count ? undefined : layout;
}

function restOf({ raw }: Batch, { rest }: Layout): Uint8Array {
  if (rest.length === 2) return raw.subarray(rest[0], rest[1]);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < rest.length; at += 2) pieces.push(raw.subarray(rest[at], rest[at + 1]));
  return Buffer.concat(pieces);
}
