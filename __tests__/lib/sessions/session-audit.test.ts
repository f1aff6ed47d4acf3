import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, jest, test } from '@jest/globals';
import {
  decodeMessage,
  encodeLogs,
  encodeStatus,
  type Frame,
  FrameDecoder,
  type Outcome,
} from '../../../codec/index.js';
import {
  Demux,
  FrameParser,
  type LogBatch,
  MessageDecoder,
  SessionAudit,
  SessionLedger,
  type SessionReport,
  StatusReport,
  verdictOf,
} from '../../../lib/index.js';
import { range } from '../../helpers/sessions.js';
import { until } from '../../helpers/until.js';

const logs = (numbers: readonly number[]) => numbers.map((sequenceNumber) => ({ sequenceNumber }));
const batch = (sessionId: string, numbers: readonly number[]) =>
  encodeLogs({ sessionId, logs: logs(numbers) });
/** The same with requests, so that each event has the length of a real one. */
const realBatch = (sessionId: string, numbers: readonly number[]) =>
  encodeLogs({
    sessionId,
    logs: logs(numbers).map((log) => ({
      ...log,
      httpRequest: { method: 'GET', url: 'https://example.com/abcdefghij' },
    })),
  });
/** So many numbers, each `step` after the one before it. */
const every = (count: number, step: number, from = 0) => range(0, count - 1).map((i) => from + i * step);
const UNREAD = 'unknown: events that are too short to be requests have numbers that are not consecutive';
const status = (droppedChannelFull: number, droppedBatchFull = 0) =>
  encodeStatus({ droppedChannelFull, droppedBatchFull });

const verdicts = (ledger: SessionLedger) =>
  Object.fromEntries([...ledger.reports()].map((report) => [report.session, verdictOf(report)]));

/** Sends frames through the line of one connection. */
async function connection(ledger: SessionLedger, frames: Buffer[]): Promise<Outcome[]> {
  const seen: Outcome[] = [];
  const end = new Demux({}, { otherwise: (outcome) => void seen.push(outcome) });
  await pipeline(
    Readable.from(frames),
    new FrameParser({ perChunk: true }),
    new MessageDecoder<Outcome, true>(),
    new SessionAudit<Outcome[]>({ ledger }),
    end,
  );
  return seen;
}

const cases: [what: string, frames: Buffer[], expected: Record<string, string>][] = [
  ['a session', [batch('a', [0, 1]), batch('a', [2])], { a: 'complete, 0–2' }],
  [
    'several sessions on one connection',
    [batch('a', [0]), batch('b', [0, 2]), batch('a', [1])],
    { b: '1 missing: 1 unexplained', a: 'complete, 0–1' },
  ],
  [
    'a status after a batch',
    [batch('a', [0]), batch('b', [0]), status(2, 1)],
    { a: 'complete, 0–0', b: '3 missing: 3 lost by the sender' },
  ],
  ['a status before any session', [status(5), batch('a', [0])], { a: 'complete, 0–0' }],
  ['a status after a batch without a session', [batch('', [0]), status(5)], {}],
  [
    'a status with counts that nobody believes',
    [batch('a', [0]), status(-5, -1), encodeStatus({ droppedChannelFull: 2n ** 62n, droppedBatchFull: 1n })],
    { a: 'complete, 0–0' },
  ],
  ['a batch of 16 short events with gaps', [batch('a', every(16, 2))], { a: '15 missing: 15 unexplained' }],
  ['a batch of many short events without gaps', [batch('a', range(0, 4999))], { a: 'complete, 0–4999' }],
  ['a batch of more short events with gaps', [batch('a', every(17, 2))], { a: UNREAD }],
  ['many batches of them', range(0, 99).map((n) => batch('a', every(16, 2, 32 * n))), { a: UNREAD }],
  [
    'as many batches of real events with gaps',
    range(0, 99).map((n) => realBatch('a', every(16, 2, 32 * n))),
    { a: '1,599 missing: 1,599 unexplained' },
  ],
  [
    'large batches of real events with gaps',
    range(0, 4).map((n) => realBatch('a', every(400, 3, 1200 * n))),
    { a: '3,998 missing: 3,998 unexplained' },
  ],
  [
    'other sessions while the numbers of one are not read',
    [batch('a', every(17, 2)), batch('b', [0, 1]), batch('a', [40])],
    { a: UNREAD, b: 'complete, 0–1' },
  ],
  [
    'frames that are rejected',
    [batch('a', [0]), Buffer.from('0200000199', 'hex').subarray(0, 5), batch('a', [2])],
    { a: '1 missing: 1 unexplained' },
  ],
];

describe('what passes a SessionAudit:', () => {
  test.each(cases)('%s', async (_, frames, expected) => {
    for (const pieces of [frames, [Buffer.concat(frames)]]) {
      const ledger = new SessionLedger();
      const seen = await connection(ledger, pieces);
      expect(verdicts(ledger)).toEqual(expected);
      expect(seen).toHaveLength(frames.length);
    }
  });

  test('two connections of one session', async () => {
    const ledger = new SessionLedger();
    await connection(ledger, [batch('a', range(0, 9)), batch('a', range(20, 29))]);
    await connection(ledger, [batch('a', range(10, 19)), status(0)]);
    expect(verdicts(ledger)).toEqual({ a: 'complete, 0–29' });
  });

  test('a connection that uses the session of another one', async () => {
    // The ledger believes what it is told. Both sides of this are in docs/sessions.md.
    const ledger = new SessionLedger();
    await connection(ledger, [batch('a', [0]), batch('a', [2])]);
    await connection(ledger, [batch('a', [1]), batch('a', [9])]);
    expect(verdicts(ledger)).toEqual({ a: '6 missing: 6 unexplained' });
  });
});

test('a batch alone passes, too, with a reader that is slow', async () => {
  const ledger = new SessionLedger();
  const audit = new SessionAudit<LogBatch>({ ledger });
  const batches = range(0, 50).map((n) => {
    const [frame] = new FrameDecoder().decode(batch('a', [n]));
    return decodeMessage(frame as Frame) as LogBatch;
  });
  for (const one of batches) audit.write(one);
  audit.end();
  const read: LogBatch[] = [];
  for await (const one of audit) read.push(one);
  expect(read).toEqual(batches);
  expect(verdicts(ledger)).toEqual({ a: 'complete, 0–50' });
});

test('an object that is not an outcome passes unchanged', async () => {
  const ledger = new SessionLedger();
  const audit = new SessionAudit({ ledger });
  const read: unknown[] = [];
  audit.on('data', (item) => read.push(item));
  const other = { kind: 'logs', count: 1 };
  audit.write(other as never);
  audit.write(new StatusReport(1n, 1n));
  await until('both are read', () => read.length === 2);
  expect(read[0]).toBe(other);
  expect(ledger.size).toBe(0);
});

test('a ledger whose listener fails costs nothing but a warning', async () => {
  const ledger = new SessionLedger({
    maxSessions: 1,
    onEnd: () => {
      throw new Error('broken');
    },
  });
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const frames = ['a', 'b', 'c'].map((session) => batch(session, [0]));
  expect(await connection(ledger, frames)).toHaveLength(3);
  expect(warn.mock.calls.map(([text]) => text)).toEqual([
    'the ledger of a SessionAudit failed: broken. Only this first failure is reported.',
  ]);
  warn.mockRestore();
  // Each batch is counted: closing a session for lack of room comes last.
  expect(ledger.totals.sessions).toBe(3);
  expect(verdicts(ledger)).toEqual({ c: 'complete, 0–0' });
});

test('a report is what JSON can contain', () => {
  const ledger = new SessionLedger();
  ledger.receive({ sessionId: 'a', count: 1, allowed: 0, firstNumber: 0, numbers: [0] }, 0);
  const report = ledger.report('a') as SessionReport;
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});
