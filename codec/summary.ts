import { checkFast, numbersRead, sessionRead, summary } from './fast-path.js';
import { FieldCursor } from './field-cursor.js';
import { BoundaryLog, ReportBoundaryLogsRequest } from './generated/schema.js';
import type { MessageSchema } from './schema.js';
import { varintInt64, WireType } from './wire.js';

/** The properties of a batch that are read without decoding it. */
export interface Summary {
  /** How many logs there are. */
  readonly count: number;
  readonly sessionId: string;
  readonly allowed: number;
  readonly firstNumber: number;
  readonly numbers: readonly number[];
}

/**
 * Logs that are shorter than this on average, in bytes, are not requests. Only a few of them in a batch have their numbers
 * listed: a frame can contain 16,000, which would cost a hundred times as much as its bytes.
 */
const MIN_LOG_LENGTH = 40;
const FEW = 16;
const NONE: readonly number[] = [];

/** Whether there is a list of the numbers of so many logs in so many bytes, if they are not consecutive. */
function hasList(count: number, length: number): boolean {
  return count <= FEW || count * MIN_LOG_LENGTH <= length;
}

/** Sums up a valid ReportBoundaryLogsRequest without decoding its logs. */
export function sumUp(raw: Buffer): Summary {
  const count = checkFast(raw, 0, raw.length);
  const sessionId = count < 0 ? undefined : sessionRead();
  if (sessionId === undefined) return summaryOf(raw);
  const [firstNumber, allowed] = [summary[0] as number, summary[1] as number];
  const numbers = firstNumber < 0 && hasList(count, raw.length) ? numbersRead(count) : NONE;
  return { count, sessionId, allowed, firstNumber, numbers };
}

const numberOf = ({ fields }: MessageSchema, name: string) =>
  fields.find((field) => field.name === name)?.number;
const LOGS = numberOf(ReportBoundaryLogsRequest, 'logs');
const SESSION_ID = numberOf(ReportBoundaryLogsRequest, 'session_id');
const ALLOWED = numberOf(BoundaryLog, 'allowed');
const SEQUENCE_NUMBER = numberOf(BoundaryLog, 'sequence_number');

/** The same without WebAssembly, which is ten times as fast. Bytes that are not valid end it. */
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
  const firstNumber = firstOfRun(numbers);
  const isListed = firstNumber < 0 && hasList(numbers.length, raw.length);
  return { count: numbers.length, sessionId, allowed, firstNumber, numbers: isListed ? numbers : NONE };
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
function firstOfRun(numbers: readonly number[]): number {
  const [first = -1] = numbers;
  return numbers.every((number, i) => number === first + i && number >= 0) ? first : -1;
}
