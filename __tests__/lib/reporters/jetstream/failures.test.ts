import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  JetStreamReporter,
  type JetStreamReporterOptions,
} from '../../../../lib/reporters/jetstream/index.js';
import { selfSigned } from '../../../helpers/certificate.js';
import { eventBatch } from '../../../helpers/event-batch.js';
import { logLines } from '../../../helpers/log-lines.js';
import { operatorMode } from '../../../helpers/nats-credentials.js';
import {
  type NatsServer,
  type NatsServerOptions,
  natsServers,
  testNats,
} from '../../../helpers/nats-server.js';
import { tempPaths } from '../../../helpers/temp.js';
import { until } from '../../../helpers/until.js';

const start = natsServers();
const path = tempPaths();
const closing: { close(): unknown }[] = [];
afterEach(() => Promise.all(closing.splice(0).map((one) => one.close())));

const signal = new AbortController().signal;
const PASSWORD = 'not-to-be-seen-4711';

function reporterFor(options: JetStreamReporterOptions) {
  const logger = logLines();
  const quick = {
    reconnectInitialDelayMs: 10,
    reconnectMaxDelayMs: 50,
    connectTimeoutMs: 1000,
    callTimeoutMs: 1000,
  };
  const reporter = new JetStreamReporter({ logger, ...quick, ...options });
  closing.push(reporter);
  const warnings = () => logger.lines.filter(({ level }) => level === 'warn');
  return { reporter, logger, warnings };
}

let number = 0;
const batch = () => eventBatch({ session_id: 'a', sequence_number: number++ });

/** What a report fails with, and what is logged about it. */
async function failureWith(options: JetStreamReporterOptions) {
  // A report does not fail if the next attempt to connect is soon: it waits for that.
  const slow = { reconnectInitialDelayMs: 60_000, reconnectMaxDelayMs: 60_000 };
  const { reporter, logger, warnings } = reporterFor({ ...slow, ...options });
  const error = await reporter.report(batch(), { signal }).then(
    () => undefined,
    (error) => error,
  );
  const outages = warnings().filter(({ message }) => message === 'NATS is not available; retrying');
  const said = JSON.stringify([error?.message, error?.cause?.message, logger.lines]);
  return { error, outages, said };
}

/** A failure that is retried, with one line that says what to do, and one warning. */
async function expectFailure(
  options: JetStreamReporterOptions,
  code: string,
  message: RegExp,
): Promise<void> {
  const { error, outages, said } = await failureWith(options);
  expect(error).toMatchObject({ code });
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('\n');
  expect(error.permanent).toBeUndefined();
  expect(outages.length).toBe(1);
  expect(said).not.toContain(PASSWORD);
}

const login = { user: 'edge', password: PASSWORD };
const users = (...lines: string[]) =>
  `authorization { users = [ { user: edge, password: "${PASSWORD}", ${lines.join(', ')} } ] }`;

describe('a server that refuses', () => {
  testNats('the password', async () => {
    const { url: servers } = await start({ config: users() });
    await expectFailure(
      { servers, user: 'edge', password: `x${PASSWORD}` },
      'ERR_NATS_REFUSED',
      /does not accept these credentials .*: correct --nats-credentials, or NATS_USER and NATS_PASSWORD, or NATS_TOKEN$/,
    );
  });

  testNats('a client without credentials', async () => {
    const { url: servers } = await start({ config: users() });
    await expectFailure({ servers }, 'ERR_NATS_REFUSED', /does not accept these credentials/);
  });

  testNats('the token', async () => {
    const { url: servers } = await start({ config: 'authorization { token: "right" }' });
    await expectFailure(
      { servers, token: PASSWORD },
      'ERR_NATS_REFUSED',
      /does not accept these credentials/,
    );
  });

  testNats('JetStream, as it is not enabled', async () => {
    const { url: servers } = await start({ jetStream: false });
    await expectFailure({ servers }, 'ERR_CONNECT_FAILED', /no stream answers: is JetStream enabled/);
  });

  testNats('JetStream for this account', async () => {
    const config = `accounts { A { users = [ { user: edge, password: "${PASSWORD}" } ] } }`;
    const { url: servers } = await start({ config });
    await expectFailure({ servers, ...login }, 'ERR_CONNECT_FAILED', /is JetStream enabled for this account/);
  });

  testNats('more replicas than it has servers', async () => {
    const { url: servers } = await start();
    await expectFailure({ servers, replicas: 3 }, 'ERR_NATS_REFUSED', /leave out --nats-replicas$/);
  });
});

describe('a user that may not', () => {
  const refused: [what: string, permissions: string, code: string, message: RegExp][] = [
    [
      'publish batches',
      'publish: { deny: "boundary.>" }',
      'ERR_NATS_REFUSED',
      /this user may not publish to "boundary\.logs\.a": allow it on the server$/,
    ],
    [
      'create the stream',
      'publish: { deny: "$JS.API.STREAM.CREATE.>" }',
      'ERR_NATS_REFUSED',
      /does not exist, and cannot be created: this user may not publish to "\$JS\.API\.STREAM\.CREATE\.boundary-logs"/,
    ],
    [
      'receive answers',
      'subscribe: { deny: "_INBOX.>" }',
      'ERR_NATS_REFUSED',
      /this user may not subscribe to "_INBOX\..*": allow it on the server$/,
    ],
  ];
  for (const [what, permissions, code, message] of refused) {
    testNats(what, async () => {
      const { url: servers } = await start({ config: users(`permissions: { ${permissions} }`) });
      await expectFailure({ servers, ...login }, code, message);
    });
  }

  testNats('see the stream publishes nevertheless, and a warning says that nothing is checked', async () => {
    const config = users('permissions: { publish: { deny: "$JS.API.>" } }').replace(
      '] }',
      ', { user: admin, password: admin } ] }',
    );
    const { url: servers } = await start({ config });
    const admin = await connect({ servers, user: 'admin', pass: 'admin', reconnect: false });
    closing.push(admin);
    await (await jetstreamManager(admin)).streams.add({
      name: 'boundary-logs',
      subjects: ['boundary.logs.>'],
    });
    const { reporter, warnings } = reporterFor({ servers, ...login });
    await reporter.report(batch(), { signal });
    expect(warnings()).toMatchObject([
      { fields: { warnings: [expect.stringContaining('"$JS.API.STREAM.INFO.boundary-logs"')] } },
    ]);
  });
});

describe('TLS', () => {
  const tls = selfSigned();
  const pem = (text: string) => {
    const file = path();
    writeFileSync(file, text);
    return file;
  };

  testNats('with the right authority works, also if only the file asks for it', async () => {
    const server = await start({ tls });
    for (const servers of [server.url, `nats://${server.address}`]) {
      const { reporter } = reporterFor({ servers, caFile: pem(tls.cert) });
      await reporter.report(batch(), { signal });
    }
  });

  testNats('with a client certificate works', async () => {
    const client = selfSigned();
    const server = await start({ tls: { ...tls, ca: client.cert } });
    const files = { certFile: pem(client.cert), keyFile: pem(client.key) };
    const { reporter } = reporterFor({ servers: server.url, caFile: pem(tls.cert), ...files });
    await reporter.report(batch(), { signal });
  });

  const failing: [what: string, server: NatsServerOptions, options: (server: NatsServer) => JetStreamReporterOptions, message: RegExp][] = [
    ['another authority', { tls }, ({ url }) => ({ servers: url, caFile: pem(selfSigned().cert) }), /is not trusted: name its authority with --nats-ca/],
    ['no authority', { tls }, ({ url }) => ({ servers: url }), /is not trusted: name its authority with --nats-ca/],
    ['no authority, and a server that insists on TLS', { tls }, ({ address }) => ({ servers: `nats://${address}` }), /it wants TLS: connect with tls:/],
    ['a certificate for another host', { tls }, ({ port }) => ({ servers: `tls://localhost:${port}`, caFile: pem(tls.cert) }), /its certificate is for another host/],
    ['a server without it', {}, ({ address }) => ({ servers: `tls://${address}` }), /does not offer TLS/],
    ['no client certificate', { tls: { ...tls, ca: tls.cert } }, ({ url }) => ({ servers: url, caFile: pem(tls.cert) }), /wants? another certificate of this client.* --nats-cert and --nats-key/],
    ['another client certificate', { tls: { ...tls, ca: tls.cert } }, ({ url }) => { const other = selfSigned(); return { servers: url, caFile: pem(tls.cert), certFile: pem(other.cert), keyFile: pem(other.key) }; }, /wants? another certificate of this client/],
    ['a key that does not belong to the certificate', { tls }, ({ url }) => ({ servers: url, caFile: pem(tls.cert), certFile: pem(tls.cert), keyFile: pem(selfSigned().key) }), /certificate and key do not belong together/],
    ['a file that is not PEM', { tls }, ({ url }) => ({ servers: url, caFile: pem('not PEM') }), /is not trusted|do the certificates belong/],
  ]; // biome-ignore format: one line a case
  for (const [what, options, client, message] of failing) {
    testNats(`with ${what} fails`, async () => {
      const server = await start(options);
      await expectFailure(client(server), 'ERR_CONNECT_FAILED', message);
    });
  }

  testNats('with a file that cannot be read fails', async () => {
    const { url: servers } = await start({ tls });
    await expectFailure(
      { servers, caFile: path() },
      'ERR_NATS_REFUSED',
      /cannot be read \(.*ENOENT.*: correct --nats-ca$/,
    );
  });
});

describe('instead of NATS, there is', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that does something with each connection. */
  async function other(onConnect: (socket: Socket) => void) {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket
        .on('close', () => sockets.delete(socket))
        .on('error', () => undefined)
        .resume();
      onConnect(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { servers: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
  }

  const INFO = `INFO ${JSON.stringify({ server_id: 'x', version: '2.9.10', proto: 1, headers: true, max_payload: 1e6 })}\r\n`;

  test('nothing at all', async () => {
    await expectFailure(
      { servers: 'nats://127.0.0.1:1' },
      'ERR_CONNECT_FAILED',
      /127\.0\.0\.1:1 \(connection refused\): nothing listens there/,
    );
  });

  test('no such host', async () => {
    await expectFailure(
      { servers: 'nats://no-such-host.invalid' },
      'ERR_CONNECT_FAILED',
      /its name cannot be resolved/,
    );
  });

  test.each<[string, (socket: Socket) => void, RegExp]>([
    ['a server that says nothing', () => undefined, /has not answered within 1000 ms/],
    [
      'a server that greets and then says nothing',
      (socket) => socket.write(INFO),
      /has not answered within 1000 ms/,
    ],
    ['a server that hangs up', (socket) => socket.end(), /NATS cannot be reached at 127/],
    [
      'a web server',
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /is not a NATS server: correct the address/,
    ],
    [
      'a server that greets with nonsense',
      (socket) => socket.write('INFO {\r\n'),
      /NATS cannot be reached at 127/,
    ],
  ])('%s', async (_, onConnect, message) => {
    const { servers, sockets } = await other(onConnect);
    await expectFailure({ servers }, 'ERR_CONNECT_FAILED', message);
    // No attempt leaves a connection behind.
    await until('at most one attempt is open', () => sockets.size <= 1);
    await closing[0]?.close();
    await until('all connections are closed', () => sockets.size === 0);
  });

  test('a server that answers with nonsense: the client prints nothing, and the connection ends', async () => {
    const print = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const { servers, sockets } = await other((socket) => {
      socket.write(INFO);
      socket.on('data', (data) => {
        if (data.includes('PING')) socket.write('PONG\r\n');
        if (data.includes('PUB')) socket.write('NONSENSE \u001b[2J\r\n');
      });
    });
    await expectFailure({ servers }, 'ERR_PROTOCOL_VIOLATION', /its protocol does not allow \(parse error/);
    expect(print).not.toHaveBeenCalled();
    print.mockRestore();
    await until('the connection is closed', () => sockets.size === 0);
  });

  test('a server that says nothing: close() does not wait for it', async () => {
    const { servers, sockets } = await other(() => undefined);
    const { reporter } = reporterFor({ servers, connectTimeoutMs: 100_000 });
    const report = reporter.report(batch(), { signal });
    report.catch(() => undefined);
    await until('it is connecting', () => sockets.size === 1);
    await reporter.close();
    await expect(report).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await until('the connection is closed', () => sockets.size === 0);
  });

  testNats(
    'one of several hosts that says nothing, and another one that is down: the third one is used',
    async () => {
      const { servers: silent } = await other(() => undefined);
      const server = await start();
      const { reporter, warnings } = reporterFor({ servers: [silent, 'nats://127.0.0.1:1', server.url] });
      await reporter.report(batch(), { signal });
      expect(warnings()).toEqual([]);
    },
  );
});

describe('the stream', () => {
  async function managerOf({ url: servers }: NatsServer) {
    const connection = await connect({ servers, reconnect: false });
    closing.push(connection);
    return jetstreamManager(connection);
  }

  testNats('of this name stores other subjects', async () => {
    const server = await start();
    await (await managerOf(server)).streams.add({ name: 'boundary-logs', subjects: ['other.>'] });
    await expectFailure(
      { servers: server.url },
      'ERR_NATS_REFUSED',
      /^the stream "boundary-logs" stores "other\.>", and not "boundary\.logs\.>": add that subject to it, or name another one with --nats-stream$/,
    );
  });

  testNats('that is full keeps the batches waiting, and accepts them when there is room', async () => {
    const server = await start();
    const manager = await managerOf(server);
    const { reporter, warnings } = reporterFor({ servers: server.url, maxBytes: 500 });
    await reporter.report(batch(), { signal });
    const waiting = batch();
    let failure: unknown;
    await until('it is full', () =>
      reporter.report(batch(), { signal }).then(
        () => false,
        (error) => {
          failure = error;
          return true;
        },
      ),
    );
    expect(failure).toMatchObject({
      code: 'ERR_NATS_REFUSED',
      message: expect.stringMatching(/maximum bytes exceeded: if it is full, raise its limits/),
    });
    expect('permanent' in (failure as object)).toBe(false);
    await expect(reporter.report(waiting, { signal })).rejects.toMatchObject({ code: 'ERR_NATS_REFUSED' });
    await manager.streams.update('boundary-logs', { max_bytes: 100_000 });
    await reporter.report(waiting, { signal });
    expect(warnings()[0]?.message).toBe('NATS is not available; retrying');
  });

  testNats('that is deleted meanwhile is created again, and a warning says so', async () => {
    const server = await start();
    const manager = await managerOf(server);
    const { reporter, warnings } = reporterFor({ servers: server.url });
    await reporter.report(batch(), { signal });
    await manager.streams.delete('boundary-logs');
    const lost = batch();
    await expect(reporter.report(lost, { signal })).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' });
    await Promise.all([lost, eventBatch({ session_id: 'b' })].map((one) => reporter.report(one, { signal })));
    expect((await manager.streams.info('boundary-logs')).state.messages).toBe(2);
    expect(warnings().map(({ message }) => message)).toContain(
      'the stream was deleted, with everything in it, and was created again',
    );
  });

  testNats('of another name that stores the subjects is not used by mistake', async () => {
    const server = await start();
    const manager = await managerOf(server);
    const { reporter } = reporterFor({ servers: server.url });
    await reporter.report(batch(), { signal });
    await manager.streams.delete('boundary-logs');
    await manager.streams.add({ name: 'other', subjects: ['boundary.logs.>'] });
    await expect(reporter.report(batch(), { signal })).rejects.toMatchObject({
      code: 'ERR_NATS_REFUSED',
      message: expect.stringContaining('another stream stores this subject: name it with --nats-stream'),
    });
  });
});

describe('a credentials file', () => {
  const file = (text: string) => {
    const name = path();
    writeFileSync(name, text);
    return name;
  };

  testNats('is read for each connection, so a new one needs no restart', async () => {
    const { config, credentials } = operatorMode();
    const server = await start({ config });
    const credentialsFile = file(operatorMode().credentials());
    const { reporter, logger } = reporterFor({ servers: server.url, credentialsFile });
    await until('they are refused', () =>
      JSON.stringify(logger.lines).includes('does not accept these credentials'),
    );
    writeFileSync(credentialsFile, credentials());
    await reporter.report(batch(), { signal });
    const said = JSON.stringify(logger.lines);
    expect(said).toContain('connected to NATS');
    expect(said).not.toMatch(/SU[A-Z2-7]{50}|eyJ/);
  });

  const { credentials } = operatorMode();
  const wrong: [what: string, text: string | undefined, message: RegExp][] = [
    ['is missing', undefined, /cannot be read/],
    ['is empty', '', /does not contain a user JWT and a seed/],
    ['has no seed', credentials().split('*')[0], /does not contain a user JWT and a seed/],
    [
      'has a damaged seed',
      credentials().replace(/\nSU.{5}/, '\nSUAAAAA'),
      /the seed in the credentials file is not valid/,
    ],
  ];
  for (const [what, text, message] of wrong) {
    testNats(`that ${what} is a refusal that does not show what is in it`, async () => {
      const credentialsFile = text === undefined ? path() : file(text);
      const { url: servers } = await start();
      const { error, said } = await failureWith({ servers, credentialsFile });
      expect(error).toMatchObject({ code: 'ERR_NATS_REFUSED', message: expect.stringMatching(message) });
      expect(said).not.toMatch(/SU[A-Z2-7]{50}|eyJ/);
    });
  }
});
