import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeLogs } from '../../codec/index.js';
import { type BoundaryEvent, logOf } from '../../lib/index.js';
import { accept, type OtlpServer, otlpServers, type ReceivedRecord } from '../helpers/otlp-server.js';
import { commands, listening } from '../helpers/processes.js';
import { seed } from '../helpers/seed.js';
import { closingAccount, complaintsIn, type Served, upTo } from '../helpers/served.js';
import { sendAll } from '../helpers/socket-client.js';
import { tempPaths } from '../helpers/temp.js';
import { until } from '../helpers/until.js';
import { collectors } from './collector.js';

/** How many sessions there are, and how many events each of them has. */
const SESSIONS = 40;
const EVENTS = 100;
const PER_BATCH = 7;
/** How long the Collector is down, in seconds. */
const OUTAGE_SECONDS = Number(process.env.OUTAGE_SECONDS ?? 3);

const path = tempPaths();
const start = commands();
const startSink = otlpServers();
const makeCollector = collectors();

const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.constantFrom('http://[2001:db8::1]:8080/', 'example.com:443', '/', 'https://ü.example/😀', 'http://'),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constant(`https://long.example/${'x'.repeat(3000)}`),
);
const anyEvent = fc.record(
  {
    decision: fc.constantFrom('allow' as const, 'deny' as const),
    http_method: fc.oneof(fc.constantFrom('GET', 'POST', 'CONNECT'), fc.string({ maxLength: 10 })),
    http_url: url,
    event_time: fc
      .record({
        seconds: fc.integer({ min: -5, max: 9_300_000_000 }),
        nanos: fc.integer({ min: 0, max: 999_999_999 }),
      })
      .map(({ seconds, nanos }) =>
        `@${seconds}.${String(nanos).padStart(9, '0')}`.replace(/\.000000000$/, ''),
      ),
    matched_rule: fc.oneof(fc.constant('domain=example.com'), fc.string({ unit: 'binary', maxLength: 20 })),
  },
  { requiredKeys: ['decision'] },
);

/** The events of one session, numbered from 0. The last session has no id, and its events no number. */
function sessionOf(index: number): BoundaryEvent[] {
  const events = fc.sample(anyEvent, { numRuns: EVENTS, seed: seed + index });
  const isNumbered = index < SESSIONS - 1;
  return events.map((event, n) => ({
    ...event,
    ...(isNumbered ? { session_id: `session-${index}`, sequence_number: n } : {}),
    confined_process_name: `process-${index}`,
  }));
}

function framesOf(events: readonly BoundaryEvent[]): Buffer[] {
  return upTo(Math.ceil(events.length / PER_BATCH)).map((i) => {
    const some = events.slice(i * PER_BATCH, (i + 1) * PER_BATCH);
    return encodeLogs({
      sessionId: some[0]?.session_id ?? '',
      confinedProcessName: some[0]?.confined_process_name ?? '',
      logs: some.map(logOf),
    });
  });
}

/** What must arrive of an event, by the table of the documentation, without the times that are checked elsewhere. */
function expected(event: BoundaryEvent) {
  const attributes = {
    'boundary.decision': event.decision,
    'boundary.process': event.confined_process_name,
    'boundary.session_id': event.session_id,
    'boundary.sequence_number': event.sequence_number,
    'http.request.method': event.http_method || undefined,
    'url.full': event.http_url || undefined,
    'boundary.matched_rule': event.matched_rule || undefined,
  };
  return {
    eventName: 'boundary_request',
    severity: event.decision === 'allow' ? [9, 'INFO'] : [13, 'WARN'],
    attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)),
    nanos: nanosOf(event.event_time),
  };
}

/** A time in nanoseconds, if OTLP can express it. Otherwise its text arrives, which other tests compare. */
function nanosOf(time: string | undefined): bigint | 'as text' | 'absent' {
  if (time === undefined) return 'absent';
  const [, sign, seconds = '0', fraction = ''] = /^@(-?)(\d+)(?:\.(\d+))?$/.exec(time) ?? [];
  const nanos = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return sign === '-' || nanos === 0n || nanos >= 9_223_372_036_000_000_000n ? 'as text' : nanos;
}

function received({ eventName, severityNumber, severityText, attributes, time }: ReceivedRecord) {
  const { 'server.address': host, 'boundary.event_time': text, ...others } = attributes;
  if (host !== undefined) expect(attributes['url.full']).toEqual(expect.any(String));
  const nanos = time === 0n ? (text === undefined ? 'absent' : 'as text') : time;
  return { eventName, severity: [severityNumber, severityText], attributes: others, nanos };
}

const bySession = (sink: OtlpServer, process: string) =>
  sink.records.filter(({ attributes }) => attributes['boundary.process'] === process);

async function serve(endpoint: string, env: Record<string, string> = {}, args: string[] = []) {
  const socket = path();
  const served = start(['serve', '--socket', socket, '--metrics', 'off', '--reporter', 'otlp', ...args], {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_RESOURCE_ATTRIBUTES: 'host.name=a%20host', ...env },
  });
  await listening(served, socket);
  return { ...served, socket };
}

async function closed(served: Served) {
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
  return closingAccount(served);
}

test.each([
  ['http/protobuf', 'none'],
  ['http/protobuf', 'gzip'],
  ['http/json', 'none'],
  ['http/json', 'gzip'],
])(
  'every field of every event arrives with %s and compression %s',
  async (protocol, compression) => {
    const sink = await startSink();
    const collector = await makeCollector(sink.endpoint);
    await collector.start();
    const served = await serve(
      collector.endpoint,
      { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_COMPRESSION: compression },
      ['--overflow', 'block'],
    );
    const sessions = upTo(SESSIONS).map(sessionOf);
    await Promise.all(sessions.map((events) => sendAll(served.socket, framesOf(events))));
    await until('all have arrived', () => sink.records.length >= SESSIONS * EVENTS, 60_000);
    for (const [i, events] of sessions.entries()) {
      // Within a session, the order is kept.
      expect(bySession(sink, `process-${i}`).map(received)).toEqual(events.map(expected));
    }
    expect(sink.exports[0]?.resource).toEqual({
      'service.name': 'boundary-log-proxy',
      'host.name': 'a host',
    });
    expect(sink.exports[0]?.scope).toMatchObject({ name: 'boundary-log-proxy' });
    const batches = SESSIONS * Math.ceil(EVENTS / PER_BATCH);
    expect(sink.exports.length).toBeLessThan(batches);
    process.stderr.write(
      `${protocol}, ${compression}: ${batches} batches in ${sink.exports.length} exports\n`,
    );
    expect(await closed(served)).toMatchObject({ forwarded: { logs: SESSIONS * EVENTS } });
  },
  120_000,
);

test(
  `with the Collector down for ${OUTAGE_SECONDS} s, a spool loses nothing`,
  async () => {
    const sink = await startSink();
    const collector = await makeCollector(sink.endpoint);
    await collector.start();
    const served = await serve(collector.endpoint, {}, ['--spool', path()]);
    const sessions = upTo(SESSIONS).map(sessionOf);
    const half = sessions.map(framesOf).map((frames) => [frames.slice(0, 7), frames.slice(7)] as const);
    await Promise.all(half.map(([first]) => sendAll(served.socket, first)));
    await until('some have arrived', () => sink.records.length > 0);
    await collector.kill();
    await Promise.all(half.map(([, second]) => sendAll(served.socket, second)));
    await sleep(OUTAGE_SECONDS * 1000);
    expect(sink.records.length).toBeLessThan(SESSIONS * EVENTS);
    await collector.start();
    const key = ({ attributes }: ReceivedRecord) =>
      `${attributes['boundary.process']} ${attributes['boundary.sequence_number']} ${attributes['url.full']}`;
    const arrived = () => new Set(sink.records.map(key)).size;
    const sent = new Set(
      sessions.flatMap((events, i) =>
        events.map(
          ({ sequence_number, http_url }) => `process-${i} ${sequence_number} ${http_url || undefined}`,
        ),
      ),
    );
    await until('all have arrived', () => arrived() === sent.size, 90_000);
    process.stderr.write(
      `down for ${OUTAGE_SECONDS} s: ${SESSIONS * EVENTS} events sent, ${sink.records.length} arrived\n`,
    );
    // Only the export in progress at the crash may arrive twice.
    expect(sink.records.length - SESSIONS * EVENTS).toBeLessThanOrEqual(1000);
    expect(complaintsIn(served)).toContain('the reporter is failing; retrying');
    expect(await closed(served)).toMatchObject({
      forwarded: { logs: SESSIONS * EVENTS },
      dropped: { rejected: { logs: 0 }, spool_full: { logs: 0 } },
    });
  },
  (OUTAGE_SECONDS + 180) * 1000,
);

test('what the sink behind the Collector cannot store yet is retried', async () => {
  const sink = await startSink(
    (response) => response.writeHead(503).end(),
    (response) => response.writeHead(429, { 'retry-after': '1' }).end(),
    accept,
  );
  const collector = await makeCollector(sink.endpoint);
  await collector.start();
  const served = await serve(collector.endpoint, {}, ['--retry-initial-delay', '0.1']);
  const events = sessionOf(0);
  await sendAll(served.socket, framesOf(events));
  await until('the reporter works', () => sink.exports.length >= 3, 30_000);
  expect(await closed(served)).toMatchObject({
    forwarded: { logs: EVENTS },
    dropped: { rejected: { logs: 0 } },
  });
  const stored = sink.exports.slice(2).flatMap(({ records }) => records);
  expect(stored.map(received)).toEqual(events.map(expected));
});
