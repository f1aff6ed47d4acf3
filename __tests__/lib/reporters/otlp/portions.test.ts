import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LogBatch, Tag } from '../../../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../../../codec/messages.js';
import { portionsOf } from '../../../../lib/reporters/otlp/portions.js';
import { logBatch } from '../../../helpers/messages.js';
import { seed } from '../../../helpers/seed.js';

const LIMITS = { maxLogs: 1000, maxBytes: 1_000_000, overheadBytes: 500 };

describe('a batch', () => {
  test('is one portion, without a copy', () => {
    const batch = logBatch(10);
    const [portion, ...others] = portionsOf(batch, LIMITS);
    expect(others).toEqual([]);
    expect(portion).toMatchObject({ count: 10 });
    expect(portion?.of).toBe(batch);
    expect(portion?.batch).toBe(batch);
  });

  test('without logs is none', () => {
    expect(portionsOf(logBatch(0), LIMITS)).toEqual([]);
  });

  test('of too many logs is several', () => {
    const batch = logBatch(25);
    const portions = portionsOf(batch, { ...LIMITS, maxLogs: 10 });
    expect(portions.map(({ count }) => count)).toEqual([10, 10, 5]);
    expect(portions.every(({ of }) => of === batch)).toBe(true);
    const logs = portions.flatMap(({ batch }) => batch.request.logs);
    expect(logs.map(({ sequenceNumber }) => sequenceNumber)).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  test('of logs of two bytes is several, of which none exceeds the limit', () => {
    const count = 16_000;
    const raw = Buffer.from(ReportBoundaryLogsRequest.encode({ logs: Array(count).fill({}) }).finish());
    expect(raw.length).toBeLessThan(32_768);
    const portions = portionsOf(new LogBatch(Tag.V2, count, raw), LIMITS);
    expect(portions).toHaveLength(16);
    for (const { bytes } of portions) expect(bytes).toBeLessThanOrEqual(LIMITS.maxBytes);
    expect(portions.reduce((sum, { count }) => sum + count, 0)).toBe(count);
  });

  test('with a log that is too large has that one alone', () => {
    const portions = portionsOf(logBatch(3), { ...LIMITS, maxBytes: 1 });
    expect(portions.map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('that cannot be split is one portion', () => {
    // It says that it has more logs than it has.
    const batch = new LogBatch(Tag.V2, 5000, logBatch(2).raw);
    expect(portionsOf(batch, LIMITS)).toMatchObject([{ count: 5000, batch }]);
  });
});

test('the portions of any batch contain each of its logs once, within the limits', () => {
  const batches = fc.record({
    logs: fc.integer({ min: 1, max: 60 }),
    session: fc.integer({ min: 0, max: 300 }),
    maxLogs: fc.integer({ min: 1, max: 70 }),
    maxBytes: fc.integer({ min: 1, max: 20_000 }),
  });
  fc.assert(
    fc.property(batches, ({ logs, session, maxLogs, maxBytes }) => {
      const limits = { maxLogs, maxBytes, overheadBytes: 100 };
      const request = {
        sessionId: 'x'.repeat(session),
        logs: Array.from({ length: logs }, (_, i) => ({ sequenceNumber: i + 1 })),
      };
      const raw = Buffer.from(ReportBoundaryLogsRequest.encode(request).finish());
      const portions = portionsOf(new LogBatch(Tag.V2, logs, raw), limits);
      const numbers = portions.flatMap(({ batch }) =>
        batch.request.logs.map(({ sequenceNumber }) => sequenceNumber),
      );
      expect(numbers).toEqual(request.logs.map(({ sequenceNumber }) => sequenceNumber));
      for (const { count, bytes, batch } of portions) {
        expect(batch.request.sessionId ?? '').toBe(request.sessionId);
        expect(batch.count).toBe(count);
        expect(count <= maxLogs && (bytes <= maxBytes || count === 1)).toBe(true);
      }
    }),
    { seed },
  );
});
