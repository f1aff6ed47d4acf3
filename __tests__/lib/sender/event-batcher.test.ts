import { describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeLogs, type LogsInput, MAX_PAYLOAD_LENGTH } from '../../../codec/index.js';
import { EventBatcher, type EventBatcherOptions } from '../../../lib/sender/event-batcher.js';
import { random } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';
import { thrown } from '../../helpers/thrown.js';

const NOW = new Date('2026-03-03T19:42:34.120Z');

const batcher = (options: Partial<EventBatcherOptions> = {}) =>
  new EventBatcher({ sessionId: 's', confinedProcessName: 'p', batchSize: 3, ...options });

/** A batch as `session/process: sequence numbers`. */
const shown = (batch: LogsInput | undefined) =>
  batch &&
  `${batch.sessionId}/${batch.confinedProcessName}: ${batch.logs?.map(({ sequenceNumber }) => sequenceNumber)}`;

const event = (fields: object = {}) => ({ decision: 'allow', ...fields });
const sized = (length: number) => event({ http_url: 'x'.repeat(length) });

test.each<[what: string, events: object[], completed: (string | undefined)[], rest: string | undefined]>([
  ['fewer events than a batch has', [event(), event()], [undefined, undefined], 's/p: 0,1'],
  ['enough events', [event(), event(), event()], [undefined, undefined, 's/p: 0,1,2'], undefined],
  [
    'another session',
    [event(), event({ session_id: 't' }), event()],
    [undefined, 's/p: 0', 't/p: 0'],
    's/p: 1',
  ],
  ['another process', [event(), event({ confined_process_name: 'q' })], [undefined, 's/p: 0'], 's/q: 1'],
  [
    'an event with a number, which does not count',
    [event({ sequence_number: 77 }), event()],
    [undefined, undefined],
    's/p: 77,0',
  ],
  ['events that do not fit into one frame', [sized(20_000), sized(20_000)], [undefined, 's/p: 0'], 's/p: 1'],
])('%s', (_what, events, completed, rest) => {
  const it = batcher();
  expect(events.map((event) => shown(it.add(event, NOW)))).toEqual(completed);
  expect(it.isEmpty).toBe(rest === undefined);
  expect(shown(it.complete())).toBe(rest);
  expect([it.isEmpty, it.complete()]).toEqual([true, undefined]);
});

test('a batch of one event is complete at once', () => {
  expect(shown(batcher({ batchSize: 1 }).add(event(), NOW))).toBe('s/p: 0');
});

test('an event without a time gets the current one', () => {
  const it = batcher();
  it.add(event(), NOW);
  it.add(event({ event_time: '1969-12-31T23:59:58.5Z' }), NOW);
  expect(it.complete()?.logs?.map(({ time }) => time)).toEqual([
    { seconds: NOW.getTime() / 1000 - 0.12, nanos: 120_000_000 },
    { seconds: -2, nanos: 500_000_000 },
  ]);
});

describe('an event that is not added', () => {
  test.each<[what: string, value: unknown, code: string]>([
    ['not an event', 'allow', 'ERR_INVALID_EVENT'],
    ['too large for a frame', sized(MAX_PAYLOAD_LENGTH), 'ERR_MESSAGE_TOO_LARGE'],
  ])('%s: the pending batch stays as it is', (_what, value, code) => {
    const it = batcher();
    it.add(event(), NOW);
    expect(thrown(() => it.add(value, NOW))).toMatchObject({ code });
    expect(shown(it.complete())).toBe('s/p: 0');
  });
});

test(`every batch fits into a frame, whatever its events are, and no event is missing (seed ${seed})`, () => {
  const next = random(seed);
  const upTo = (n: number) => Math.floor(next() * n);
  for (let run = 0; run < 30; run++) {
    const it = batcher({ batchSize: 1 + upTo(50), sessionId: 'ü'.repeat(1 + upTo(200)) });
    const urls: string[] = [];
    const batches: (LogsInput | undefined)[] = [];
    for (let i = 0; i < 100; i++) {
      const http_url = `${i}${(next() < 0.5 ? 'x' : 'ü').repeat(upTo(4000))}`;
      urls.push(http_url);
      const fields = {
        http_url,
        confined_process_name: 'p'.repeat(upTo(2)),
        matched_rule: 'r'.repeat(upTo(300)),
      };
      batches.push(it.add(event(fields), NOW));
    }
    batches.push(it.complete());
    const received = batches.flatMap((batch) => {
      if (batch === undefined) return [];
      // This throws if the batch does not fit.
      const frame = encodeLogs(batch);
      const outcome = decodeMessage({ tag: 2, payload: frame.subarray(4) });
      return outcome.kind === 'logs' ? outcome.request.logs.map(({ httpRequest }) => httpRequest?.url) : [];
    });
    expect(received).toEqual(urls);
  }
});
