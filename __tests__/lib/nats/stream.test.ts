import { describe, expect, test } from '@jest/globals';
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { connectNats } from '../../../lib/nats/connect.js';
import { ALL_SUBJECTS } from '../../../lib/nats/message.js';
import {
  NATS_OPTIONS,
  resolveNatsOptions,
  STREAM_OPTIONS,
  type StreamOptions,
} from '../../../lib/nats/nats-options.js';
import { checkStream, configOf, coverage, ensureStream } from '../../../lib/nats/stream.js';
import { resolveOptions } from '../../../lib/options.js';
import { natsServers, testNats } from '../../helpers/nats-server.js';

const defaults = resolveOptions<StreamOptions, typeof STREAM_OPTIONS>('a test', {}, STREAM_OPTIONS);
const good = configOf('s', defaults) as StreamConfig;

describe('a stream that is created', () => {
  test('is a file that nothing is lost from, with a duplicate window of 10 minutes', () => {
    expect(good).toEqual({
      name: 's',
      subjects: ['boundary.logs.>'],
      storage: 'file',
      retention: 'limits',
      discard: 'new',
      num_replicas: 1,
      max_bytes: -1,
      max_age: 0,
      duplicate_window: 600e9,
    });
    expect(checkStream(good)).toEqual({ warnings: [] });
  });

  test('has the limits of the options, and no longer window than messages are kept', () => {
    const options = { replicas: 3, maxBytes: 1e9, maxAgeMs: 60_000, duplicateWindowMs: 3_600_000 };
    expect(configOf('s', options)).toMatchObject({
      num_replicas: 3,
      max_bytes: 1e9,
      max_age: 60e9,
      duplicate_window: 60e9,
    });
  });
});

describe('an existing stream', () => {
  test.each<[string, Partial<StreamConfig>, RegExp]>([
    ['a mirror', { mirror: { name: 'x' } }, /is a mirror/],
    ['a sealed one', { sealed: true }, /is sealed/],
    ['one without acknowledgements', { no_ack: true }, /no_ack/],
    [
      'one with other subjects',
      { subjects: ['a.>', 'boundary.logs'] },
      /stores "a\.>", "boundary\.logs", and not "boundary\.logs\.>"/,
    ],
    ['one without subjects', { subjects: [] }, /stores no subject/],
  ])('that cannot accept batches is an error: %s', (_, config, error) => {
    const result = checkStream({ ...good, ...config });
    expect(result).toEqual({ error: expect.stringMatching(error), warnings: [] });
    expect(result.error).toContain('--nats-stream');
  });

  test.each<[string, Partial<StreamConfig>, RegExp]>([
    ['memory', { storage: 'memory' }, /in memory/],
    ['a short duplicate window', { duplicate_window: 120e9 }, /duplicate window is 120 s/],
    ['no duplicate window', { duplicate_window: 0 }, /duplicate window is 0 s/],
    ['discarding the oldest by size', { discard: 'old', max_bytes: 1e9 }, /discards the oldest messages/],
    ['discarding the oldest by number', { discard: 'old', max_msgs: 10 }, /discards the oldest messages/],
    ['few messages of a session', { max_msgs_per_subject: 10 }, /at most 10 messages for each subject/],
    [
      'few messages of a session, the newest',
      { discard: 'old', max_msgs_per_subject: 10 },
      /at most 10 messages for each subject/,
    ],
    ['interest', { retention: 'interest' }, /discards what arrives while it has no consumer/],
    ['a work queue', { retention: 'workqueue' }, /as soon as one consumer/],
    ['small messages', { max_msg_size: 1000 }, /at most 1000 bytes/],
    ['a part of the subjects', { subjects: ['boundary.logs.a', 'x'] }, /only a part/],
    ['changed subjects', { subject_transform: { src: '>', dest: 'x.>' } }, /changes the subjects/],
    ['an early acknowledgement', { persist_mode: 'async' } as object, /before it has written them/],
  ])('that could lose batches is a warning: %s', (_, config, warning) => {
    expect(checkStream({ ...good, ...config })).toEqual({ warnings: [expect.stringMatching(warning)] });
  });

  test('with one replica is a warning only in a cluster', () => {
    expect(checkStream(good, true).warnings).toEqual([expect.stringContaining('use 3 replicas')]);
    expect(checkStream({ ...good, num_replicas: 3 }, true).warnings).toEqual([]);
  });

  test.each<Partial<StreamConfig>>([
    { max_age: 86_400e9 },
    { max_bytes: 1e9 },
    { discard: 'old' },
    { max_msg_size: 1e6 },
    { subjects: ['boundary.>'] },
    { subjects: ['x', '>'] },
    { duplicate_window: 3600e9 },
  ])('that loses nothing has no warning: %j', (config) => {
    expect(checkStream({ ...good, ...config })).toEqual({ warnings: [] });
  });
});

test.each([
  ['>', 'all'],
  ['boundary.>', 'all'],
  ['boundary.logs.>', 'all'],
  ['boundary.logs.*', 'all'],
  ['*.*.*', 'all'],
  ['*.logs.a', 'some'],
  ['boundary.logs.a', 'some'],
  ['boundary.logs', 'none'],
  ['boundary.logs.a.b', 'none'],
  ['boundary.logs.*.>', 'none'],
  ['other.>', 'none'],
  ['boundary.other.>', 'none'],
])('the subject %s covers %s of ours', (subject, covered) => {
  expect(coverage(subject)).toBe(covered);
});

describe('on a server', () => {
  const start = natsServers();
  const managers: JetStreamManager[] = [];

  async function manager(servers: string): Promise<JetStreamManager> {
    const options = resolveNatsOptions('a test', { servers }, NATS_OPTIONS);
    const session = await connectNats(options, new AbortController().signal);
    managers.push(session.manager);
    return session.manager;
  }

  testNats('a missing stream is created once, whoever comes first, and then it is only checked', async () => {
    const { url } = await start();
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => manager(url)));
    // Their options differ, as those of proxies do while a new configuration is being rolled out.
    const states = await Promise.all(
      all.map((one, i) => ensureStream(one, 's', { ...defaults, maxBytes: i < 3 ? 1e6 : 2e6 })),
    );
    expect(states.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect(states.some(({ isCreated }) => isCreated)).toBe(true);
    const [one] = all as [JetStreamManager];
    const { config } = await one.streams.info('s');
    expect(checkStream(config)).toEqual({ warnings: [] });
    expect(config.subjects).toEqual([ALL_SUBJECTS]);

    expect(await ensureStream(one, 's', { ...defaults, maxBytes: 3e6 })).toEqual({
      isCreated: false,
      warnings: [],
    });
    expect((await one.streams.info('s')).config).toEqual(config);
  });

  testNats('an existing stream is never changed, whatever is wrong with it', async () => {
    const one = await manager((await start()).url);
    await one.streams.add({ name: 's', subjects: [ALL_SUBJECTS], storage: 'memory', duplicate_window: 60e9 });
    const { config } = await one.streams.info('s');
    expect((await ensureStream(one, 's', defaults)).warnings).toHaveLength(2);
    expect((await one.streams.info('s')).config).toEqual(config);
  });

  testNats('what is in the way of a new stream is an error that says what to do', async () => {
    const one = await manager((await start()).url);
    await one.streams.add({ name: 'other', subjects: ['boundary.>'] });
    await expect(ensureStream(one, 's', defaults)).rejects.toMatchObject({
      code: 'ERR_NATS_REFUSED',
      message: expect.stringMatching(
        /^the stream "s" does not exist, and cannot be created: .*--nats-stream$/,
      ),
    });
    await expect(ensureStream(one, 's', { ...defaults, replicas: 3 })).rejects.toMatchObject({
      code: 'ERR_NATS_REFUSED',
      message: expect.stringContaining('leave out --nats-replicas'),
    });
    expect((await ensureStream(one, 'other', defaults)).isCreated).toBe(false);
  });
});
