import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { selfSigned } from '../../helpers/certificate.js';
import { command, commandsHere, type RunningHere } from '../../helpers/command.js';
import { eventBatch } from '../../helpers/event-batch.js';
import { type NatsServer, type NatsServerOptions, natsServers, testNats } from '../../helpers/nats-server.js';
import { natsStreams, STREAM } from '../../helpers/nats-stream.js';
import {
  complaintsIn,
  complaintsOf,
  linesOf,
  logOf,
  METRICS,
  metric,
  metricsOf,
  numberedBatches,
  numbersIn,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commandsHere();
const path = tempPaths();
const natsServer = natsServers();
const natsStream = natsStreams();

async function served() {
  const server = await natsServer();
  return { server, stream: await natsStream(server) };
}

const forwarder = (url: string, ...args: string[]) => start(['serve', '--source', url, ...METRICS, ...args]);

const connected = (one: RunningHere) =>
  until('it is connected', () => logOf(one).some(({ msg }) => msg === 'connected to the NATS stream'));

const health = async (one: RunningHere) => {
  const { url } = logOf(one).find(({ msg }) => msg === 'serving metrics');
  const response = await fetch(new URL('/healthz', url));
  return [response.status, await response.json()];
};

testNats('it writes what the stream contains, and what is published later', async () => {
  const { server, stream } = await served();
  await stream.publish(...numberedBatches(5, 2));
  const one = forwarder(server.url);
  await until('the first ones arrive', () => numbersIn(one.stdout()).length === 10);
  await stream.publish(...numberedBatches(7, 2).slice(5));
  await until('the last ones arrive', () => numbersIn(one.stdout()).length === 14);
  expect(numbersIn(one.stdout())).toEqual(upTo(14));
  expect(await health(one)).toEqual([200, { status: 'ok', reasons: [] }]);
  expect([await metric(one, 'batches_received_total'), await metric(one, 'source_up')]).toEqual([7, 1]);
  expect(await stopped(one)).toMatchObject({
    received: { batches: 7, logs: 14 },
    redelivered: { batches: 0 },
    forwarded: { batches: 7 },
    returned: { batches: 0 },
  });
  expect(await stream.unsettled()).toBe(0);
});

testNats('each of several reporters receives everything, and a batch waits for all of them', async () => {
  const { server, stream } = await served();
  const socket = path();
  const delays = ['--retry-initial-delay', '3600', '--retry-max-delay', '3600', '--retry-elapsed', 'off'];
  const slow = [...delays, '--drain', '0'];
  const one = forwarder(server.url, '--reporter', 'stdout', '--reporter', `socket:${socket}`, ...slow);
  await stream.publish(...numberedBatches(3, 1));
  await until('stdout has them', () => numbersIn(one.stdout()).length === 3);
  expect((await stream.info()).num_ack_pending).toBe(3);
  const receiver = start(['serve', '--socket', socket, '--format', 'json', ...METRICS]);
  await until('it listens', () => logOf(receiver).some(({ msg }) => msg === 'listening'));
  const again = forwarder(server.url, '--reporter', `socket:${socket}`);
  await connected(again);
  // The other reporter could not be reached, and is not tried again in time. So they are given back.
  const account = await stopped(one);
  expect(account).toMatchObject({ reporter: 'stdout', forwarded: { batches: 3 }, returned: { batches: 0 } });
  expect(Object.values(account.others as object)).toMatchObject([
    { received: { batches: 3 }, forwarded: { batches: 0 }, returned: { batches: 3 } },
  ]);
  await until('the receiver has them', () => numbersIn(receiver.stdout()).length === 3);
  await until('the server knows', async () => (await stream.unsettled()) === 0);
  expect(await metric(again, 'batches_redelivered_total')).toBe(3);
  expect((await metricsOf(again)).match(/batches_received_total \d+/)?.[0]).toBe('batches_received_total 0');
});

testNats('an end returns what could not be delivered, exits with 0, and says so', async () => {
  const { server, stream } = await served();
  await stream.publish(...numberedBatches(20, 2));
  const one = forwarder(server.url, '--reporter', `socket:${path()}`, '--drain', '0');
  await connected(one);
  await until('they wait', async () => (await stream.info()).num_ack_pending === 20);
  await until('the reporter fails', () => complaintsIn(one).length > 0);
  expect((await health(one))[0]).toBe(200);
  const other = forwarder(server.url);
  await connected(other);
  expect(await stopped(one)).toMatchObject({
    received: { logs: 40 },
    forwarded: { logs: 0 },
    returned: { logs: 40 },
    dropped: { shutdown: { logs: 0 } },
  });
  await until('the other one has them', () => numbersIn(other.stdout()).length === 40);
  expect(await metric(other, 'logs_redelivered_total')).toBe(40);
});

testNats('secrets are removed before anything is shown', async () => {
  const { server, stream } = await served();
  await stream.publish(eventBatch({ http_url: 'https://example.com/?token=secret' }));
  const one = forwarder(server.url, '--redact', 'query');
  await until('it arrives', () => linesOf(one.stdout()).length === 1);
  expect(one.stdout()).not.toContain('secret');
  await until('the server knows', async () => (await stream.unsettled()) === 0);
});

testNats('an outage is degraded, with one line at its start and one at its end', async () => {
  const { server } = await served();
  const config = path();
  writeFileSync(config, 'nats-reconnect-delay: 0.01\nnats-reconnect-max-delay: 0.05\n');
  const one = forwarder(server.url, '--config', config);
  await connected(one);
  await server.kill();
  await until('it is noticed', async () => (await metric(one, 'source_up')) === 0);
  expect(await health(one)).toEqual([200, { status: 'degraded', reasons: ['source_failing'] }]);
  await server.start();
  const stream = await natsStream(server).catch(() => undefined);
  await until('it is over', async () => (await metric(one, 'source_up')) === 1, 30_000);
  await stream?.publish(...numberedBatches(1, 1));
  await until('events arrive', () => numbersIn(one.stdout()).length === 1);
  await stopped(one);
  expect(complaintsIn(one)).toEqual([
    'the NATS stream is not available; retrying',
    'the NATS stream is available again',
  ]);
});

testNats('a stream that does not exist yet is waited for, and says what creates it', async () => {
  const server = await natsServer();
  const one = forwarder(server.url);
  await until('there is a warning', () => complaintsOf(one).length === 1);
  expect(complaintsOf(one)[0].err.message).toBe(
    `the stream "${STREAM}" does not exist yet: a proxy with --reporter nats://… creates it; or name another one with --nats-stream`,
  );
  expect(await stopped(one)).toMatchObject({ received: { batches: 0 } });
});

describe('what may pass is one warning that says what to do, and is retried', () => {
  const cases: [what: string, server: NatsServerOptions, url: (server: NatsServer) => string, message: RegExp][] = [
    ['nothing listens', {}, () => 'nats://127.0.0.1:1', /nothing listens there: start the server, or correct the address$/],
    ['a name that does not exist', {}, () => 'nats://nats.invalid', /cannot be resolved: correct the address/],
    ['no TLS', {}, ({ address }) => `tls://${address}`, /it does not offer TLS: enable TLS on the server/],
    ['an authority that is not known', { tls: selfSigned() }, ({ url }) => url, /is not trusted: name its authority with --nats-ca/],
    ['no JetStream', { jetStream: false }, ({ url }) => url, /is JetStream enabled for this account, and does the stream have a leader\?$/],
  ]; // biome-ignore format: one line a case

  for (const [what, options, urlOf, message] of cases) {
    testNats(what, async () => {
      const server = await natsServer(options);
      const one = forwarder(urlOf(server));
      await until('there is a warning', () => complaintsOf(one).length > 0, 20_000);
      await until('it has started', async () => (await health(one))[0] === 200);
      expect(await health(one)).toMatchObject([200, { status: 'degraded', reasons: ['source_failing'] }]);
      await stopped(one);
      expect(complaintsOf(one).map(({ msg, err }) => [msg, err.message])).toEqual([
        ['the NATS stream is not available; retrying', expect.stringMatching(message)],
      ]);
    });
  }
});

testNats('wrong credentials end the start with one line that says what to correct', async () => {
  const server = await natsServer({ config: 'authorization { user: "a", password: "right" }' });
  const one = start(['serve', '--source', server.url, ...METRICS], {
    env: { NATS_USER: 'a', NATS_PASSWORD: 'wrong' },
  });
  expect(await one.ended).toBe(1);
  const lines = linesOf(one.stderr()).filter((line) => line.startsWith('error'));
  expect(lines).toEqual([
    expect.stringMatching(/^error: ERR_NATS_REFUSED: .*does not accept these credentials/),
  ]);
  expect(one.stderr()).not.toContain('wrong');
});

testNats('an end does not wait for a server that does not answer', async () => {
  const server = await natsServer();
  server.pause();
  const one = forwarder(server.url);
  await until('it has begun', () => logOf(one).some(({ msg }) => msg === 'serving metrics'));
  one.child.kill('SIGTERM');
  expect(await one.ended).toBe(0);
});

describe('options that do not go together with --source', () => {
  const URL_ = 'nats://127.0.0.1:4222';

  test('a socket of systemd', async () => {
    const { ended, stderr } = start(['serve', '--check', '--source', URL_], { env: { LISTEN_FDS: '1' } });
    expect([await ended, stderr()]).toEqual([
      2,
      `error: ERR_INVALID_OPTION: --source has no effect with a socket that systemd passes, because its unit decides that\n`,
    ]);
  });

  test('--overflow block is what a source implies', async () => {
    const { code, errors } = await command(['serve', '--check', '--source', URL_, '--overflow', 'block']);
    expect([code, errors]).toEqual([0, '']);
  });

  test.each([
    ['--socket', '/tmp/x.sock'],
    ['--socket-mode', '0660'],
    ['--socket-group', '0'],
    ['--replace'],
    ['--overflow', 'drop'],
    ['--fair-share'],
    ['--max-connections', '5'],
    ['--frame-timeout', '5'],
    ['--idle-timeout', '5'],
    ['--spool', '/tmp/spool'],
    ['--record', '/tmp/capture'],
    ['--no-audit'],
    ['--session-idle', '5'],
  ])('%s', async (...option) => {
    const { code, errors } = await command(['serve', '--check', '--source', URL_, ...option]);
    expect([code, errors]).toEqual([
      2,
      `error: ERR_INVALID_OPTION: ${option[0]} has no effect with --source ${URL_}\n`,
    ]);
  });

  test.each([
    [
      ['--source', 'nats://user:secret@127.0.0.1'],
      /^error: ERR_INVALID_OPTION: --source: got an address of NATS that is not shown here, expected nats:/,
    ],
    [['--source', 'http://127.0.0.1'], /^error: ERR_INVALID_OPTION: --source: got an address of NATS/],
    [['--nats-consumer', 'a'], /--nats-consumer has no effect without --source/],
    [['--source', URL_, '--nats-consumer', 'a.b'], /--nats-consumer: got "a.b", expected a name of letters/],
    [['--source', URL_, '--reporter', 'nats://127.0.0.1:4222'], /--reporter: got a server of --source/],
    [['--source', 'nats://a,b:4222', '--reporter', 'nats://b'], /--reporter: got a server of --source/],
    [
      ['--source', URL_, '--nats-credentials', '/nowhere'],
      /--nats-credentials: the credentials file cannot be read/,
    ],
  ])('%j is refused', async (options, message) => {
    const { code, errors } = await command(['serve', '--check', ...options]);
    expect([code, linesOf(errors).length, errors]).toEqual([2, 1, expect.stringMatching(message)]);
    expect(errors).not.toContain('secret');
  });

  test.each([
    [['--source', 'nats://a:1,b:2', '--buffer', '10', '--drain', '1', '--nats-stream', 's', '--console']],
    [['--source', 'tls://a', '--reporter', 'socket:/tmp/boundary-audit.sock', '--reporter', 'nats://b']],
  ])('%j is accepted', async (options) => {
    expect(await command(['serve', '--check', ...options])).toMatchObject({ code: 0, errors: '' });
  });
});
