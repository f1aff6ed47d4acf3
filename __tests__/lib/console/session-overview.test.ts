import { expect, test } from '@jest/globals';
import { SessionOverview } from '../../../lib/console/session-overview.js';
import { SessionLedger } from '../../../lib/sessions/session-ledger.js';
import { eventBatch } from '../../helpers/event-batch.js';

/** A ledger with an overview that is told of each end. */
function overviewed(maxSessions = 1000) {
  let end: SessionOverview['end'] = () => undefined;
  const ledger = new SessionLedger({ maxSessions, onEnd: (report) => end(report) });
  const overview = new SessionOverview(ledger);
  end = (report) => overview.end(report);
  const receive = (session_id: string, at: number, ...numbers: number[]) =>
    ledger.receive(eventBatch(...numbers.map((sequence_number) => ({ session_id, sequence_number }))), at);
  return { ledger, overview, receive };
}

test('the session that was active last comes first, with its verdict', () => {
  const { overview, receive } = overviewed();
  receive('a', 1, 0, 1, 2);
  receive('b', 2, 0, 3);
  expect(overview.look()).toEqual({
    rows: [
      {
        ...{ id: 'b', verdict: '2 missing: 2 unexplained', isIncomplete: true, missing: 2, isOpen: true },
        ...{ allowed: 0, denied: 2, lastAt: 2 },
      },
      {
        ...{ id: 'a', verdict: 'complete, 0–2', isIncomplete: false, missing: 0, isOpen: true },
        ...{ allowed: 0, denied: 3, lastAt: 1 },
      },
    ],
    ...{ others: 0, incomplete: 1, unnumbered: 0 },
  });
});

test('a session that has ended stays, after the open ones; one that goes on is there once', () => {
  const { ledger, overview, receive } = overviewed();
  receive('a', 1, 0, 2);
  receive('b', 1, 0);
  ledger.closeAll();
  const rows = () => overview.look().rows.map(({ id, isOpen }) => [id, isOpen]);
  expect(rows()).toEqual([
    ['b', false],
    ['a', false],
  ]);
  receive('a', 2, 3);
  expect(rows()).toEqual([
    ['a', true],
    ['b', false],
  ]);
  expect(overview.look().incomplete).toBe(1);
});

test('of any number of sessions, 100 are shown, and the others are counted', () => {
  const { ledger, overview, receive } = overviewed(500);
  for (let i = 0; i < 700; i++) receive(`s${i}`, i, 0);
  expect(ledger.size).toBe(500);
  const { rows, others } = overview.look();
  expect([rows.length, rows[0]?.id, others]).toEqual([100, 's699', 600]);
});

test('events without a session are counted', () => {
  const { overview, ledger } = overviewed();
  ledger.receive(eventBatch({}, {}), 1);
  expect(overview.look()).toEqual({ rows: [], others: 0, incomplete: 0, unnumbered: 2 });
});
