import { readdirSync, readFileSync } from 'node:fs';
import type { BoundaryLogError, Outcome } from '../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../codec/messages.js';
import { decode, encode, REQUEST } from './naive-protobuf.js';

const FOLDER = new URL('../fixtures/vectors/', import.meta.url);

/** One outcome in the terms of the README of the vectors, without `error` and `logs`: `hex` contains the same. */
export type ExpectedOutcome = Record<string, unknown> & { kind: string };

export interface Vector {
  name: string;
  bytes: Buffer;
  consumed: number;
  end: 'eof' | 'close';
  outcomes: ExpectedOutcome[];
}

export const vectors: Vector[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.bin'))
  .map((file) => {
    const name = file.slice(0, -'.bin'.length);
    const expected = JSON.parse(readFileSync(new URL(`${name}.expect.json`, FOLDER), 'utf8'));
    return { ...expected, name, bytes: readFileSync(new URL(file, FOLDER)) };
  });

/** The part of a recorded outcome that the outcome of this implementation must equal. */
export function expected(outcome: ExpectedOutcome): ExpectedOutcome {
  switch (outcome.kind) {
    case 'logs':
      return pick(outcome, ['kind', 'tag', 'count', 'hex', 'session_id', 'confined_process_name']);
    case 'status':
      return pick(outcome, ['kind', 'dropped_channel_full', 'dropped_batch_full']);
    default:
      return pick(outcome, ['kind', 'reason']);
  }
}

/** An outcome in the terms of the vectors. The naive codec decodes `raw` and encodes it again. */
export function described(outcome: Outcome): ExpectedOutcome {
  switch (outcome.kind) {
    case 'logs':
      return {
        kind: 'logs',
        tag: outcome.tag,
        count: outcome.count,
        hex: encode(decode(REQUEST, outcome.raw)).toString('hex'),
        session_id: outcome.request.sessionId,
        confined_process_name: outcome.request.confinedProcessName,
      };
    case 'status':
      return {
        kind: 'status',
        dropped_channel_full: String(outcome.droppedChannelFull),
        dropped_batch_full: String(outcome.droppedBatchFull),
      };
    case 'unknown-variant':
      return { kind: 'unknown-variant' };
    default:
      return { kind: outcome.kind, reason: reason(outcome.error) };
  }
}

/** The lazily decoded `request` of a batch, encoded by protobufjs, in the order of the Go library. */
export function requestHex(request: ReportBoundaryLogsRequest): string {
  const bytes = Buffer.from(ReportBoundaryLogsRequest.encode(request).finish());
  return encode(decode(REQUEST, bytes)).toString('hex');
}

function reason(error: BoundaryLogError): string {
  return error.code.replace(/^ERR_/, '').toLowerCase();
}

function pick(outcome: ExpectedOutcome, keys: string[]): ExpectedOutcome {
  return Object.fromEntries(keys.map((key) => [key, outcome[key]])) as ExpectedOutcome;
}
