import { describe, expect, test } from '@jest/globals';
import { DROP_REASONS, type DropReason } from '../../../lib/index.js';
import { isReturnable, Settlement } from '../../../lib/server/settlement.js';
import { logBatch } from '../../helpers/messages.js';
import { ScriptedSource } from '../../helpers/scripted-source.js';

const DELAY = 30_000;

/** What each reporter makes of the batch, in order, and what the source is told. */
const TABLE: [(DropReason | 'accepted')[], string][] = [
  [['accepted'], '7 accepted'],
  [['rejected'], '7 rejected (rejected: no)'],
  [['redaction_failed'], '7 rejected (redaction_failed: no)'],
  [['shutdown'], '7 returned for 0 ms'],
  [['forward_failed'], `7 returned for ${DELAY} ms`],
  [['buffer_full'], `7 returned for ${DELAY} ms`],
  [['accepted', 'accepted'], '7 accepted'],
  [['accepted', 'rejected'], '7 rejected (rejected: no)'],
  [['rejected', 'accepted', 'accepted'], '7 rejected (rejected: no)'],
  [['rejected', 'rejected'], '7 rejected (rejected: no)'],
  [['accepted', 'shutdown'], '7 returned for 0 ms'],
  [['forward_failed', 'accepted'], `7 returned for ${DELAY} ms`],
  [['forward_failed', 'shutdown'], `7 returned for ${DELAY} ms`],
  [['shutdown', 'rejected'], '7 returned for 0 ms'],
  [['rejected', 'forward_failed', 'accepted'], `7 returned for ${DELAY} ms`],
];

describe('when all reporters are done with a batch, its source is told once', () => {
  test.each(TABLE)('%j: %s', (outcomes, told) => {
    const source = new ScriptedSource();
    source.deliveries = () => 1;
    const settlement = new Settlement(source, outcomes.length);
    const [batch, given] = [logBatch(1, 7), logBatch(1, 7)];
    settlement.replaced(batch, given);
    for (const [i, outcome] of outcomes.entries()) {
      expect(source.told).toEqual([]);
      // The reporters may have been given another batch, from which something was removed.
      const seen = i % 2 === 0 ? given : batch;
      if (outcome === 'accepted') settlement.settle(seen);
      else settlement.settle(seen, outcome, new Error('no'));
    }
    expect(source.told).toEqual([`${told}, which it did not have`]);
  });
});

test('only what would be dropped again for the same reason is not delivered again', () => {
  expect(DROP_REASONS.filter((reason) => !isReturnable(reason))).toEqual(['rejected', 'redaction_failed']);
});
