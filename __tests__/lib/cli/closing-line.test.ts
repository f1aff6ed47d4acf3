import { expect, test } from '@jest/globals';
import { type ClosingAccount, closingLine } from '../../../lib/cli/closing-line.js';
import { DROP_REASONS, type DropReason } from '../../../lib/telemetry/accounts.js';

type Counts = Partial<
  Record<'received' | 'recovered' | 'redelivered' | 'forwarded' | 'returned' | 'kept' | DropReason, number>
>;

function account(counts: Counts): ClosingAccount {
  const amount = (name: keyof Counts) => ({ batches: 1, logs: counts[name] ?? 0 });
  return {
    received: amount('received'),
    recovered: amount('recovered'),
    redelivered: amount('redelivered'),
    forwarded: amount('forwarded'),
    returned: amount('returned'),
    kept: amount('kept'),
    dropped: Object.fromEntries(
      DROP_REASONS.map((reason) => [reason, amount(reason)]),
    ) as ClosingAccount['dropped'],
  };
}

test.each<[counts: Counts, line: string]>([
  [{}, 'no events received'],
  [{ received: 1, forwarded: 1 }, '1 event received, all forwarded'],
  [{ received: 54, forwarded: 54 }, '54 events received, all forwarded'],
  [
    { received: 54, recovered: 4, forwarded: 54 },
    '54 events received, 4 of them from the spool, all forwarded',
  ],
  [
    { received: 54, redelivered: 6, forwarded: 60 },
    '54 events received, 6 delivered again by the source, all forwarded',
  ],
  [{ redelivered: 6, forwarded: 6 }, '0 events received, 6 delivered again by the source, all forwarded'],
  [
    { received: 54, forwarded: 44, returned: 9, rejected: 1 },
    '54 events received, 44 forwarded: 9 returned to the source, which delivers them again; 1 lost because the reporter will never accept them',
  ],
  [{ received: 54, forwarded: 50, kept: 4 }, '54 events received, 50 forwarded: 4 kept in the spool'],
  [
    { received: 54, forwarded: 50, buffer_full: 3, shutdown: 1 },
    '54 events received, 50 forwarded: 3 lost because the buffer was full; 1 lost because the proxy was closed before they were delivered',
  ],
  [
    { received: 9, kept: 4, rejected: 5 },
    '9 events received, none forwarded: 4 kept in the spool; 5 lost because the reporter will never accept them',
  ],
])('%j: %s', (counts, line) => {
  expect(closingLine(account(counts))).toBe(line);
});

test.each(DROP_REASONS)('a loss for the reason %s is named with its number', (reason) => {
  const line = closingLine(account({ received: 12, forwarded: 5, [reason]: 7 }));
  expect(line).toMatch(/^12 events received, 5 forwarded: 7 lost because (?:the|their) [a-z]/);
});

test('each of several reporters is named: what one received says nothing about the others', () => {
  const all = account({ received: 54, forwarded: 54 });
  const others = {
    coder: account({ received: 54, kept: 54 }),
    null: account({ received: 54, forwarded: 54 }),
  };
  expect(closingLine({ ...all, reporter: 'stdout', others })).toBe(
    'stdout: 54 events received, all forwarded. ' +
      'coder: 54 events received, none forwarded: 54 kept in the spool. ' +
      'null: 54 events received, all forwarded',
  );
});
