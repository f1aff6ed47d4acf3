import { FieldCursor } from './field-cursor.js';
import { BoundaryLog, ReportBoundaryLogsRequest } from './generated/schema.js';
import type { MessageSchema } from './schema.js';
import { varintInt64, WireType } from './wire.js';

/** What there is to know of a batch without decoding it. */
export interface Summary {
  readonly sessionId: string;
  readonly allowed: number;
  readonly numbers: readonly number[];
}

const numberOf = ({ fields }: MessageSchema, name: string) =>
  fields.find((field) => field.name === name)?.number;
const LOGS = numberOf(ReportBoundaryLogsRequest, 'logs');
const SESSION_ID = numberOf(ReportBoundaryLogsRequest, 'session_id');
const ALLOWED = numberOf(BoundaryLog, 'allowed');
const SEQUENCE_NUMBER = numberOf(BoundaryLog, 'sequence_number');

/**
 * Sums up a ReportBoundaryLogsRequest without decoding its logs. `wasm/summary.ts` does the same ten times as fast, but
 * does not list the numbers. Bytes that are not valid end it.
 */
export function summaryOf(raw: Buffer): Summary {
  let sessionId = '';
  let allowed = 0;
  const numbers: number[] = [];
  const fields = new FieldCursor(raw, 0, raw.length);
  while (fields.next()) {
    if (fields.wireType !== WireType.LENGTH) continue;
    if (fields.number === SESSION_ID) {
      sessionId = raw.toString('utf8', fields.start, fields.stop);
    } else if (fields.number === LOGS) {
      const log = summaryOfLog(raw, fields.start, fields.stop);
      if (log.isAllowed) allowed += 1;
      numbers.push(log.sequence);
    }
  }
  return { sessionId, allowed, numbers };
}

function summaryOfLog(raw: Buffer, start: number, stop: number): { isAllowed: boolean; sequence: number } {
  let isAllowed = false;
  let sequence = 0;
  const fields = new FieldCursor(raw, start, stop);
  while (fields.next()) {
    if (fields.wireType !== WireType.VARINT) continue;
    const value = varintInt64(raw, fields.start, fields.stop);
    if (fields.number === ALLOWED) isAllowed = value !== 0n;
    else if (fields.number === SEQUENCE_NUMBER) sequence = Number(BigInt.asIntN(32, value));
  }
  return { isAllowed, sequence };
}

/** The first of these numbers, if each is the one after that before it and none is negative; otherwise -1. */
export function firstOfRun(numbers: readonly number[]): number {
  const [first = -1] = numbers;
  return numbers.every((number, i) => number === first + i && number >= 0) ? first : -1;
}
