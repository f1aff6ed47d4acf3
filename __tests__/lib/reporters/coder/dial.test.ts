import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BoundaryLogError } from '../../../../codec/index.js';
import { type DialOptions, dial } from '../../../../lib/reporters/coder/dial.js';
import { type AgentServer, agentServers, TOKEN } from '../../../helpers/agent-server.js';
import { connectProxies } from '../../../helpers/connect-proxy.js';
import { until } from '../../../helpers/until.js';

const startServer = agentServers();
const startProxy = connectProxies();
const DONE = new BoundaryLogError('ERR_CLOSED', 'done');

// The tests do not depend on the proxy settings of the machine.
const PROXY_NAMES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
]);
let before: Record<string, string | undefined>;
beforeEach(() => {
  before = { ...process.env };
  for (const name of PROXY_NAMES) delete process.env[name];
});
afterEach(() => {
  for (const name of PROXY_NAMES) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

/** Connects, and closes the session again. Returns the error, if there is one. */
async function attempt(
  server: { url: string },
  options: Partial<DialOptions> = {},
  signal = new AbortController().signal,
) {
  try {
    const session = await dial(
      { url: server.url, token: TOKEN, allowOldServer: false, keepAliveMs: 15_000, ...options },
      signal,
    );
    session.close(DONE);
    await session.closed;
    return undefined;
  } catch (error) {
    return error;
  }
}

const paths = (server: AgentServer) => server.requests.map(({ url }) => url?.split('?', 1)[0]);

test.each([
  ['', ''],
  ['/', ''],
  ['/coder', '/coder'],
  ['/a/b/', '/a/b'],
])('the path %j of the address is kept', async (suffix, prefix) => {
  const server = await startServer();
  expect(await attempt({ url: `${server.url}${suffix}` })).toBeUndefined();
  expect(paths(server)).toEqual([`${prefix}/api/v2/buildinfo`, `${prefix}/api/v2/workspaceagents/me/rpc`]);
});

describe('the version check', () => {
  const says = (version: unknown) => ({ status: 200, body: JSON.stringify({ version }) });
  test.each([
    ['too old', says('v2.30.4+abc'), 'this is Coder v2.30.4+abc, but Coder before 2.31'],
    ['a build without a version', says('v0.0.0-devel+abc'), 'says "v0.0.0-devel+abc"'],
    ['not a text', says(2.31), 'does not name it'],
    ['missing', { status: 200, body: 'null' }, 'does not name it'],
    ['not JSON', { status: 200, body: '<html>' }, 'does not name it'],
    ['a very long response', { status: 200, body: ' '.repeat(1_000_000) }, 'does not name it'],
    ['not found', { status: 404, body: '' }, 'is this address correct?'],
  ])('fails (%s): there is no connection, and the token is not sent', async (_what, buildInfo, why) => {
    const server = await startServer();
    server.buildInfo = buildInfo;
    const error = await attempt(server);
    expect(error).toMatchObject({ code: 'ERR_CODER_REFUSED', message: expect.stringContaining(why) });
    expect(server.sessions).toEqual([]);
    expect(server.requests.map(({ headers }) => headers['coder-session-token'])).toEqual([undefined]);
  });

  test('is skipped if old servers are allowed', async () => {
    const server = await startServer();
    expect(await attempt(server, { allowOldServer: true })).toBeUndefined();
    expect(paths(server)).toEqual(['/api/v2/workspaceagents/me/rpc']);
  });

  test('may succeed later if the server is not available', async () => {
    const server = await startServer();
    server.buildInfo = { status: 503, headers: { 'retry-after': '7' } };
    expect(await attempt(server)).toMatchObject({ code: 'ERR_CONNECT_FAILED', retryAfterMs: 7000 });
  });
});

describe('a refusal', () => {
  const json = (message: string) =>
    JSON.stringify({ message, validations: [{ field: 'version', detail: 'behind' }, null] });
  test.each([
    [400, json('Unknown or unsupported API version'), 'HTTP 400: Unknown or unsupported API version: behind'],
    [401, json('no'), 'HTTP 401: no: behind'],
    [403, '{"message":"Agent trying to connect from non-latest build."}', 'non-latest build'],
    [404, '<html>not quoted</html>', 'HTTP 404)'],
    [302, '', 'HTTP 302)'],
  ])('%d is a lasting failure', async (status, body, text) => {
    const server = await startServer();
    server.refusal = { status, body, headers: { location: 'http://127.0.0.1:1/' } };
    expect(await attempt(server)).toMatchObject({
      code: 'ERR_CODER_REFUSED',
      message: expect.stringContaining(text),
      retryAfterMs: 120_000,
    });
    await until('the connection is closed', () => server.open === 0);
  });

  test.each([
    [429, '3', 3000],
    [503, undefined, undefined],
    [503, new Date(0).toUTCString(), 0],
  ])('%d with Retry-After %p may pass', async (status, retryAfter, ms) => {
    const server = await startServer();
    server.refusal = { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } };
    const error = (await attempt(server)) as Error & { retryAfterMs?: number };
    expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
    expect(error.retryAfterMs).toEqual(ms);
  });
});

describe('the token', () => {
  test('is read for each connection', async () => {
    const server = await startServer();
    const tokens = ['first', 'second'];
    const token = () => tokens.shift() as string;
    for (let i = 0; i < 2; i++) await attempt(server, { token });
    const sent = server.requests.map(({ headers }) => headers['coder-session-token']);
    expect(sent.filter((token) => token !== undefined)).toEqual(['first', 'second']);
  });

  test.each<[string, () => unknown, string]>([
    ['is not valid', () => 'half a\ntoken', 'is empty, or not a valid token'],
    ['is empty', async () => '', 'is empty, or not a valid token'],
    ['is not a text', () => undefined, 'is empty, or not a valid token'],
    [
      'cannot be read',
      () => {
        throw new Error('ENOENT: no such file');
      },
      'cannot be read (ENOENT: no such file)',
    ],
    ['cannot be read, without a reason', () => Promise.reject(undefined), 'cannot be read'],
  ])('that %s is a lasting failure', async (_what, token, text) => {
    const server = await startServer();
    const error = await attempt(server, { token: token as () => string });
    expect(error).toMatchObject({ code: 'ERR_CODER_REFUSED', message: expect.stringContaining(text) });
    expect(String(error)).not.toContain('half');
    expect(server.requests).toEqual([]);
  });
});

describe('an aborted attempt', () => {
  test.each<[string, (server: AgentServer) => Partial<DialOptions>]>([
    ['while the token is read', () => ({ token: () => new Promise(() => undefined) })],
    [
      'while the server does not answer the version check',
      (server) => {
        server.answers = false;
        return {};
      },
    ],
    [
      'while the server does not answer the upgrade',
      (server) => {
        server.answers = false;
        return { allowOldServer: true };
      },
    ],
  ])('%s leaves no connection', async (_what, prepare) => {
    const server = await startServer();
    const options = prepare(server);
    const giveUp = new AbortController();
    const attempted = attempt(server, options, giveUp.signal);
    if (options.token === undefined) await until('it is asked', () => server.requests.length === 1);
    giveUp.abort(new Error('no connection within 1 ms'));
    expect(await attempted).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringContaining('no connection within 1 ms'),
    });
    await until('the connection is closed', () => server.open === 0);
  });
});

describe('a proxy', () => {
  const target = (server: AgentServer) => new URL(server.url).host;

  test('gets both requests, with its credentials', async () => {
    const [server, proxy] = [await startServer(), await startProxy()];
    process.env.HTTP_PROXY = proxy.url.replace('//', '//user:p%40ss@');
    expect(await attempt(server)).toBeUndefined();
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(proxy.asked).toEqual([1, 2].map(() => ({ target: target(server), authorization })));
    expect(server.sessions).toHaveLength(1);
  });

  test('is bypassed for the addresses in NO_PROXY', async () => {
    const [server, proxy] = [await startServer(), await startProxy()];
    Object.assign(process.env, { HTTP_PROXY: proxy.url, NO_PROXY: 'example.com,127.0.0.1' });
    expect(await attempt(server)).toBeUndefined();
    expect(proxy.asked).toEqual([]);
  });

  test.each([
    [407, 'ERR_CODER_REFUSED', 'CONNECT with 407'],
    [403, 'ERR_CODER_REFUSED', 'NO_PROXY'],
    [502, 'ERR_CONNECT_FAILED', 'CONNECT with 502'],
  ])('that answers %d: %s', async (status, code, text) => {
    const [server, proxy] = [await startServer(), await startProxy()];
    process.env.http_proxy = proxy.url;
    proxy.status = status;
    for (const allowOldServer of [false, true]) {
      const error = await attempt(server, { allowOldServer });
      expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    }
    expect(server.requests).toEqual([]);
  });

  test('that does not answer is abandoned', async () => {
    const [server, proxy] = [await startServer(), await startProxy()];
    process.env.HTTP_PROXY = proxy.url;
    proxy.status = 0;
    const giveUp = new AbortController();
    const attempted = attempt(server, {}, giveUp.signal);
    await until('it is asked', () => proxy.asked.length === 1);
    giveUp.abort(new Error('enough'));
    expect(await attempted).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
    await until('its connection is closed', () => proxy.open() === 0);
  });

  test.each(['socks5://user:secret@127.0.0.1:1', 'http://user:secret@:1'])(
    'with the invalid address %s is a lasting failure that does not quote it',
    async (address) => {
      process.env.HTTP_PROXY = address;
      const error = await attempt({ url: 'http://127.0.0.1:1' });
      expect(error).toMatchObject({ code: 'ERR_CODER_REFUSED' });
      expect(String(error)).not.toContain('secret');
    },
  );
});

test.each([
  ['http://127.0.0.1:1', 'ECONNREFUSED'],
  ['http://name.invalid', /ENOTFOUND|EAI_AGAIN/],
])('%s cannot be reached, which may pass', async (url, why) => {
  expect(await attempt({ url })).toMatchObject({
    code: 'ERR_CONNECT_FAILED',
    message: expect.stringMatching(why),
    cause: expect.anything(),
  });
});
