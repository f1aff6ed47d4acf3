import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BoundaryLogError } from '../../../../codec/index.js';
import { type DialOptions, dial } from '../../../../lib/reporters/coder/dial.js';
import { checkRedirect, type Redirect, redirectIn } from '../../../../lib/reporters/coder/redirect.js';
import { type AgentServer, agentServers, type Reply, TOKEN } from '../../../helpers/agent-server.js';
import { selfSigned } from '../../../helpers/certificate.js';
import { connectProxies } from '../../../helpers/connect-proxy.js';
import { until } from '../../../helpers/until.js';

const startServer = agentServers();
const startProxy = connectProxies();
const UPGRADE = (protocol: string, accept: string) =>
  `HTTP/1.1 101 Yes\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\nsec-websocket-accept: ${accept}\r\n\r\n`;
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
  expect(paths(server)).toEqual([`${prefix}/api/v2/workspaceagents/me/rpc`]);
});

test.each([
  [false, '2.8'],
  [true, '2.7'],
])('with allowOldServer: %p, the only request asks for version %s', async (allowOldServer, version) => {
  const server = await startServer();
  expect(await attempt(server, { allowOldServer })).toBeUndefined();
  expect(server.requests.map(({ url }) => url)).toEqual([
    `/api/v2/workspaceagents/me/rpc?version=${version}&role=boundary-log-proxy`,
  ]);
});

describe('a refusal of Coder', () => {
  const json = (message: string) =>
    JSON.stringify({ message, validations: [{ field: 'version', detail: 'behind' }, null] });
  test.each([
    [
      400,
      false,
      'HTTP 400: Unknown or unsupported API version: behind): the agent API 2.8 is part of Coder 2.31.1',
    ],
    [400, false, '--coder-allow-old'],
    [400, true, 'the agent API 2.7, which is part of Coder 2.30'],
  ])('with %d (allowOldServer: %p) is lasting: %s', async (status, allowOldServer, text) => {
    const server = await startServer();
    server.refusal = { status, body: json('Unknown or unsupported API version') };
    expect(await attempt(server, { allowOldServer })).toMatchObject({
      code: 'ERR_CODER_REFUSED',
      message: expect.stringContaining(text),
      retryAfterMs: 120_000,
    });
    await until('the connection is closed', () => server.open === 0);
  });

  test.each(['', json('the job')])('with 401 and the body %j may pass', async (body) => {
    const server = await startServer();
    server.refusal = { status: 401, body };
    const error = (await attempt(server)) as object;
    expect(error).toMatchObject({
      code: 'ERR_CODER_REFUSED',
      message: expect.stringMatching(/HTTP 401.*being built.*rebuilt.*CODER_AGENT_TOKEN or the token file$/),
    });
    expect(error).not.toHaveProperty('retryAfterMs');
  });

  test.each([
    [429, '3', 3000],
    [503, undefined, undefined],
    [503, new Date(0).toUTCString(), 0],
  ])('with %d and Retry-After %p may pass', async (status, retryAfter, ms) => {
    const server = await startServer();
    server.refusal = { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } };
    const error = (await attempt(server)) as Error & { retryAfterMs?: number };
    expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
    expect(error.retryAfterMs).toEqual(ms);
  });
});

describe('what answers in the place of Coder is named, and may pass', () => {
  const html = { 'content-type': 'text/html; charset=utf-8' };
  const nginx = (what: string) =>
    `<html>\r\n<head><title>${what}</title></head>\r\n<body>\r\n<center><h1>${what}</h1></center>\r\n</body></html>`;
  test.each<[what: string, reply: Reply, text: string]>([
    [
      'nginx without its server',
      { status: 502, headers: html, body: nginx('502 Bad Gateway') },
      'is not available: URL answers with HTTP 502, text/html, "502 Bad Gateway 502 Bad Gateway"',
    ],
    ['503, HTML', { status: 503, headers: html, body: nginx('Sorry') }, 'HTTP 503, text/html, "Sorry Sorry"'],
    ['504, HTML', { status: 504, headers: html, body: nginx('Late') }, 'HTTP 504, text/html, "Late Late"'],
    [
      'an ingress without a route',
      { status: 404, headers: { 'content-type': 'text/plain' }, body: 'default backend - 404' },
      'no agent API at URL, which answers with HTTP 404, text/plain, "default backend - 404"',
    ],
    ['404 without a body', { status: 404 }, 'HTTP 404, no content type, empty: is this address correct'],
    ['404 of an API', { status: 404, body: '{"message":"Route not found."}' }, 'HTTP 404: Route not found.'],
    [
      'a page for people',
      {
        status: 200,
        headers: html,
        body: '<!doctype html><style>a{}</style><!-- <b>no</b> --><p>Back soon</p>',
      },
      'HTTP 200, text/html, "Back soon": is this address correct',
    ],
    [
      'a page that a script fills',
      { status: 200, headers: html, body: '<div id=app></div><script>start()</script>' },
      'HTTP 200, text/html, "<div id=app></div><script>start()</script>"',
    ],
    [
      '400, HTML',
      { status: 400, headers: html, body: nginx('Plain HTTP') },
      'HTTP 400, text/html, "Plain HTTP',
    ],
    [
      '401, HTML',
      { status: 401, headers: html, body: nginx('Log in') },
      'HTTP 401, text/html, "Log in Log in"',
    ],
    [
      '403, HTML',
      { status: 403, headers: html, body: nginx('Blocked') },
      'HTTP 403, text/html, "Blocked Block',
    ],
    [
      '426',
      { status: 426, body: 'Upgrade Required' },
      'HTTP 426, no content type, "Upgrade Required": is this',
    ],
    [
      'a hostile text',
      {
        status: 500,
        headers: { 'content-type': 'text/x' },
        body: '\u001b[31mred\u202e"\\ \r\nINFO: forged',
      },
      'HTTP 500, text/x, "[31mred\\u202e\\"\\\\ INFO: forged"',
    ],
    ['a long text', { status: 500, body: 'x'.repeat(100_000) }, `empty, "${'x'.repeat(120)}…"`.slice(7)],
    ['a redirect without a target', { status: 302, body: 'moved' }, 'HTTP 302, no content type, "moved"'],
    [
      '304',
      { status: 304, raw: 'HTTP/1.1 304 Not\r\nlocation: /x\r\n\r\n' },
      'HTTP 304, no content type, empty',
    ],
    [
      'a body that is cut off',
      { status: 502, raw: 'HTTP/1.1 502 No\r\ncontent-length: 9\r\n\r\nbad' },
      '"bad"',
    ],
    ['no answer', { status: 0, raw: '' }, 'cannot be reached at URL (ECONNRESET: socket hang up)'],
    ['half an answer', { status: 0, raw: 'HTTP/1.1 502' }, 'cannot be reached at URL ('],
    ['another protocol', { status: 0, raw: 'SSH-2.0-OpenSSH_9.2\r\n' }, 'What answers is not HTTP'],
    ['an upgrade to something else', { status: 0, raw: UPGRADE('h2c', '') }, 'Invalid Upgrade header'],
    [
      'an upgrade without its key',
      { status: 0, raw: UPGRADE('websocket', 'x') },
      'Invalid Sec-WebSocket-Accept',
    ],
  ])('%s', async (_what, reply, text) => {
    const server = await startServer();
    server.refusal = reply;
    const error = (await attempt(server)) as Error;
    const message = text.replace('URL', `${server.url}/api/v2/workspaceagents/me/rpc`);
    expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED', message: expect.stringContaining(message) });
    expect(error).not.toHaveProperty('retryAfterMs');
    expect(error.message).toMatch(/^[^\p{Cc}\p{Cf}]+$/u);
    await until('the connection is closed', () => server.open === 0);
  });

  test('the token is not shown, even if the answer repeats the request', async () => {
    const server = await startServer();
    for (const body of [`you sent ${TOKEN}`, JSON.stringify({ message: `not ${TOKEN}` })]) {
      server.refusal = { status: 404, headers: { 'content-type': TOKEN }, body };
      const error = await attempt(server);
      expect(error).toMatchObject({ message: expect.stringContaining('[token]') });
      expect(String(error)).not.toContain(TOKEN);
      server.refusal = { status: 302, headers: { location: `http://other/${TOKEN}/` } };
      expect(String(await attempt(server))).not.toContain(TOKEN);
    }
  });

  test('a body that does not end does not delay the result', async () => {
    const server = await startServer();
    server.refusal = undefined;
    const { url } = server;
    await server.stop();
    const silent = createServer((_request, response) => response.writeHead(502).write('<h1>never'));
    silent.listen(Number(new URL(url).port), '127.0.0.1');
    await once(silent, 'listening');
    try {
      const error = await attempt({ url });
      expect(error).toMatchObject({
        message: expect.stringContaining('HTTP 502, no content type, "<h1>never"'),
      });
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  test('a port without TLS, and a port with it', async () => {
    const [plain, secure] = [await startServer(), await startServer(selfSigned())];
    expect(await attempt({ url: plain.url.replace('http:', 'https:') })).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringContaining('Does this port speak TLS?'),
    });
    const error = await attempt({ url: secure.url.replace('https:', 'http:') });
    expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
  });
});

describe('a redirect', () => {
  const to = (location: string, status = 307): Reply => ({ status, headers: { location } });

  test.each([301, 302, 303, 307, 308])(
    'with %d within the host is followed, with the token',
    async (status) => {
      const server = await startServer();
      server.refusal = ({ url }) => (url?.startsWith('/api/') ? to('/moved/rpc?a=b#c', status) : undefined);
      expect(await attempt(server)).toBeUndefined();
      expect(server.requests.map(({ url }) => url)).toEqual([
        expect.stringMatching(/^\/api\//),
        '/moved/rpc?a=b',
      ]);
      expect(server.requests.map(({ headers }) => headers['coder-session-token'])).toEqual([TOKEN, TOKEN]);
      expect(server.sessions).toHaveLength(1);
    },
  );

  test('from http to https on another port is followed', async () => {
    const [plain, secure] = [await startServer(), await startServer(selfSigned())];
    plain.refusal = to(`${secure.url}/rpc`);
    // The certificate is not trusted here, so this is as far as it gets.
    expect(await attempt(plain)).toMatchObject({
      message: expect.stringContaining(`cannot be reached at ${secure.url}/rpc (DEPTH_ZERO_SELF_SIGNED_CERT`),
    });
    plain.refusal = to(plain.url.replace('http', 'ws'));
    const before = plain.requests.length;
    plain.refusal = ({ url }) => (url?.startsWith('/api/') ? to(plain.url.replace('http', 'ws')) : undefined);
    expect(await attempt(plain)).toBeUndefined();
    expect(plain.requests.slice(before).map(({ url }) => url?.split('?')[0])).toEqual([
      '/api/v2/workspaceagents/me/rpc',
      '/',
    ]);
  });

  test.each([
    ['another host', 'http://127.0.0.2:1/login?from=x', 'http://127.0.0.2:1/login, another host'],
    ['another host without a scheme', '//other.example.com/', 'http://other.example.com/, another host'],
    [
      'a host below',
      'http://a.127.0.0.1.example.com/',
      'http://a.127.0.0.1.example.com/, another host, which must not get the token',
    ],
    ['a host with a password', 'http://user:secret@other/', 'http://other/, another host'],
    ['another scheme', 'ftp://127.0.0.1/', 'ftp://127.0.0.1/, which is not an http or https address'],
    ['nonsense', 'http://[', 'http://[, which is not an http or https address'],
  ])('to %s is not followed, and the message names the target', async (_what, location, text) => {
    const server = await startServer();
    server.refusal = to(location);
    const error = (await attempt(server)) as Error;
    expect(error).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringContaining(`/rpc redirects to ${text}`),
    });
    expect(error).not.toHaveProperty('retryAfterMs');
    expect(error.message).not.toContain('secret');
    expect(server.requests).toHaveLength(1);
    await until('the connection is closed', () => server.open === 0);
  });

  test('in a circle ends after as many requests as in Go', async () => {
    const server = await startServer();
    server.refusal = to('/again');
    expect(await attempt(server)).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringContaining('/again, after 10 requests'),
    });
    expect(server.requests).toHaveLength(10);
    await until('the connections are closed', () => server.open === 0);
  });

  test('from https to http is not followed', () => {
    const [from, location] = [new URL('https://coder.example.com/a'), 'http://coder.example.com/b'];
    const redirect = redirectIn(from, { statusCode: 301, headers: { location } }, TOKEN);
    expect(() => checkRedirect(redirect as Redirect, 1)).toThrow('without encryption');
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
  ])('that %s may pass', async (_what, token, text) => {
    const server = await startServer();
    const error = await attempt(server, { token: token as () => string });
    expect(error).toMatchObject({ code: 'ERR_CODER_REFUSED', message: expect.stringContaining(text) });
    expect(error).not.toHaveProperty('retryAfterMs');
    expect(String(error)).not.toContain('half');
    expect(server.requests).toEqual([]);
  });
});

describe('an aborted attempt', () => {
  test.each<[string, (server: AgentServer) => Partial<DialOptions>]>([
    ['while the token is read', () => ({ token: () => new Promise(() => undefined) })],
    [
      'while the server does not answer the upgrade',
      (server) => {
        server.answers = false;
        return {};
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

describe('an HTTP proxy', () => {
  // Documentation addresses (RFC 5737): a loopback address is never reached through a proxy.
  const elsewhere = ({ url }: AgentServer) => ({ url: url.replace('127.0.0.1', '192.0.2.1') });

  test('gets the request, with its credentials', async () => {
    const [server, proxy] = [await startServer(), await startProxy()];
    process.env.HTTP_PROXY = proxy.url.replace('//', '//user:p%40ss@');
    const target = elsewhere(server);
    expect(await attempt(target)).toBeUndefined();
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(proxy.asked).toEqual([{ target: new URL(target.url).host, authorization }]);
    expect(server.sessions).toHaveLength(1);
  });

  test('gets each request of a redirect', async () => {
    const [server, proxy] = [await startServer(), await startProxy()];
    process.env.HTTP_PROXY = proxy.url;
    server.refusal = ({ url }) =>
      url?.startsWith('/api/') ? { status: 308, headers: { location: '/moved' } } : undefined;
    expect(await attempt(elsewhere(server))).toBeUndefined();
    expect(proxy.asked).toHaveLength(2);
  });

  test('is bypassed for loopback addresses, and for the networks in NO_PROXY', async () => {
    const [server, proxy] = [await startServer(), await startProxy()];
    process.env.HTTP_PROXY = proxy.url;
    expect(await attempt(server)).toBeUndefined();
    process.env.NO_PROXY = '192.0.2.0/24';
    // There is nothing at this address, so an attempt without the proxy does not end by itself.
    const attempted = attempt(elsewhere(server), {}, AbortSignal.timeout(100));
    expect(await attempted).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
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
    expect(await attempt(elsewhere(server))).toMatchObject({ code, message: expect.stringContaining(text) });
    expect(server.requests).toEqual([]);
  });

  test('that does not answer is abandoned', async () => {
    const [server, proxy] = [await startServer(), await startProxy()];
    process.env.HTTP_PROXY = proxy.url;
    proxy.status = 0;
    const giveUp = new AbortController();
    const attempted = attempt(elsewhere(server), {}, giveUp.signal);
    await until('it is asked', () => proxy.asked.length === 1);
    giveUp.abort(new Error('enough'));
    expect(await attempted).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
    await until('its connection is closed', () => proxy.open() === 0);
  });

  test('that cannot be reached is named, without its password', async () => {
    process.env.HTTP_PROXY = 'http://user:secret@127.0.0.1:1';
    const error = await attempt({ url: 'http://192.0.2.1' });
    expect(error).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringMatching(/through the HTTP proxy 127\.0\.0\.1:1 \(ECONNREFUSED/),
    });
    expect(String(error)).not.toContain('secret');
  });

  test.each(['socks5://user:secret@127.0.0.1:1', 'http://user:secret@:1'])(
    'with the invalid address %s is a lasting failure that does not quote it',
    async (address) => {
      process.env.HTTP_PROXY = address;
      const error = await attempt({ url: 'http://192.0.2.1' });
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
