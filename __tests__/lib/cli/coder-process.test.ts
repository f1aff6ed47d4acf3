import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { type AgentCall, type AgentServer, agentServers, TOKEN } from '../../helpers/agent-server.js';
import { selfSigned } from '../../helpers/certificate.js';
import { numbersByCall, PLAIN } from '../../helpers/coder-served.js';
import { connectProxies } from '../../helpers/connect-proxy.js';
import { logBatch, logsFrame, SESSION } from '../../helpers/messages.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { logOf } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

// A process starts slowly when others run, and delays of retries are random.
jest.setTimeout(150_000);
const start = commands();
const startServer = agentServers();
const startProxy = connectProxies();
const path = tempPaths();

interface Served extends Running {
  socket: string;
}

async function serve(env: object, ...args: string[]): Promise<Served> {
  const socket = path();
  const options = ['--reporter', 'coder', '--socket', socket, '--metrics', 'off'];
  const served = start(['serve', ...options, ...args], { env: { ...PLAIN, ...env } });
  await listening(served, socket);
  return { ...served, socket };
}

/** The sequence numbers of all events that a server received. */
const numbers = (server: AgentServer) => numbersByCall(server).flat();
/** What a request of logBatch() begins with: its other fields follow. */
const logsOf = (raw: Buffer) =>
  raw.subarray(0, raw.lastIndexOf(Buffer.concat([Buffer.of(0x12, SESSION.length), Buffer.from(SESSION)])));

async function ended(served: Running): Promise<Record<string, unknown>> {
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
  return logOf(served).find(({ msg }) => msg === 'closed');
}

describe('serve --reporter coder', () => {
  test('reports the received bytes unchanged, and drains at SIGTERM', async () => {
    const server = await startServer();
    const served = await serve({ CODER_AGENT_URL: server.url, CODER_AGENT_TOKEN: TOKEN });
    await server.session();
    // The server answers the first call only after SIGTERM.
    server.onCall = (call) => {
      if (server.calls.length > 1) call.ok();
    };
    await sendAll(served.socket, [logsFrame(2)]);
    await until('the first one has arrived', () => server.calls.length === 1);
    await sendAll(served.socket, [logsFrame(2, 2), logsFrame(2, 4)]);
    served.child.kill('SIGTERM');
    await until('it is closing', () => served.stderr().includes('closing'));
    server.calls[0]?.ok();
    expect(await served.ended).toBe(0);
    // Those that had to wait are one call: the second batch, and the logs of the third one.
    const [{ request: first }, { request: second }] = server.calls as [AgentCall, AgentCall];
    expect(first).toEqual(logBatch(2).raw);
    expect(second).toEqual(Buffer.concat([logBatch(2, 2).raw, logsOf(logBatch(2, 4).raw)]));
    expect(server.calls).toHaveLength(2);
    expect(logOf(served).at(-1)).toMatchObject({ msg: 'closed', forwarded: { batches: 3, logs: 6 } });
    await until('the server sees it close', () => server.sessions[0]?.closeCode === 1000);
    expect(served.stdout()).toBe('');
    expect(served.stderr()).not.toContain(TOKEN);
    expect(existsSync(served.socket)).toBe(false);
  });

  test.each([
    ['--coder-token-file', 503],
    ['CODER_AGENT_TOKEN_FILE', 401],
  ])(
    'the file of %s is read again after a %d, and batches wait in the spool meanwhile',
    async (name, status) => {
      const server = await startServer();
      const [file, spool] = [path(), path()];
      writeFileSync(file, 'an-old-token\n');
      server.refusal = ({ headers }) =>
        headers['coder-session-token'] === TOKEN ? undefined : { status, headers: { 'retry-after': '0' } };
      const [env, args] = name.startsWith('--') ? [{}, [name, file]] : [{ [name]: file }, []];
      const served = await serve(env, '--coder-url', server.url, '--spool', spool, ...args);
      await sendAll(served.socket, [logsFrame(1), logsFrame(1, 1)]);
      await until('it has been refused', () => served.stderr().includes('Coder is not available'));
      writeFileSync(file, `${TOKEN}\n`);
      await until('both have arrived', () => numbers(server).length === 2, 60_000);
      expect(numbers(server)).toEqual([0, 1]);
      expect(server.requests[0]?.headers['coder-session-token']).toBe('an-old-token');
      const account = await ended(served);
      expect(account).toMatchObject({ forwarded: { batches: 2 }, kept: { batches: 0 } });
      expect(served.stderr()).not.toMatch(/an-old-token|the-secret-token/);
    },
  );

  test('a token file that is gone or empty for some time is read as soon as it is back', async () => {
    const server = await startServer();
    const file = path();
    writeFileSync(file, TOKEN);
    server.refusal = { status: 503 };
    const served = await serve({ CODER_AGENT_TOKEN_FILE: file, CODER_AGENT_URL: server.url });
    await until('it has been refused', () => server.requests.length > 0);
    rmSync(file);
    await sendAll(served.socket, [logsFrame(1)]);
    await until(
      'it says that the file is gone',
      () => /cannot be read \(ENOENT/.test(served.stderr()),
      60_000,
    );
    const before = server.requests.length;
    writeFileSync(file, '');
    server.refusal = undefined;
    writeFileSync(file, TOKEN);
    await until('it has arrived', () => server.calls.length === 1, 60_000);
    expect(server.requests.length).toBe(before + 1);
    expect(await ended(served)).toMatchObject({ forwarded: { batches: 1 } });
  });

  test('while the workspace is being built, its token is refused, and then everything is delivered', async () => {
    const server = await startServer();
    const message = 'The agent cannot authenticate until the workspace provision job has been completed.';
    server.refusal = () =>
      server.requests.length > 4 ? undefined : { status: 401, body: JSON.stringify({ message }) };
    const served = await serve({ CODER_AGENT_URL: server.url, CODER_AGENT_TOKEN: TOKEN });
    await sendAll(
      served.socket,
      Array.from({ length: 50 }, (_, n) => logsFrame(1, n)),
    );
    await until('all have arrived', () => numbers(server).length === 50, 60_000);
    expect(await ended(served)).toMatchObject({ forwarded: { batches: 50 } });
    const [warning] = logOf(served).filter(({ level, err }) => level === 40 && err !== undefined);
    expect(warning.err.message).toContain(message);
    expect(warning.err.message).toContain('While the workspace is being built, this passes by itself');
  });

  test('whatever a load balancer answers, the proxy retries until Coder answers', async () => {
    const server = await startServer();
    const answers = [
      { status: 404, body: 'default backend - 404' },
      { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>502 Bad Gateway</h1>' },
      { status: 302, headers: { location: 'https://login.example.com/' } },
      { status: 0, raw: '' },
    ];
    server.refusal = () => answers[server.requests.length - 1];
    const served = await serve({ CODER_AGENT_URL: server.url, CODER_AGENT_TOKEN: TOKEN });
    await sendAll(served.socket, [logsFrame(1)]);
    await until('it has arrived', () => server.calls.length === 1, 60_000);
    expect(await ended(served)).toMatchObject({ forwarded: { batches: 1 } });
    expect(served.stderr()).toContain('HTTP 404, no content type, \\"default backend - 404\\"');
  });

  test('a redirect within the host is followed, and loopback addresses need no entry in NO_PROXY', async () => {
    const [front, server] = [await startServer(), await startServer()];
    front.refusal = ({ url }) => ({ status: 307, headers: { location: `${server.url}${url}` } });
    const env = { CODER_AGENT_URL: front.url, CODER_AGENT_TOKEN: TOKEN, HTTP_PROXY: 'http://127.0.0.1:1' };
    const served = await serve(env);
    await sendAll(served.socket, [logsFrame(1)]);
    await until('it has arrived', () => server.calls.length === 1);
    expect(server.requests[0]?.headers['coder-session-token']).toBe(TOKEN);
    expect(await ended(served)).toMatchObject({ forwarded: { batches: 1 } });
  });

  test('a lasting refusal is one line that says what to do, and the batch is kept for the next start', async () => {
    const server = await startServer();
    server.refusal = { status: 400, body: '{"message":"Unknown or unsupported API version"}' };
    const args = ['--coder-url', server.url, '--spool', path(), '--drain', '0'];
    const env = { CODER_AGENT_TOKEN: TOKEN };
    const served = await serve(env, ...args);
    await sendAll(served.socket, [logsFrame(1)]);
    const refused = () => served.stderr().match(/Coder is too old[^\n]*--coder-allow-old/g)?.length;
    await until('it has said so', () => refused() === 1);
    expect(await ended(served)).toMatchObject({ kept: { batches: 1, logs: 1 } });
    expect(server.requests).toHaveLength(1);
    server.refusal = undefined;
    await serve(env, ...args);
    await until('it has arrived', () => server.calls.length === 1);
  });

  test.each([
    ['2.8', []],
    ['2.7', ['--coder-allow-old']],
  ])('asks for version %s with %j, and for nothing else', async (version, args) => {
    const server = await startServer();
    await serve({ CODER_AGENT_URL: server.url, CODER_AGENT_TOKEN: TOKEN }, ...args);
    await server.session();
    expect(server.requests.map(({ url }) => url)).toEqual([
      expect.stringContaining(`/rpc?version=${version}&role=boundary-log-proxy`),
    ]);
  });
});

describe('https', () => {
  const tls = selfSigned();
  const authorities = ({ cert }: { cert: string }) => {
    const file = path();
    writeFileSync(file, cert);
    return file;
  };

  test.each([false, true])('a custom certificate authority works (through a proxy: %p)', async (byProxy) => {
    // A loopback address is never reached through a proxy.
    const host = byProxy ? '192.0.2.1' : '127.0.0.1';
    const trusted = selfSigned(host.split('.').map(Number));
    const [server, proxy] = [await startServer(trusted), await startProxy()];
    const served = await serve({
      CODER_AGENT_URL: server.url.replace('127.0.0.1', host),
      CODER_AGENT_TOKEN: TOKEN,
      NODE_EXTRA_CA_CERTS: authorities(trusted),
      ...(byProxy ? { HTTPS_PROXY: proxy.url } : {}),
    });
    await sendAll(served.socket, [logsFrame(1)]);
    await until('it has arrived', () => server.calls.length === 1);
    expect(proxy.asked).toHaveLength(byProxy ? 1 : 0);
    expect(await ended(served)).toMatchObject({ forwarded: { batches: 1 } });
  });

  test.each([false, true])(
    'a certificate for another address is rejected (through a proxy: %p)',
    async (byProxy) => {
      const other = selfSigned([127, 0, 0, 2]);
      const [server, proxy] = [await startServer(other), await startProxy()];
      const served = await serve({
        CODER_AGENT_URL: byProxy ? server.url.replace('127.0.0.1', '192.0.2.1') : server.url,
        CODER_AGENT_TOKEN: TOKEN,
        NODE_EXTRA_CA_CERTS: authorities(other),
        ...(byProxy ? { HTTPS_PROXY: proxy.url } : {}),
      });
      await until('it says so', () => served.stderr().includes('ERR_TLS_CERT_ALTNAME_INVALID'));
      expect(server.requests).toEqual([]);
    },
  );

  test('a certificate that is not trusted is a warning that says what to do', async () => {
    const server = await startServer(tls);
    const env = { CODER_AGENT_URL: server.url, CODER_AGENT_TOKEN: TOKEN, NODE_EXTRA_CA_CERTS: '' };
    const served = await serve(env);
    await until('it says so', () => served.stderr().includes('NODE_EXTRA_CA_CERTS'));
    expect(logOf(served).find(({ level }) => level === 40)).toMatchObject({
      err: { code: 'ERR_CONNECT_FAILED' },
    });
    expect(server.sessions).toEqual([]);
  });
});

describe('wrong usage', () => {
  test.each([
    ['no address', { CODER_AGENT_TOKEN: TOKEN }, [], 'set --coder-url, or CODER_AGENT_URL'],
    [
      'an address that is not valid',
      { CODER_AGENT_TOKEN: TOKEN },
      ['--coder-url', 'coder.example.com'],
      '--coder-url: got a value that is not shown here, expected an http or https URL',
    ],
    [
      'a token file that is missing',
      { CODER_AGENT_TOKEN_FILE: '/does/not/exist' },
      ['--coder-url', 'http://127.0.0.1:1'],
      'CODER_AGENT_TOKEN_FILE: the file with the agent token cannot be read (ENOENT',
    ],
    [
      'a token that is not valid',
      { CODER_AGENT_TOKEN: 'a b' },
      ['--coder-url', 'http://127.0.0.1:1'],
      'CODER_AGENT_TOKEN: got a text that is not a valid token',
    ],
  ])('%s', async (_what, env, args, text) => {
    const socket = path();
    const served = start(['serve', '--reporter', 'coder', '--socket', socket, '--metrics', 'off', ...args], {
      env: { ...PLAIN, ...env },
    });
    expect(await served.ended).toBe(2);
    expect(served.stderr()).toMatch(/^error: ERR_INVALID_OPTION: [^\n]*\n$/);
    expect(served.stderr()).toContain(text);
    expect(served.stderr()).not.toMatch(/a b|secret/);
  });

  test('there is no option for the token', async () => {
    const served = start(['serve', '--reporter', 'coder', '--coder-token', TOKEN], { env: PLAIN });
    expect(await served.ended).toBe(2);
    expect(served.stderr()).toContain("unknown option '--coder-token'");
  });
});
