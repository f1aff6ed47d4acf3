import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { SessionLedger, type SessionLedgerOptions } from '../../../lib/sessions/session-ledger.js';
import { LOST_BY, type SessionReport, verdictOf } from '../../../lib/sessions/session-report.js';
import { ROOT } from '../../helpers/code-blocks.js';
import { random as randomNumbers } from '../../helpers/cuts.js';
import { tableAfter } from '../../helpers/markdown.js';
import { NaiveSession } from '../../helpers/naive-ledger.js';
import { seed } from '../../helpers/seed.js';
import { numbered, range } from '../../helpers/sessions.js';
import { thrown } from '../../helpers/thrown.js';

const A = '04af165b-5096-405a-b2b4-0556b8bb5381';
const B = '3d7a0c7e-7b55-4c53-8d8a-2f6a5f0f5c11';

function ledgerOf(options: SessionLedgerOptions = {}) {
  const ended: SessionReport[] = [];
  const ledger = new SessionLedger({ onEnd: (report) => ended.push(report), ...options });
  return { ledger, ended };
}

/** Numbers that arrive, `-` and numbers that are dropped for a reason, or `!` and a count that the sender has lost. */
type Step =
  | readonly number[]
  | { readonly drop: readonly number[]; readonly why: string }
  | { readonly sender: number };

function reportAfter(steps: readonly Step[], options?: SessionLedgerOptions): SessionReport {
  const { ledger } = ledgerOf(options);
  for (const [at, step] of steps.entries()) {
    if ('sender' in step) ledger.loseBySender(A, step.sender, at);
    else if ('drop' in step) ledger.drop(numbered(A, step.drop), step.why, at);
    else ledger.receive(numbered(A, step), at);
  }
  return ledger.report(A) as SessionReport;
}

const cases: [what: string, steps: Step[], verdict: string][] = [
  ['all arrive', [range(0, 9), range(10, 412)], 'complete, 0–412'],
  ['there is one event', [[0]], 'complete, 0–0'],
  ['a batch is missing', [range(0, 9), range(20, 29)], '10 missing: 10 unexplained'],
  ['a late batch fills the gap', [range(0, 9), range(20, 29), range(10, 19)], 'complete, 0–29'],
  [
    'a batch is repeated after a sender has reconnected',
    [range(0, 9), range(0, 9), range(10, 19)],
    'complete, 0–19',
  ],
  ['the first batch is not in order', [[1, 0, 2]], 'complete, 0–2'],
  ['the second batch has the first number', [[2, 3], [0]], '1 missing: 1 unexplained'],
  [
    'the numbers begin at 1',
    [[1, 2]],
    'complete from the first event received, 1–2; 1 earlier event is unknown',
  ],
  [
    'the record begins in the middle',
    [range(120, 412)],
    'complete from the first event received, 120–412; 120 earlier events are unknown',
  ],
  [
    'an event from before the start arrives late',
    [range(120, 129), [50]],
    'complete from the first event received, 50–129; 119 earlier events are unknown',
  ],
  [
    'events are missing after the start',
    [range(120, 129), [140]],
    '10 missing: 10 unexplained; 120 earlier events are unknown',
  ],
  [
    'the sender has lost some',
    [range(0, 9), range(17, 20), { sender: 5 }],
    '7 missing: 5 lost by the sender, 2 unexplained',
  ],
  ['the sender has lost all', [range(0, 9), range(15, 20), { sender: 5 }], '5 missing: 5 lost by the sender'],
  ['the sender has lost its last events', [range(0, 9), { sender: 5 }], '5 missing: 5 lost by the sender'],
  [
    'the buffer was full',
    [range(0, 9), range(10, 19), { drop: range(10, 19), why: 'buffer_full' }],
    '10 missing: 10 dropped by the proxy (buffer_full)',
  ],
  [
    'the reporter rejects',
    [range(0, 9), { drop: range(0, 3), why: 'rejected' }, { drop: range(4, 5), why: 'forward_failed' }],
    '6 missing: 6 not accepted by the reporter (rejected, forward_failed)',
  ],
  [
    'everybody loses something',
    [
      range(0, 9),
      range(20, 29),
      { sender: 4 },
      { drop: [0], why: 'shutdown' },
      { drop: [1], why: 'rejected' },
    ],
    '12 missing: 4 lost by the sender, 1 dropped by the proxy (shutdown), 1 not accepted by the reporter (rejected), 6 unexplained',
  ],
  [
    'one of two copies is dropped',
    [range(0, 9), range(0, 9), { drop: range(0, 9), why: 'buffer_full' }],
    'complete, 0–9',
  ],
  [
    'both copies are dropped',
    [[0], [0], { drop: [0], why: 'buffer_full' }, { drop: [0], why: 'buffer_full' }],
    '1 missing: 1 dropped by the proxy (buffer_full)',
  ],
  ['what was dropped arrives again', [[0], { drop: [0], why: 'buffer_full' }, [0]], 'complete, 0–0'],
  [
    'a spool of an earlier process loses events',
    [{ drop: range(0, 9), why: 'rejected' }],
    '10 missing: 10 not accepted by the reporter (rejected)',
  ],
  [
    'the reporter rejects all',
    [range(0, 9), { drop: range(0, 9), why: 'rejected' }],
    '10 missing: 10 not accepted by the reporter (rejected)',
  ],
  ['no event has a number', [[-1, -2]], 'unknown: its events have no numbers'],
  ['some events have no number', [[0, -5, 1]], 'complete, 0–1; 1 without a number'],
  ['more than 999 are missing', [[0], [1_234_568]], '1,234,567 missing: 1,234,567 unexplained'],
  ['a batch is empty', [[0], [], [1]], 'complete, 0–1'],
];

describe('the verdict of a session when', () => {
  test.each(cases)('%s', (_, steps, verdict) => expect(verdictOf(reportAfter(steps))).toBe(verdict));
});

test('docs/sessions.md explains the verdicts and who loses events, in the words of the code', () => {
  const page = readFileSync(join(ROOT, 'docs/sessions.md'), 'utf8');
  const texts = [
    ...cases.map(([, , verdict]) => verdict),
    'unknown: its numbers have more gaps than may be stored',
    'unknown: events that are too short to be requests have numbers that are not consecutive',
  ];
  const rows = tableAfter(page, '| verdict');
  expect(rows.map(([text]) => text).filter((text) => !texts.includes(text as string))).toEqual([]);
  expect(new Set(rows.map(([, code]) => code))).toEqual(
    new Set(['complete', 'before_start', 'missing', 'unknown']),
  );
  expect(tableAfter(page, '| `lost_by`').map(([who]) => who)).toEqual([...LOST_BY]);
  for (const [, words] of tableAfter(page, '| `lost_by`')) {
    expect(texts.some((text) => text.includes(words as string))).toBe(true);
  }
});

test('JSON.stringify() keeps everything in a report', () => {
  const { ledger, ended } = ledgerOf();
  ledger.receive(numbered(A, range(0, 9), 4), 2000);
  ledger.receive(numbered(A, [12, 14, 13], 1), 1000);
  ledger.receive(numbered(A, [9, -1]), 3000);
  ledger.loseBySender(A, 1, 3000);
  ledger.drop(numbered(A, [3]), 'spool_full', 3000);
  ledger.closeAll();
  expect(JSON.parse(JSON.stringify(ended))).toEqual([
    {
      session: A,
      verdict: 'missing',
      why: null,
      missing: 3,
      lostBy: { sender: 1, proxy: 1, reporter: 0, unexplained: 1 },
      reasons: { spool_full: 1 },
      gaps: [[10, 11]],
      gapCount: 1,
      beforeStart: 0,
      first: 0,
      last: 14,
      received: 13,
      events: 15,
      allowed: 5,
      denied: 10,
      duplicated: 1,
      late: 1,
      unnumbered: 1,
      firstAt: 1000,
      lastAt: 3000,
    },
  ]);
});

test('a report lists the first 100 gaps, and says how many there are', () => {
  const { gaps, gapCount, missing } = reportAfter(range(0, 150).map((i) => [3 * i]));
  expect({ gaps: gaps.length, gapCount, missing }).toEqual({ gaps: 100, gapCount: 150, missing: 300 });
  expect(gaps[0]).toEqual([1, 2]);
});

describe('numbers at the limits', () => {
  const MAX = Number.MAX_SAFE_INTEGER;
  test.each([
    [2 ** 31 - 1, null],
    [2 ** 53 - 2, null],
    [MAX, 'no_numbers'],
    [2 ** 53, 'no_numbers'],
    [2 ** 64, 'no_numbers'],
    [-(2 ** 31), 'no_numbers'],
    [0.5, 'no_numbers'],
    [Number.NaN, 'no_numbers'],
    [Number.POSITIVE_INFINITY, 'no_numbers'],
  ])('%d', (number, why) => {
    for (const firstNumber of [number, -1]) {
      const { ledger } = ledgerOf();
      ledger.receive({ sessionId: A, count: 1, allowed: 0, firstNumber, numbers: [number] }, 0);
      const report = ledger.report(A);
      expect(report).toMatchObject(why === null ? { why, last: number } : { why, unnumbered: 1 });
    }
  });

  test('one event with a large number does not make the counts inexact', () => {
    const report = reportAfter([[0], [MAX - 1]]);
    expect(report.missing).toBe(MAX - 2);
    expect(report.gaps).toEqual([[1, MAX - 2]]);
  });
});

test('a ledger knows which numbers of an open session have arrived', () => {
  const { ledger } = ledgerOf();
  ledger.receive(numbered(A, [0, 1, 5, -1]), 0);
  ledger.drop(numbered(A, [1]), 'rejected', 0);
  const found = (session: string) => range(0, 6).filter((n) => ledger.has(session, n));
  expect([found(A), found(B)]).toEqual([[0, 1, 5], []]);
  ledger.closeAll();
  expect(found(A)).toEqual([]);
});

describe('which sessions are open', () => {
  test('one that is idle is closed, and counted', () => {
    const { ledger, ended } = ledgerOf();
    ledger.receive(numbered(A, [0, 2]), 0);
    ledger.receive(numbered(B, [0]), 500);
    ledger.closeIdle(999, 1000);
    expect(ended).toEqual([]);
    ledger.closeIdle(1000, 1000);
    expect(ended.map(({ session }) => session)).toEqual([A]);
    expect(ledger.totals).toEqual({
      sessions: 2,
      missing: { sender: 0, proxy: 0, reporter: 0, unexplained: 1 },
      duplicated: 0,
      withoutSession: 0,
    });
    expect(ledger.size).toBe(1);
  });

  test('missing events are counted when the session ends, and duplicated ones at once', () => {
    const { ledger } = ledgerOf();
    ledger.receive(numbered(A, [0, 2]), 0);
    ledger.receive(numbered(A, [0, 2]), 0);
    expect(ledger.totals).toMatchObject({ missing: { unexplained: 0 }, duplicated: 2 });
    ledger.closeAll();
    expect(ledger.totals).toMatchObject({ missing: { unexplained: 1 }, duplicated: 2 });
  });

  test('if there are too many, the one that was idle for longest is closed for a new one', () => {
    const { ledger, ended } = ledgerOf({ maxSessions: 2 });
    ledger.receive(numbered(A, [0]), 0);
    ledger.receive(numbered(B, [0]), 1);
    ledger.receive(numbered(A, [1]), 2);
    ledger.receive(numbered('c', [0]), 3);
    expect(ended.map(({ session }) => session)).toEqual([B]);
    expect([...ledger.reports()].map(({ session }) => session)).toEqual([A, 'c']);
  });

  test('a session that continues after it was closed is a new one, without its old counts', () => {
    const { ledger, ended } = ledgerOf({ maxSessions: 1 });
    ledger.receive(numbered(A, range(0, 9)), 0);
    ledger.receive(numbered(B, [0]), 1);
    ledger.receive(numbered(A, range(10, 19)), 2);
    ledger.closeAll();
    expect(ended.map(verdictOf)).toEqual([
      'complete, 0–9',
      'complete, 0–0',
      'complete from the first event received, 10–19; 10 earlier events are unknown',
    ]);
    expect(ledger.totals).toMatchObject({ sessions: 3, missing: { unexplained: 0 } });
  });

  test('one that never ends stays open', () => {
    const { ledger, ended } = ledgerOf();
    for (let at = 0; at < 1_000_000; at += 900) {
      ledger.receive(numbered(A, [at / 900]), at);
      ledger.closeIdle(at, 1000);
    }
    expect(ended).toEqual([]);
  });

  test('a clock that goes backwards neither closes sessions nor keeps them open for longer', () => {
    const { ledger, ended } = ledgerOf();
    ledger.receive(numbered(A, [0]), 3_600_000);
    ledger.closeIdle(100, 1000);
    ledger.closeIdle(1000, 1000);
    expect(ended).toEqual([]);
    ledger.closeIdle(1100, 1000);
    expect(ended).toHaveLength(1);
  });

  test('events without a session are counted apart', () => {
    const { ledger } = ledgerOf();
    ledger.receive(numbered('', [0, 0, 0]), 0);
    ledger.receive(numbered('x'.repeat(129), [0]), 0);
    ledger.drop(numbered('', [0]), 'buffer_full', 0);
    ledger.loseBySender('', 5, 0);
    expect(ledger.totals).toMatchObject({ sessions: 0, withoutSession: 4 });
  });

  test('ids that are names of properties are ids like others', () => {
    const { ledger } = ledgerOf();
    for (const id of ['__proto__', 'constructor', 'toString']) ledger.receive(numbered(id, [0]), 0);
    expect(ledger.size).toBe(3);
  });
});

test('a sender that repeats its numbers for ever needs few ranges', () => {
  const { ledger } = ledgerOf({ maxRanges: 100 });
  const next = randomNumbers(seed);
  for (let i = 0; i < 20_000; i++) {
    const first = 10 * Math.floor(next() * 20);
    ledger.receive(numbered(A, range(first, first + 9)), i);
  }
  expect(ledger.report(A)).toMatchObject({ verdict: 'complete', received: 200, duplicated: 199_800 });
});

describe('a sender that numbers at random', () => {
  test('costs a bounded number of ranges, and has the verdict unknown', () => {
    const { ledger } = ledgerOf({ maxRanges: 1000 });
    const next = randomNumbers(seed);
    ledger.receive(numbered(B, range(0, 99)), 0);
    for (let i = 0; i < 5000; i++) ledger.receive(numbered(A, [Math.floor(next() * 2 ** 31)]), i);
    ledger.receive(numbered(B, range(100, 199)), 0);
    expect(verdictOf(ledger.report(A) as SessionReport)).toBe(
      'unknown: its numbers have more gaps than may be stored',
    );
    expect(ledger.report(A)).toMatchObject({ events: 5000, gaps: [], missing: 0 });
    expect(verdictOf(ledger.report(B) as SessionReport)).toBe('complete, 0–199');
  });

  test('keeps what is known to be lost', () => {
    const { ledger } = ledgerOf({ maxRanges: 10 });
    ledger.receive(numbered(A, [0]), 0);
    ledger.drop(numbered(A, [0]), 'buffer_full', 0);
    for (let i = 0; i < 20; i++) ledger.receive(numbered(A, [2 * i + 2]), 0);
    ledger.drop(numbered(A, [2, 4]), 'buffer_full', 0);
    expect(verdictOf(ledger.report(A) as SessionReport)).toBe(
      'unknown: its numbers have more gaps than may be stored; at least 3 missing: 3 dropped by the proxy (buffer_full)',
    );
  });
});

test('ten thousand random histories equal those of a naive ledger', () => {
  const next = randomNumbers(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const reasons = ['buffer_full', 'rejected', 'shutdown'];
  for (let round = 0; round < 10_000; round++) {
    const { ledger } = ledgerOf();
    const naive = new NaiveSession();
    const span = 1 + below(40);
    const batch = () => {
      const first = below(span);
      const consecutive = range(first, first + below(8));
      return numbered(A, below(3) > 0 ? consecutive : consecutive.map(() => below(span + 1) - 1));
    };
    for (let step = below(12); step >= 0; step--) {
      const numbers = batch();
      if (below(4) > 0) {
        ledger.receive(numbers, step);
        naive.receive(numbers);
      } else {
        const reason = reasons[below(reasons.length)] as string;
        ledger.drop(numbers, reason, step);
        naive.drop(numbers, reason);
      }
    }
    const { gaps, reasons: dropped, ...report } = ledger.report(A) as SessionReport;
    const gap = gaps.flatMap(([first, last]) => range(first, last));
    const { dropped: droppedThere, gap: gapThere, ...expected } = naive.report();
    try {
      expect(report).toMatchObject(expected);
      expect({ dropped, gap }).toEqual({ dropped: droppedThere, gap: gapThere });
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}`, { cause: error });
    }
  }
});

test('a wrong argument is an error', () => {
  const { ledger } = ledgerOf();
  const batch = numbered(A, [0]);
  for (const call of [
    () => ledger.receive(undefined as never, 0),
    () => ledger.receive(batch, undefined as never),
    () => ledger.drop({} as never, 'x', 0),
    () => ledger.loseBySender(A, 0.5, 0),
    () => ledger.closeIdle(0, -1),
    () => new SessionLedger({ maxSessions: 0 }),
    () => new SessionLedger({ maxRanges: '5' as never }),
    () => new SessionLedger({ onEnd: 5 as never }),
    () => new SessionLedger(null as never),
  ]) {
    expect(thrown(call)).toMatchObject({ code: 'ERR_INVALID_OPTION' });
  }
});
