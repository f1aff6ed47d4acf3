import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { batchOf } from '../../../lib/nats/message.js';
import { command } from '../../helpers/command.js';
import { operatorMode } from '../../helpers/nats-credentials.js';
import { type NatsServer, natsServers, testNats } from '../../helpers/nats-server.js';
import { commands, listening } from '../../helpers/processes.js';
import {
  complaintsIn,
  logOf,
  METRICS,
  metric,
  metricsOf,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

// A process starts slowly when others run.
jest.setTimeout(120_000);
const start = commands();
const startNats = natsServers();
const path = tempPaths();
const closing: { close(): unknown }[] = [];
afterEach(() => Promise.all(closing.splice(0).map((one) => one.close())));

const SECRET = 'not-to-be-seen-4711';

/** The batches in the stream, in its order. */
async function stored({ url: servers }: NatsServer, login: object = {}) {
  const connection = await connect({ servers, reconnect: false, ...login });
  closing.push(connection);
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info('boundary-logs');
  const all = [];
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
    const message = await manager.streams.getMessage('boundary-logs', { seq });
    if (message === null) throw new Error('a message is missing');
    all.push({ batch: batchOf({ data: message.data, headers: message.header }), headers: message.header });
  }
  return all;
}

const numbersIn = (all: Awaited<ReturnType<typeof stored>>) =>
  all.flatMap(({ batch }) => batch.request.logs.map(({ sequenceNumber }) => sequenceNumber));

describe('what is wrong before it starts ends it with 2', () => {
  const serve = (...args: string[]) => ['serve', '--check', '--reporter', ...args];
  const wrong: [what: string, args: string[], message: RegExp][] = [
    ['a password in the address', serve(`nats://edge:${SECRET}@127.0.0.1`), /--reporter: got an address of NATS that is not shown here, expected nats:\/\/HOST:PORT/],
    ['a token in the address', serve(`nats://a,${SECRET}@b`), /that is not shown here/],
    ['another scheme for a host', serve('nats://a,tls://b'), /that is not shown here/],
    ['two of them', serve('nats://a', '--reporter', 'tls://b'), /expected each reporter once/],
    ['a credentials file that is missing', serve('nats://a', '--nats-credentials', '/nowhere/x'), /--nats-credentials: the credentials file cannot be read \(.*ENOENT/],
    ['a credentials file that is another file', serve('nats://a', '--nats-credentials', 'package.json'), /--nats-credentials: the file package\.json does not contain a user JWT and a seed/],
    ['a file of an authority that is missing', serve('tls://a', '--nats-ca', '/nowhere/x'), /--nats-ca: .* cannot be read/],
    ['a certificate without its key', serve('tls://a', '--nats-cert', 'package.json'), /--nats-cert and --nats-key belong together/],
    ['an option without the reporter', serve('null', '--nats-stream', 'x'), /--nats-stream has no effect with --reporter null/],
    ['a stream that cannot be a name', serve('nats://a', '--nats-stream', 'a.b'), /--nats-stream: got "a\.b", expected a name/],
    ['too many in flight', serve('nats://a', '--nats-in-flight', '1001'), /from 1 to 1000/],
  ]; // biome-ignore format: one line a case
  test.each(wrong)('%s', async (_, args, message) => {
    const { code, errors } = await command(args);
    expect(code).toBe(2);
    expect(errors).toMatch(message);
    expect(errors).not.toContain(SECRET);
  });

  test.each<[env: Record<string, string>, message: RegExp]>([
    [{ NATS_USER: 'edge' }, /NATS_USER and NATS_PASSWORD belong together/],
    [{ NATS_PASSWORD: SECRET }, /NATS_USER and NATS_PASSWORD belong together/],
    [
      { NATS_USER: 'edge', NATS_PASSWORD: SECRET, NATS_TOKEN: SECRET },
      /expected only one of NATS_USER, NATS_TOKEN/,
    ],
  ])('%j in the environment', async (env, message) => {
    const served = start(serve('nats://a'), { env });
    expect(await served.ended).toBe(2);
    expect(served.stderr()).toMatch(message);
    expect(served.stderr()).not.toContain(SECRET);
  });

  test('several hosts in a variable or a list of the file are one address', async () => {
    const file = path();
    writeFileSync(file, 'reporter: [stdout, nats://a:1, "b:2", c]\n');
    const env = { BOUNDARY_LOG_PROXY_REPORTER: 'nats://a:1,b:2,c,null' };
    for (const served of [
      start(['serve', '--check'], { env }),
      start(['serve', '--check', '--config', file]),
    ]) {
      expect([await served.ended, served.stderr()]).toEqual([0, '']);
    }
  });
});

describe('serve --reporter nats://', () => {
  testNats('starts without a server, and forwards everything in order when there is one', async () => {
    const server = await startNats();
    await server.kill();
    const socket = path();
    const served = start(['serve', '--socket', socket, '--reporter', server.url, ...METRICS]);
    await listening(served, socket);
    await sendBatches(socket, 20, 5);
    await until('it says so', () => complaintsIn(served).length > 0);
    expect(complaintsIn(served)).toEqual(['NATS is not available; retrying']);
    // A batch fails a little later than the connection.
    await until('the metrics say so', async () => (await metric(served, 'reporter_up')) === 0);
    await server.start();
    await until(
      'everything is forwarded',
      async () => (await metric(served, 'logs_forwarded_total')) === 100,
      60_000,
    );
    expect(await metric(served, 'reporter_up')).toBe(1);
    const account = await stopped(served);
    expect(account).toMatchObject({ forwarded: { batches: 20, logs: 100 } });
    const all = await stored(server);
    expect(numbersIn(all)).toEqual(upTo(100));
    expect(all[0]?.headers.get('Boundary-Proxy')).toMatch(/^[\x21-\x7e]+$/);
  });

  testNats(
    'with a spool stores each batch once, although it is killed before their acknowledgements arrive',
    async () => {
      const server = await startNats();
      const [socket, spool] = [path(), path()];
      const args = [
        'serve',
        '--socket',
        socket,
        '--reporter',
        server.url,
        '--spool',
        spool,
        '--metrics',
        'off',
      ];
      const first = start(args);
      await listening(first, socket);
      await until('it is connected', () => logOf(first).some(({ msg }) => msg === 'connected to NATS'));
      // The server receives what it does not answer until it is resumed.
      server.pause();
      await sendBatches(socket, 30, 2);
      await until('they are in the spool', async () =>
        (await command(['spool', spool])).bytes.toString().includes('30'),
      );
      first.child.kill('SIGKILL');
      await first.ended;
      server.resume();
      const second = start(args);
      await listening(second, socket);
      await until('everything is stored', async () => numbersIn(await stored(server)).length >= 60, 60_000);
      const account = await stopped(second);
      expect(account).toMatchObject({
        recovered: { batches: 30 },
        forwarded: { batches: 30 },
        kept: { batches: 0 },
      });
      expect(numbersIn(await stored(server))).toEqual(upTo(60));
    },
  );

  testNats(
    'ends within its drain time although the server does not answer, and keeps what is not stored',
    async () => {
      const server = await startNats();
      const [socket, spool] = [path(), path()];
      const args = ['--reporter', server.url, '--spool', spool, '--drain', '1', '--metrics', 'off'];
      const served = start(['serve', '--socket', socket, ...args]);
      await listening(served, socket);
      await until('it is connected', () => logOf(served).some(({ msg }) => msg === 'connected to NATS'));
      server.pause();
      await sendBatches(socket, 5, 2);
      const account = await stopped(served);
      expect(account).toMatchObject({ kept: { batches: 5, logs: 10 } });
    },
  );

  test('ends at once while it connects to something that says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.resume().on('error', () => undefined)));
    closing.push(silent);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const socket = path();
    const served = start([
      'serve',
      '--socket',
      socket,
      '--reporter',
      `nats://127.0.0.1:${port}`,
      '--metrics',
      'off',
    ]);
    await listening(served, socket);
    await until('it connects', () => sockets.length > 0);
    await stopped(served);
    await until('its connections are closed', () => sockets.every(({ destroyed }) => destroyed));
  });

  testNats(
    'with a credentials file that every user can read warns; no secret is logged or in the metrics',
    async () => {
      const { config, credentials } = operatorMode();
      const server = await startNats({ config });
      const [socket, file] = [path(), path()];
      writeFileSync(file, credentials());
      chmodSync(file, 0o644);
      const args = [
        'serve',
        '--socket',
        socket,
        '--reporter',
        server.url,
        '--nats-credentials',
        file,
        ...METRICS,
      ];
      const served = start([...args, '--log-level', 'debug']);
      await listening(served, socket);
      await sendBatches(socket, 2, 1);
      await until(
        'it is forwarded',
        async () => (await metric(served, 'logs_forwarded_total')) === 2,
        60_000,
      );
      const text = `${served.stderr()}${await metricsOf(served)}`;
      expect(complaintsIn(served)).toEqual([
        expect.stringMatching(/^every user can read this secret of NATS .*: chmod o= /),
      ]);
      expect(text).not.toMatch(/SU[A-Z2-7]{50}|eyJ/);
      await stopped(served);
    },
  );

  testNats('takes user and password from the environment, and never shows them', async () => {
    const server = await startNats({ config: `authorization { user: edge, password: "${SECRET}" }` });
    const run = async (password: string) => {
      const socket = path();
      const env = { NATS_USER: 'edge', NATS_PASSWORD: password };
      const served = start(['serve', '--socket', socket, '--reporter', server.url, ...METRICS], { env });
      await listening(served, socket);
      return { served, socket };
    };
    const right = await run(SECRET);
    await sendBatches(right.socket, 1, 1);
    await until(
      'it is forwarded',
      async () => (await metric(right.served, 'logs_forwarded_total')) === 1,
      60_000,
    );
    const wrong = await run(`x${SECRET}`);
    await until('it says so', () => complaintsIn(wrong.served).length > 0);
    for (const { served } of [right, wrong]) {
      expect(`${served.stderr()}${await metricsOf(served)}`).not.toContain(SECRET);
      await stopped(served);
    }
  });
});
