import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { TextReporter, type TextReporterOptions } from '../../../lib/index.js';
import { formatBatch } from '../../../lib/text/format.js';
import { logBatch } from '../../helpers/messages.js';
import { thrown } from '../../helpers/thrown.js';

test.each([undefined, 'json', 'logfmt', 'pretty'] as const)(
  'writes a batch in the format %s',
  async (format) => {
    const stream = new PassThrough();
    const reporter = new TextReporter({ stream, format });
    await reporter.report(logBatch(3));
    await reporter.report(logBatch(2, 3));
    const text = formatBatch(logBatch(5), format ?? 'json');
    expect(stream.read().toString()).toBe(text);
    expect(stream.writableEnded).toBe(false);
  },
);

test('a batch without events is nothing to wait for', () => {
  const stream = new PassThrough();
  expect(new TextReporter({ stream }).report(logBatch(0))).toBeUndefined();
  expect(stream.readableLength).toBe(0);
});

test('a batch is reported when the stream has passed it on, not before', async () => {
  let pass = () => undefined as unknown;
  const stream = new Writable({
    write(_chunk, _encoding, callback) {
      pass = callback;
    },
  });
  let reported = 0;
  const reporter = new TextReporter({ stream });
  const reports = [0, 1].map((first) =>
    Promise.resolve(reporter.report(logBatch(1, first))).then(() => reported++),
  );
  await turn();
  expect(reported).toBe(0);
  pass();
  await reports[0];
  await turn();
  expect(reported).toBe(1);
  pass();
  await Promise.all(reports);
  expect(reported).toBe(2);
});

describe('a stream that fails', () => {
  test('is the failure of the batch, and of those after it where it is gone', async () => {
    const broken = new Error('EPIPE');
    const stream = new Writable({ write: (_chunk, _encoding, callback) => callback(broken) });
    const closed = once(stream, 'close').catch((error) => error);
    const reporter = new TextReporter({ stream });
    await expect(reporter.report(logBatch(1))).rejects.toBe(broken);
    expect(await closed).toBe(broken);
    stream.on('error', () => undefined);
    await expect(reporter.report(logBatch(1))).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  });

  test('and goes on, as stdout does, fails that one batch only', async () => {
    const written: string[] = [];
    const stream = {
      write(text: string, callback: (error?: Error) => void) {
        written.push(text);
        callback(written.length === 2 ? new Error('EAGAIN') : undefined);
        return true;
      },
      on: () => undefined,
    } as unknown as Writable;
    const reporter = new TextReporter({ stream });
    const reports = await Promise.allSettled([0, 1, 2].map((first) => reporter.report(logBatch(1, first))));
    expect(reports.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(written.join('')).toBe(formatBatch(logBatch(3), 'json'));
  });
});

test.each<[option: string, value: unknown]>([
  ['stream', 1],
  ['stream', {}],
  ['stream', { write() {} }],
  ['format', 'xml'],
  ['format', ''],
  ['color', 'yes'],
])('the option %s: %p is refused', (option, value) => {
  const error = thrown(() => new TextReporter({ [option]: value } as TextReporterOptions));
  expect(error).toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringContaining(`${option}: got`),
  });
});
