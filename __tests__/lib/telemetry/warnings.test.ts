import { EventEmitter } from 'node:events';
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
    'a batch that the reporter failed to deliver',
    (warnings) => warnings.dropped(logBatch(2), 'forward_failed', cause),
    { reason: 'forward_failed', batches: 1, logs: 2, err: cause },
    ['dropping boundary logs', 'still dropping boundary logs', 'no longer dropping boundary logs'],
  ],
  [
    'a batch that is dropped without an error (null)',
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
    'a rejected frame without an error',
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
])(
  '%s: one warning when it starts, one while it continues, and one when it has ended',
  (_name, warn, fields, texts) => {
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
  },
);

test('each reason is an episode of its own', () => {
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

test('end() ends all episodes; the last lines have the totals', () => {
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

test('an outage is two warnings, however often the reporter fails and however long it lasts', () => {
  const logger = logLines();
  const forwarder = new EventEmitter();
  new Warnings(logger).watchOutages(forwarder);
  for (const error of [cause, new Error('another one')]) {
    forwarder.emit('outage', error);
    jest.advanceTimersByTime(90_000);
    forwarder.emit('recovery', 90);
    expect(logger.lines.splice(0)).toEqual([
      { level: 'warn', message: 'the reporter is failing; retrying', fields: { err: error } },
      { level: 'warn', message: 'the reporter accepts batches again', fields: { seconds: 90 } },
    ]);
  }
});

test('end() does not claim that a reporter which still fails has recovered', () => {
  const logger = logLines();
  const warnings = new Warnings(logger);
  const forwarder = new EventEmitter();
  warnings.watchOutages(forwarder);
  forwarder.emit('outage', cause);
  warnings.end();
  expect(logger.lines.map(({ message }) => message)).toEqual(['the reporter is failing; retrying']);
  expect(jest.getTimerCount()).toBe(0);
});
