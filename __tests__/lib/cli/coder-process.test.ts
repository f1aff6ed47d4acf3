import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { ReportBoundaryLogsRequest } from '../../../codec/messages.js';
import { type AgentCall, type AgentServer, agentServers, TOKEN } from '../../helpers/agent-server.js';
import { selfSigned } from '../../helpers/certificate.js';
import { connectProxies } from '../../helpers/connect-proxy.js';
import { logBatch, logsFrame, SESSION } from '../../helpers/messages.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

// A process starts slowly when others run.
jest.setTimeout(60_000);
const start = commands();
const startServer = agentServers();
const startProxy = connectProxies();
const path = tempPaths();

// The tests must not see the HTTP proxies of the machine, or the variables of a Coder workspace.
const PLAIN = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']
    .flatMap((name) => [name, name.toLowerCase()])
    .concat('CODER_AGENT_URL', 'CODER_AGENT_TOKEN')
    .map((name) => [name, '']),
);

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

const logOf = (served: Running) =>
  served
    .stderr()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
/** The sequence numbers of all events that a server received. */
const numbers = ({ calls }: AgentServer) =>
  calls.flatMap(({ request }) =>
    ReportBoundaryLogsRequest.decode(request).logs.map(({ sequenceNumber }) => sequenceNumber),
  );
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

  test('the token file is read again for each connection, and batches wait in the spool meanwhile', async () => {
    const server = await startServer();
    const [file, spool] = [path(), path()];
    writeFileSync(file, 'an-old-token\n');
    server.refusal = { status: 503, headers: { 'retry-after': '0' } };
    const served = await serve({}, '--coder-url', server.url, '--coder-token-file', file, '--spool', spool);
    await sendAll(served.socket, [logsFrame(1), logsFrame(1, 1)]);
    await until('it has been refused', () => served.stderr().includes('Coder is not available'));
    writeFileSync(file, `${TOKEN}\n`);
    server.refusal = undefined;
    await until('both have arrived', () => numbers(server).length === 2, 30_000);
    expect(numbers(server)).toEqual([0, 1]);
    const rpc = server.requests.filter(({ url }) => url?.includes('/rpc?'));
    expect(rpc[0]?.headers['coder-session-token']).toBe('an-old-token');
    expect(rpc.at(-1)?.headers['coder-session-token']).toBe(TOKEN);
    const account = await ended(served);
    expect(account).toMatchObject({ forwarded: { batches: 2 }, kept: { batches: 0 } });
    expect(served.stderr()).not.toMatch(/an-old-token|the-secret-token/);
  });

  test('a lasting refusal is one line that says what to do, and the batch is kept for the next start', async () => {
    const server = await startServer();
    server.refusal = { status: 401 };
    const args = ['--coder-url', server.url, '--spool', path(), '--drain', '0'];
    const env = { CODER_AGENT_TOKEN: TOKEN };
    const served = await serve(env, ...args);
    await sendAll(served.socket, [logsFrame(1)]);
    const refused = () => served.stderr().match(/does not know this agent token/g)?.length;
    await until('it has said so', () => refused() === 1);
    expect(await ended(served)).toMatchObject({ kept: { batches: 1, logs: 1 } });
    expect(server.requests.filter(({ url }) => url?.includes('/rpc?'))).toHaveLength(1);
    server.refusal = undefined;
    await serve(env, ...args);
    await until('it has arrived', () => server.calls.length === 1);
  });

  test('--coder-allow-old does not ask for the version', async () => {
    const server = await startServer();
    server.buildInfo = { status: 404 };
    const env = { CODER_AGENT_URL: server.url, CODER_AGENT_TOKEN: TOKEN };
    await serve(env, '--coder-allow-old');
    await server.session();
    expect(server.requests.map(({ url }) => url)).toEqual([expect.stringContaining('/rpc?')]);
  });
});

describe('https', () => {
  const tls = selfSigned();
  const authorities = ({ cert } = tls) => {
    const file = path();
    writeFileSync(file, cert);
    return file;
  };

  test.each([false, true])('a custom certificate authority works (through a proxy: %p)', async (byProxy) => {
    const [server, proxy] = [await startServer(tls), await startProxy()];
    const served = await serve({
      CODER_AGENT_URL: server.url,
      CODER_AGENT_TOKEN: TOKEN,
      NODE_EXTRA_CA_CERTS: authorities(),
      ...(byProxy ? { HTTPS_PROXY: proxy.url } : {}),
    });
    await sendAll(served.socket, [logsFrame(1)]);
    await until('it has arrived', () => server.calls.length === 1);
    expect(proxy.asked).toHaveLength(byProxy ? 2 : 0);
    expect(await ended(served)).toMatchObject({ forwarded: { batches: 1 } });
  });

  test.each([false, true])(
    'a certificate for another address is rejected (through a proxy: %p)',
    async (byProxy) => {
      const other = selfSigned([127, 0, 0, 2]);
      const [server, proxy] = [await startServer(other), await startProxy()];
      const served = await serve({
        CODER_AGENT_URL: server.url,
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
    ['no address', {}, [], 'set --coder-url, or CODER_AGENT_URL'],
    [
      'an address that is not valid',
      { CODER_AGENT_TOKEN: TOKEN },
      ['--coder-url', 'coder.example.com'],
      'CoderReporter: url: got',
    ],
    [
      'a token that is not valid',
      { CODER_AGENT_TOKEN: 'a b' },
      ['--coder-url', 'http://127.0.0.1:1'],
      'CoderReporter: token: got a text that is not a valid token',
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
