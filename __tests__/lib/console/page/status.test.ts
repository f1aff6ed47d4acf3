import { describe, expect, test } from '@jest/globals';
import type { Hello, ReporterSample, Sample, Sessions } from '../../../../lib/console/messages.js';
import { droppedLately, flowOf, roomSeconds } from '../../../../lib/console/page/flow.js';
import { answerOf, lossText, reasonsText } from '../../../../lib/console/page/status.js';
import { clockTime } from '../../../../lib/console/page/times.js';

const NOW = new Date(2026, 10, 26, 12, 10).getTime();
const SINCE = new Date(2026, 10, 26, 12, 3).getTime();
const QUIET: ReporterSample = { forwarded: 10, held: { events: 0, batches: 0, bytes: 0 }, dropped: {} };
const sample = (agoMs: number, reporter: Partial<ReporterSample> = {}, received = 10): Sample => ({
  at: NOW - agoMs,
  received,
  reporters: [{ ...QUIET, ...reporter }],
});
const ROW = {
  ...{ id: '77c2b4de-51f0', verdict: '7 missing: 5 lost by the sender, 2 unexplained', isIncomplete: true },
  ...{ missing: 7, isOpen: true, allowed: 1, denied: 0, lastAt: NOW },
};
const held = (batches: number, bytes: number) => ({ held: { events: 10 * batches, batches, bytes } });

interface Case {
  samples?: Sample[];
  isDown?: boolean;
  problems?: string[];
  sessions?: Partial<Sessions>;
  isOnDisk?: boolean;
  source?: string | null;
}

function knowledge({
  samples = [sample(0)],
  isDown = false,
  problems = [],
  sessions = {},
  isOnDisk = true,
  source = null,
}: Case) {
  const hello: Hello = {
    ...{
      run: 'a',
      version: '1',
      startedAt: 0,
      socketPath: '/s',
      source,
      sample: 'send',
      maxEvents: 100_000,
      history: [],
    },
    reporters: [{ label: 'Coder', isOnDisk, maxBytes: 256_000_000, maxBatches: isOnDisk ? null : 100 }],
  };
  const state = {
    sample: samples.at(-1) as Sample,
    problems,
    reporters: [{ outage: isDown ? { since: SINCE, why: 'refused' } : null }],
    sessions: { rows: [], others: 0, incomplete: 0, unnumbered: 0, ...sessions },
  };
  return { hello, state, samples };
}

describe('the first line', () => {
  test.each<[string, Case, string, boolean]>([
    ['all is well', {}, 'Forwarding to Coder.', false],
    [
      'something waits',
      { samples: [sample(0, held(40_112, 31_400_000))] },
      'Forwarding to Coder, 40,112 batches (31 MB) on disk.',
      false,
    ],
    [
      'an outage',
      {
        isDown: true,
        samples: [sample(60_000, held(34_000, 30_000_000)), sample(0, held(40_112, 31_400_000))],
      },
      'Coder unavailable since 12:03. 40,112 batches (31 MB) on disk, nothing lost. Room for about 3 h at this rate.',
      true,
    ],
    [
      'an outage that has only begun',
      { isDown: true, samples: [sample(0, held(1, 700))] },
      'Coder unavailable since 12:03. 1 batch (700 bytes) on disk, nothing lost.',
      true,
    ],
    [
      'an outage without a spool',
      {
        isDown: true,
        isOnDisk: false,
        samples: [sample(30_000, held(10, 10_000)), sample(0, held(40, 40_000))],
      },
      'Coder unavailable since 12:03. 40 batches (40 kB) in memory, nothing lost. Room for about 60 s at this rate.',
      true,
    ],
    [
      'an outage of the reporter of a forwarder, whose source waits',
      {
        isDown: true,
        isOnDisk: false,
        source: 'nats://a',
        samples: [sample(30_000, held(10, 10_000)), sample(0, held(40, 40_000))],
      },
      'Coder unavailable since 12:03. 40 batches (40 kB) in memory, nothing lost.',
      true,
    ],
    [
      'an outage of the source',
      { problems: ['source_failing'], source: 'nats://a' },
      'The source cannot be reached: it keeps what arrives. Forwarding to Coder.',
      true,
    ],
    [
      'an outage with losses',
      {
        isDown: true,
        isOnDisk: false,
        samples: [
          sample(10_000, held(100, 90_000)),
          sample(0, { ...held(100, 90_000), dropped: { buffer_full: 120 } }),
        ],
      },
      'Coder unavailable since 12:03. 100 batches (90 kB) in memory, 120 events lost. Losing events: buffer full.',
      true,
    ],
    [
      'losses that go on',
      {
        samples: [
          sample(10_000, { dropped: { buffer_full: 100 } }),
          sample(0, { dropped: { buffer_full: 120 } }),
        ],
      },
      'Losing events for Coder: buffer full. 120 events lost so far.',
      true,
    ],
    [
      'losses that are over',
      { samples: [sample(0, { dropped: { buffer_full: 120, rejected: 3 } })] },
      'Forwarding to Coder. 123 events lost: 120 buffer full; 3 refused by the reporter.',
      true,
    ],
    [
      'incomplete sessions',
      { sessions: { incomplete: 2 } },
      '2 sessions incomplete. Forwarding to Coder.',
      true,
    ],
    [
      'one incomplete session',
      { sessions: { incomplete: 1, rows: [ROW] } },
      'Session 77c2b4de misses 7 events. Forwarding to Coder.',
      true,
    ],
    [
      'a problem of the proxy and an incomplete session',
      { problems: ['socket_missing', 'dropping'], sessions: { incomplete: 1 } },
      'The socket file is gone: no sender can connect. Restart the proxy. 1 session incomplete. Forwarding to Coder.',
      true,
    ],
  ])('%s', (_name, given, text, isWarning) => {
    expect(answerOf(knowledge(given))).toEqual({ text, isWarning });
    expect(clockTime(SINCE)).toBe('12:03');
  });

  test('names each reporter if all is well, and only the failing one if not', () => {
    const { hello, state } = knowledge({});
    const two = {
      ...hello,
      reporters: [
        ...hello.reporters,
        { ...(hello.reporters[0] as (typeof hello.reporters)[0]), label: '/run/siem.sock' },
      ],
    };
    const samples = [{ at: NOW, received: 10, reporters: [QUIET, QUIET] }];
    const fine = { outage: null };
    const all = { hello: two, samples, state: { ...state, reporters: [fine, fine] } };
    expect(answerOf(all).text).toBe('Forwarding to Coder, /run/siem.sock.');
    const down = { ...all, state: { ...state, reporters: [fine, { outage: { since: SINCE, why: '' } }] } };
    expect(answerOf(down).text).toBe(
      '/run/siem.sock unavailable since 12:03. 0 batches (0 bytes) on disk, nothing lost.',
    );
  });
});

test.each([
  [{}, 'nothing lost'],
  [{ dropped: { buffer_full: 1 } }, '1 event lost'],
  [{ dropped: { buffer_full: 1000, rejected: 234 } }, '1,234 events lost'],
])('%j: %s', (reporter, text) => {
  expect(lossText(knowledge({ samples: [sample(0, reporter)] }))).toBe(text);
});

test('an unknown reason is shown as it is', () => {
  expect(reasonsText({ new_reason: 1 })).toBe('new_reason');
});

describe('the flow', () => {
  const samples = [
    sample(2000, { forwarded: 0 }, 0),
    sample(1000, { forwarded: 10, held: { events: 5, batches: 1, bytes: 1 } }, 20),
    sample(0, { forwarded: 10, dropped: { rejected: 4 } }, 20),
  ];

  test('is a rate for each second', () => {
    expect(flowOf(samples, 0)).toEqual({
      at: [NOW / 1000 - 1, NOW / 1000],
      received: [20, 0],
      forwarded: [10, 0],
      dropped: [0, 4],
      held: [5, 0],
    });
    expect(flowOf(samples, 1).at).toEqual([]);
  });

  test('says what was dropped lately', () => {
    expect(droppedLately(samples, 0, 1000)).toEqual({ rejected: 4 });
    expect(droppedLately(samples, 0, 500)).toEqual({});
    expect(droppedLately([], 0, 500)).toEqual({});
  });

  test.each([
    ['it does not fill', [sample(60_000, held(5, 500)), sample(0, held(5, 500))]],
    ['that is not known yet', [sample(4000, held(0, 0)), sample(0, held(5, 500))]],
    ['there is no sample', []],
  ])('has no end of the room if %s', (_name, given) => {
    const info = { label: 'x', isOnDisk: true, maxBytes: 1000, maxBatches: null };
    expect(roomSeconds(given, 0, info)).toBeUndefined();
  });
});
