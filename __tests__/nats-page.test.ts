import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { StreamConfig } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { ALL_SUBJECTS, Header, MESSAGE_ID, subjectOf } from '../lib/nats/message.js';
import { STREAM_OPTIONS } from '../lib/nats/nats-options.js';
import { NATS_PACKAGES } from '../lib/nats/packages.js';
import { checkStream, configOf } from '../lib/nats/stream.js';
import { JetStreamReporter } from '../lib/reporters/jetstream/index.js';
import { eventBatch } from './helpers/event-batch.js';
import { logLines } from './helpers/log-lines.js';
import { tableAfter } from './helpers/markdown.js';
import { natsServers, testNats } from './helpers/nats-server.js';

const PAGE = readFileSync('docs/nats.md', 'utf8');
const REPORTER = readFileSync('lib/reporters/jetstream/jetstream-reporter.ts', 'utf8');
const start = natsServers();
const closing: { close(): unknown }[] = [];
afterEach(() => Promise.all(closing.splice(0).map((one) => one.close())));

describe('docs/nats.md', () => {
  test('installs the packages that are needed', () => {
    expect(PAGE).toContain(`npm install ${NATS_PACKAGES.join(' ')}\n`);
  });

  test('lists the headers', () => {
    expect(tableAfter(PAGE, '| header').map(([name]) => name)).toEqual([
      ...Object.values(Header),
      MESSAGE_ID,
    ]);
  });

  test.each([
    ['letters, digits', '0b8ff8a8-6f0c-4b8e-9d3c-1d2f3a4b5c6d', /^boundary\.logs\.0b8ff8a8-[a-f0-9-]+$/],
    ['anything else', 'a.b', /^boundary\.logs\.~[A-Za-z0-9_-]+$/],
    ['one whose token would', 'x'.repeat(201), /^boundary\.logs\.~~[A-Za-z0-9_-]{43}$/],
    ['none', '', /^boundary\.logs\.~$/],
  ])('says what stands for a session: %s', (row, session, subject) => {
    expect(tableAfter(PAGE, '| session').map(([name]) => name)).toContainEqual(expect.stringContaining(row));
    expect(subjectOf(session)).toMatch(subject);
  });

  test('lists each thing that a warning may say about a stream', () => {
    const good = configOf('s', { ...defaults, maxBytes: 1e6 }) as StreamConfig;
    const wrong: object[] = [
      { storage: 'memory' },
      { duplicate_window: 1e9 },
      { discard: 'old' },
      { max_msgs_per_subject: 1 },
      { retention: 'interest' },
      { retention: 'workqueue' },
      { max_msg_size: 1 },
      { subjects: ['boundary.logs.a'] },
      { subject_transform: { src: '>', dest: 'x.>' } },
      { persist_mode: 'async' },
    ];
    const warnings = wrong.flatMap((part) => checkStream({ ...good, ...part }).warnings);
    warnings.push(...checkStream(good, true).warnings);
    const rows = tableAfter(PAGE, '| the stream').map(([, happens = '']) => happens);
    expect(rows).toHaveLength(warnings.length);
    for (const [i, row] of rows.entries()) expect(warnings[i]).toContain(row);
  });

  test('lists the codes of failures, as the doc comment of the reporter does', () => {
    const codes = (table: string[][]) => [...new Set(table.map(([, code]) => code))].sort();
    const comment = REPORTER.replaceAll(/^ \* /gm, '');
    expect(codes(tableAfter(PAGE, '| what happens'))).toEqual(codes(tableAfter(comment, '| what happened')));
  });

  testNats('shows the permissions that a user needs, and no more', async () => {
    const [, config = ''] = /```conf\n([\s\S]*?)```/.exec(PAGE) ?? [];
    expect(config).toContain('$EDGE_PASSWORD');
    const { url: servers } = await start({ config: config.replace('$EDGE_PASSWORD', '"a password"') });
    const logger = logLines();
    const login = { user: 'edge', password: 'a password' };
    const reporter = new JetStreamReporter({ servers, logger, ...login });
    closing.push(reporter);
    await reporter.report(eventBatch({ session_id: 'a' }), { signal: new AbortController().signal });
    expect(logger.lines.filter(({ level }) => level === 'warn')).toEqual([]);
    // It can neither read nor remove what others have published.
    const user = await connect({ servers, user: login.user, pass: login.password, reconnect: false });
    closing.push(user);
    for (const subject of ['$JS.API.STREAM.DELETE.boundary-logs', '$JS.API.STREAM.PURGE.boundary-logs']) {
      await expect(user.request(subject, '', { timeout: 5000 })).rejects.toThrow(/Permissions Violation/);
    }
    const subscription = user.subscribe(ALL_SUBJECTS);
    expect(await subscription.closed).toMatchObject({
      message: expect.stringMatching(/Permissions Violation/),
    });
  });
});

const defaults = {
  replicas: STREAM_OPTIONS.replicas.default,
  duplicateWindowMs: STREAM_OPTIONS.duplicateWindowMs.default,
  maxAgeMs: undefined,
};
