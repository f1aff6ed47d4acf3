import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BoundaryLogError } from '../../../lib/errors.js';
import { SHORTAGE_KINDS, Shortages } from '../../../lib/telemetry/shortages.js';
import { logLines } from '../../helpers/log-lines.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const failed = (code: string, cause?: unknown) => Object.assign(new Error(code, { cause }), { code });

test.each(SHORTAGE_KINDS)('%s is reported when it begins, while it lasts, and when it is over', (kind) => {
  const logger = logLines();
  const shortages = new Shortages(logger);
  const error = failed(kind);
  for (let i = 0; i < 1000; i++) expect(shortages.noticed('spool', error)).toBe(true);
  jest.advanceTimersByTime(30_000);
  jest.advanceTimersByTime(30_000);
  expect(shortages.counts[kind]).toBe(1000);
  expect(logger.lines).toMatchObject([
    {
      level: 'warn',
      message: expect.stringMatching(/^a shortage: .+: /),
      fields: { place: 'spool', kind, failures: 1, err: error },
    },
    { level: 'warn', message: expect.stringMatching(/^the shortage continues: /), fields: { failures: 999 } },
    {
      level: 'warn',
      message: 'the shortage is over',
      fields: { place: 'spool', kind, failures: 1000, seconds: 60 },
    },
  ]);
});

test('places that alternate do not produce a line each time', () => {
  const logger = logLines();
  const shortages = new Shortages(logger);
  for (let i = 0; i < 10; i++) {
    shortages.noticed('spool', failed('EMFILE'));
    shortages.noticed('socket', failed('EMFILE'));
  }
  expect(logger.lines.map(({ fields }) => fields.place)).toEqual(['spool', 'socket']);
  expect(shortages.counts.EMFILE).toBe(20);
  shortages.end();
  expect(logger.lines).toHaveLength(4);
});

describe('what is a shortage', () => {
  const wrapped = (error: unknown) =>
    new BoundaryLogError('ERR_SPOOL_FAILED', 'the spool failed', { cause: error });

  test('also an error that was caused by one', () => {
    const shortages = new Shortages(logLines());
    expect(shortages.noticed('spool', wrapped(failed('ENOSPC')))).toBe(true);
    expect(shortages.counts.ENOSPC).toBe(1);
  });

  const circular = failed('EPIPE');
  circular.cause = circular;
  test.each<[string, unknown]>([
    ['an error without a code', new Error('disk full')],
    ['another code', wrapped(failed('ECONNREFUSED'))],
    ['a code that only looks like a property', failed('toString')],
    ['no error', undefined],
    ['a text', 'ENOSPC'],
    ['an error that is its own cause', circular],
  ])('not %s', (_name, error) => {
    const logger = logLines();
    const shortages = new Shortages(logger);
    expect(shortages.noticed('reporter', error)).toBe(false);
    expect(logger.lines).toEqual([]);
    expect(Object.values(shortages.counts).every((count) => count === 0)).toBe(true);
  });
});
