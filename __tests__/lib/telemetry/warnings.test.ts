import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { BoundaryLogError } from '../../../codec/index.js';
import { Warnings } from '../../../lib/telemetry/warnings.js';
import { logLines } from '../../helpers/log-lines.js';
import { logBatch } from '../../helpers/messages.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const cause = new BoundaryLogError('ERR_INVALID_UTF8', 'a text field is not UTF-8');

test.each<[name: string, warn: (warnings: Warnings) => void, fields: object, texts: string[]]>([
  [
    'a dropped batch',
    (warnings) => warnings.dropped(logBatch(3), 'buffer_full'),
    { reason: 'buffer_full', batches: 1, logs: 3 },
    ['dropping boundary logs', 'still dropping boundary logs', 'no longer dropping boundary logs'],
  ],
  [
    'a batch that the reporter failed at',
    (warnings) => warnings.dropped(logBatch(2), 'forward_failed', cause),
    { reason: 'forward_failed', batches: 1, logs: 2, err: cause },
    ['dropping boundary logs', 'still dropping boundary logs', 'no longer dropping boundary logs'],
  ],
  [
    'a batch dropped for an error that is null',
    (warnings) => warnings.dropped(logBatch(1), 'shutdown', null),
    { reason: 'shutdown', batches: 1, logs: 1 },
    ['dropping boundary logs', 'still dropping boundary logs', 'no longer dropping boundary logs'],
  ],
  [
    'a rejected frame',
    (warnings) => warnings.rejected('invalid_utf8', cause),
    { reason: 'invalid_utf8', frames: 1, err: cause },
    ['rejecting frames', 'still rejecting frames', 'no longer rejecting frames'],
  ],
  [
    'a rejected frame that is no error',
    (warnings) => warnings.rejected('unknown_variant'),
    { reason: 'unknown_variant', frames: 1 },
    ['rejecting frames', 'still rejecting frames', 'no longer rejecting frames'],
  ],
  [
    'a connection that was not accepted',
    (warnings) => warnings.notAccepted(cause),
    { reason: 'accept', connections: 1, err: cause },
    [
      'connections cannot be accepted',
      'connections still cannot be accepted',
      'connections are accepted again',
    ],
  ],
])('%s is warned about when it begins, goes on and ends', (_name, warn, fields, texts) => {
  const logger = logLines();
  const warnings = new Warnings(logger);
  warn(warnings);
  warn(warnings);
  expect(logger.lines).toEqual([{ level: 'warn', message: texts[0], fields }]);
  jest.advanceTimersByTime(60_000);
  expect(logger.lines.map(({ message }) => message)).toEqual(texts);
  expect(
    logger.lines.every(({ fields: { reason } }) => reason === (fields as { reason: string }).reason),
  ).toBe(true);
});

test('each reason goes its own way', () => {
  const logger = logLines();
  const warnings = new Warnings(logger);
  for (let i = 0; i < 3; i++) {
    warnings.dropped(logBatch(1), 'buffer_full');
    warnings.dropped(logBatch(1), 'forward_failed');
    warnings.rejected('invalid_utf8');
    warnings.rejected('invalid_protobuf');
  }
  expect(logger.lines.map(({ fields }) => fields.reason)).toEqual([
    'buffer_full',
    'forward_failed',
    'invalid_utf8',
    'invalid_protobuf',
  ]);
});

test('end() ends all that goes on, with the sums', () => {
  const logger = logLines();
  const warnings = new Warnings(logger);
  warnings.dropped(logBatch(3), 'buffer_full');
  warnings.dropped(logBatch(4), 'buffer_full');
  warnings.rejected('invalid_utf8', cause);
  warnings.end();
  expect(logger.lines.slice(2)).toEqual([
    {
      level: 'warn',
      message: 'no longer dropping boundary logs',
      fields: { reason: 'buffer_full', batches: 2, logs: 7, seconds: 0 },
    },
    {
      level: 'warn',
      message: 'no longer rejecting frames',
      fields: { reason: 'invalid_utf8', frames: 1, seconds: 0 },
    },
  ]);
  expect(jest.getTimerCount()).toBe(0);
});

test('a missing WebAssembly is one line, which does not end', () => {
  const logger = logLines();
  const warnings = new Warnings(logger);
  warnings.wasmDisabled(cause);
  warnings.end();
  expect(logger.lines).toEqual([
    {
      level: 'warn',
      message: 'WebAssembly is not available: JavaScript does its work, and takes more CPU',
      fields: { err: cause },
    },
  ]);
  expect(jest.getTimerCount()).toBe(0);
});
