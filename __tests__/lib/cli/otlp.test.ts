import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { PACKAGES } from '../../../lib/reporters/otlp/serializer.js';
import { selfSigned } from '../../helpers/certificate.js';
import { ROOT } from '../../helpers/code-blocks.js';
import { PLAIN } from '../../helpers/coder-served.js';
import { commandsHere } from '../../helpers/command.js';
import { logsFrame } from '../../helpers/messages.js';
import { accept, encodeResponse, OtlpServer, otlpServers, type Script } from '../../helpers/otlp-server.js';
import { commands, listening } from '../../helpers/processes.js';
import {
  closingAccount,
  complaintsOf,
  logOf,
  METRICS,
  metric,
  metricsOf,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

// A process starts slowly when others run, and delays of retries are random.
jest.setTimeout(150_000);
const start = commands();
const startHere = commandsHere();
Object.assign(process.env, PLAIN);
const startServer = otlpServers();
const path = tempPaths();
const P = 'OTEL_EXPORTER_OTLP_';
const FAST = ['--retry-initial-delay', '0.01', '--retry-max-delay', '0.05'];

/** `serve --reporter otlp` in this process. */
async function serve(
  { endpoint }: { endpoint: string },
  args: string[] = [],
  env: Record<string, string> = {},
) {
  const socket = path();
  const options = ['serve', '--socket', socket, '--reporter', 'otlp', ...METRICS, ...args];
  const served = startHere(options, { env: { [`${P}ENDPOINT`]: endpoint, ...env } });
  await listening(served, socket);
  return { ...served, socket };
}

/** As a process. */
async function serveProcess({ endpoint }: { endpoint: string }, args: string[]) {
  const socket = path();
  const options = ['serve', '--socket', socket, '--reporter', 'otlp', '--metrics', 'off', ...args];
  const served = start(options, { env: { [`${P}ENDPOINT`]: endpoint } });
  await listening(served, socket);
  return { ...served, socket };
}

const answers =
  (status: number, message = 'as it says', headers = {}): Script =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/x-protobuf', ...headers });
    response.end(encodeResponse('Status', { message }));
  };
const partial =
  (rejectedLogRecords: number, errorMessage: string): Script =>
  (response) => {
    response.setHeader('content-type', 'application/x-protobuf');
    response.end(
      encodeResponse('ExportLogsServiceResponse', { partialSuccess: { rejectedLogRecords, errorMessage } }),
    );
  };
const exportedOf = (server: OtlpServer) => server.numbers.flat();
const frames = (n: number, first = 0) => upTo(n).map((i) => logsFrame(1, first + i));

describe('serve --reporter otlp', () => {
  test('forwards every event in order, and the batches that wait share exports', async () => {
    const server = await startServer();
    const served = await serve(server, ['--overflow', 'block'], {
      [`${P}HEADERS`]: 'authorization=Bearer%20s3cr3t-token',
      OTEL_SERVICE_NAME: 'my-service',
    });
    await sendAll(served.socket, frames(500));
    await until('all have arrived', () => server.records.length === 500);
    expect(exportedOf(server)).toEqual(upTo(500));
    expect(server.exports.length).toBeLessThan(250);
    expect(server.exports[0]?.headers.authorization).toBe('Bearer s3cr3t-token');
    expect(server.exports[0]?.resource).toEqual({ 'service.name': 'my-service' });
    expect(await stopped(served)).toMatchObject({ forwarded: { batches: 500, logs: 500 } });
    expect(served.stderr()).not.toContain('s3cr3t-token');
    expect(logOf(served)).toContainEqual(
      expect.objectContaining({
        ...{ msg: 'forwarding to OpenTelemetry', url: server.url },
        ...{ protocol: 'http/protobuf', compression: 'none' },
      }),
    );
    expect(served.stdout()).toBe('');
  });

  test('retries what passes, in order, and says so in one line', async () => {
    const server = await startServer(
      answers(503),
      answers(429),
      answers(502),
      answers(504),
      answers(500),
      accept,
    );
    const served = await serve(server, FAST);
    await sendAll(served.socket, frames(20));
    await until('all have arrived', () => closingOf(server) === 20);
    const account = await stopped(served);
    expect(account).toMatchObject({ forwarded: { logs: 20 }, dropped: { rejected: { logs: 0 } } });
    const complaints = complaintsOf(served).map(({ msg }) => msg);
    expect(complaints).toEqual(['the reporter is failing; retrying', 'the reporter accepts batches again']);
    expect(complaintsOf(served)[0].err.message).toContain('answers with HTTP 503, as it says');
    const accepted = server.exports.slice(5).flatMap(({ records }) => records);
    expect(accepted.map(({ attributes }) => attributes['boundary.sequence_number'])).toEqual(upTo(20));

    function closingOf(server: OtlpServer) {
      return server.exports.slice(5).reduce((sum, { records }) => sum + records.length, 0);
    }
  });

  test('waits as long as Retry-After says', async () => {
    const server = await startServer(answers(503, 'busy', { 'retry-after': '1' }), accept);
    const served = await serve(server, FAST);
    const before = performance.now();
    await sendAll(served.socket, frames(1));
    await until('it has arrived', () => server.exports.length === 2);
    expect(performance.now() - before).toBeGreaterThanOrEqual(950);
    await stopped(served);
  });

  test('counts exactly what a partial success rejects, sends nothing again, and warns once', async () => {
    const server = await startServer(partial(7, 'too\u001b[31m old'), accept);
    const served = await serve(server);
    await sendAll(served.socket, [logsFrame(10), logsFrame(5, 10)]);
    await until('both have arrived', () => server.records.length === 15);
    await until('it is counted', async () => (await metric(served, 'logs_forwarded_total')) === 8);
    expect(await metricsOf(served)).toContain(
      'agent_boundary_log_proxy_logs_dropped_total{reason="rejected"} 7\n',
    );
    expect(await stopped(served)).toMatchObject({
      received: { batches: 2, logs: 15 },
      forwarded: { batches: 2, logs: 8 },
      dropped: { rejected: { batches: 0, logs: 7 } },
    });
    expect(server.records).toHaveLength(15);
    const [warning, ...others] = complaintsOf(served).filter(({ msg }) => msg === 'dropping boundary logs');
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ reason: 'rejected', batches: 0, err: { code: 'ERR_CALL_REJECTED' } });
    expect(warning.err.message).toMatch(/has rejected 7 of the \d+ logs of an export: too \[31m old$/);
  });

  test('rejects only the batch that causes it', async () => {
    const bad = 13;
    const server = await startServer((response, received) => {
      const numbers = received.records.map(({ attributes }) => attributes['boundary.sequence_number']);
      (numbers.includes(bad) ? answers(400, 'not this one') : accept)(response, received);
    });
    const served = await serve(server, ['--overflow', 'block']);
    await sendAll(served.socket, frames(60));
    const account = () => metric(served, 'logs_forwarded_total');
    await until('all but one are forwarded', async () => (await account()) === 59);
    expect(await stopped(served)).toMatchObject({ dropped: { rejected: { batches: 1, logs: 1 } } });
    const accepted = new Set(exportedOf(server));
    expect(accepted.size).toBe(60);
    expect(complaintsOf(served).filter(({ msg }) => msg.includes('failing'))).toEqual([]);
  });

  test('loses what wrong credentials reject, loudly', async () => {
    const server = await startServer(answers(401, 'who are you?'));
    const served = await serve(server, [], { [`${P}HEADERS`]: 'api-key=s3cr3t-key' });
    await sendAll(served.socket, frames(3));
    await until('all are dropped', async () =>
      (await metricsOf(served)).includes('batches_dropped_total{reason="rejected"} 3\n'),
    );
    expect(await stopped(served)).toMatchObject({ dropped: { rejected: { batches: 3, logs: 3 } } });
    const [warning] = complaintsOf(served);
    expect(warning).toMatchObject({ msg: 'dropping boundary logs', reason: 'rejected' });
    expect(warning.err.message).toContain(
      'answers with HTTP 401, who are you?. Are the credentials correct, as in OTEL_EXPORTER_OTLP_HEADERS?',
    );
    expect(served.stderr()).not.toContain('s3cr3t-key');
  });

  test.each<[what: string, env: () => Promise<Record<string, string>>, text: string]>([
    [
      'a host that does not exist',
      async () => ({ [`${P}ENDPOINT`]: 'http://does-not-exist.invalid:4318' }),
      'ENOTFOUND|EAI_AGAIN',
    ],
    [
      'a port on which nobody listens',
      async () => {
        const server = await startServer();
        await server.close();
        return { [`${P}ENDPOINT`]: server.endpoint };
      },
      'cannot be reached at .*ECONNREFUSED',
    ],
    [
      'an authority that is not trusted',
      async () => {
        const server = await new OtlpServer(selfSigned()).listen();
        tlsServers.push(server);
        return { [`${P}ENDPOINT`]: server.endpoint };
      },
      'Trust its certificate authority with OTEL_EXPORTER_OTLP_CERTIFICATE',
    ],
    [
      'a server that is not one of OpenTelemetry',
      async () => {
        const server = await startServer((response) => {
          response.setHeader('content-type', 'text/html').end('<h1>Welcome</h1>');
        });
        return { [`${P}ENDPOINT`]: server.endpoint };
      },
      'does not speak OTLP: HTTP 200, text/html, "Welcome"',
    ],
  ])('says what is wrong in one line and retries: %s', async (_what, env, text) => {
    const served = await serve({ endpoint: '' }, [...FAST, '--drain', '0'], await env());
    await sendAll(served.socket, frames(2));
    await until('it has retried', async () => (await metric(served, 'retries_total')) >= 4);
    const complaints = complaintsOf(served);
    expect(complaints.map(({ msg }) => msg)).toEqual(['the reporter is failing; retrying']);
    expect(complaints[0].err.message).toMatch(new RegExp(text));
    await stopped(served);
    for (const server of tlsServers.splice(0)) await server.close();
  });

  const tlsServers: OtlpServer[] = [];

  test('with TLS, a certificate of the client, JSON and gzip', async () => {
    const [server, client] = [selfSigned(), selfSigned()];
    const file = (text: string) => {
      const name = path();
      writeFileSync(name, text);
      return name;
    };
    const tls = { ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true };
    const secure = await new OtlpServer(tls).listen();
    try {
      const served = await serve(secure, [], {
        [`${P}CERTIFICATE`]: file(server.cert),
        [`${P}CLIENT_CERTIFICATE`]: file(client.cert),
        [`${P}CLIENT_KEY`]: file(client.key),
        [`${P}LOGS_PROTOCOL`]: 'http/json',
        [`${P}COMPRESSION`]: 'gzip',
      });
      await sendAll(served.socket, frames(3));
      await until('all have arrived', () => secure.records.length === 3);
      expect(secure.exports[0]?.headers).toMatchObject({
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      });
      await stopped(served);
    } finally {
      await secure.close();
    }
  });

  test('a slow server gets the time that it needs', async () => {
    const server = await startServer((response, received) => {
      setTimeout(() => accept(response, received), 300);
    });
    const served = await serve(server, FAST, { [`${P}TIMEOUT`]: '100' });
    await sendAll(served.socket, frames(1));
    await until('it is forwarded', async () => (await metric(served, 'logs_forwarded_total')) === 1);
    expect(complaintsOf(served)[0].err.message).toContain('has not answered within 100 ms');
    await stopped(served);
  });
});

describe('with a spool, nothing is lost', () => {
  test('while the server is down, and the process is killed', async () => {
    const server = await startServer();
    await server.close();
    const spool = ['--spool', path(), '--drain', '0', ...FAST];
    const first = await serveProcess(server, spool);
    await sendAll(first.socket, frames(300));
    await until('it has failed', () => first.stderr().includes('the reporter is failing'));
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(closingAccount(first)).toMatchObject({
      received: { logs: 300 },
      kept: { batches: 300, logs: 300 },
    });

    const second = await serveProcess(server, spool);
    await sendAll(second.socket, frames(300, 300));
    await until('it has failed', () => second.stderr().includes('the reporter is failing'));
    await server.listen();
    await until('some have arrived', () => server.records.length > 0);
    second.child.kill('SIGKILL');
    await second.ended;

    const third = await serveProcess(server, spool);
    const arrived = () => new Set(exportedOf(server));
    await until('all have arrived', () => arrived().size === 600);
    expect([...arrived()].sort((a, b) => a - b)).toEqual(upTo(600));
    third.child.kill('SIGTERM');
    expect(await third.ended).toBe(0);
    expect(closingAccount(third)).toMatchObject({
      kept: { batches: 0 },
      dropped: { rejected: { batches: 0 } },
    });
    // What was in flight at the kill may arrive twice.
    expect(server.records.length).toBeLessThanOrEqual(600 + 256);
  });

  test('at an end while the server does not answer', async () => {
    const server = await startServer(() => undefined);
    const spool = ['--spool', path(), '--drain', '1'];
    const first = await serveProcess(server, spool);
    await sendAll(first.socket, frames(10));
    await until('an export has arrived', () => server.exports.length > 0);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    server.scripts = [accept];
    const before = server.exports.length;
    const second = await serveProcess(server, spool);
    await until('all have arrived', () => new Set(server.numbers.slice(before).flat()).size === 10);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(closingAccount(second)).toMatchObject({ forwarded: { logs: 10 }, kept: { batches: 0 } });
  });
});

describe('the variables', () => {
  const check = async (env: Record<string, string>) => {
    const served = startHere(['serve', '--check', '--reporter', 'otlp'], { env });
    return { code: await served.ended, stderr: served.stderr(), stdout: served.stdout() };
  };

  test.each([
    [
      { [`${P}ENDPOINT`]: 'collector:4317' },
      `${P}ENDPOINT: got a value that is not shown here, expected an http or https URL`,
    ],
    [{ [`${P}LOGS_PROTOCOL`]: 'grpc' }, `${P}LOGS_PROTOCOL: grpc is not supported`],
    [{ [`${P}HEADERS`]: 's3cr3t' }, `${P}HEADERS: got a header that is not shown here`],
    [{ [`${P}HEADERS`]: 'host%0A=s3cr3t' }, `${P}HEADERS: got a name that HTTP does not allow`],
    [{ [`${P}CERTIFICATE`]: '/nowhere/ca.pem' }, `${P}CERTIFICATE: the file cannot be read`],
  ])('%j end serve with exit code 2', async (env, text) => {
    const { code, stderr } = await check(env);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ERR_INVALID_OPTION: ${text}`);
    expect(stderr).not.toContain('s3cr3t');
  });

  test('that OpenTelemetry says to ignore are warnings', async () => {
    const { code, stdout, stderr } = await check({ [`${P}TIMEOUT`]: 'soon', OTEL_RESOURCE_ATTRIBUTES: 'x' });
    expect([code, stdout]).toEqual([0, 'the options are valid\n']);
    expect(stderr.split('\n').filter((line) => line !== '')).toEqual([
      `warning: ${P}TIMEOUT is ignored: got soon, expected a whole number of milliseconds from 1 to 2147483647`,
      expect.stringMatching(/^warning: OTEL_RESOURCE_ATTRIBUTES is ignored: /),
    ]);
  });

  test('have no effect on other reporters', async () => {
    const served = startHere(['serve', '--check', '--reporter', 'null'], {
      env: { [`${P}PROTOCOL`]: 'grpc' },
    });
    expect([await served.ended, served.stderr()]).toEqual([0, '']);
  });
});

test('the package that is missing has the range of the peer dependencies', () => {
  const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const spec of PACKAGES) {
    const at = spec.lastIndexOf('@');
    expect(peerDependencies[spec.slice(0, at)]).toBe(spec.slice(at + 1));
  }
  expect(readFileSync(join(ROOT, 'docs/opentelemetry.md'), 'utf8')).toContain(
    `npm install ${PACKAGES.join(' ')}\n`,
  );
});
