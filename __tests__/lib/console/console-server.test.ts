import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { consoles, TOKEN } from '../../helpers/consoles.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const { start } = consoles();
const sockets: ReturnType<typeof connect>[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Opens a connection that only does what the test says. */
async function raw(port: number, bytes = '') {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => (text += chunk)).on('error', () => undefined);
  if (bytes !== '') socket.write(bytes);
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return { received: () => text, isClosed: () => socket.closed, socket };
}

/** Sends a request, and returns the status and the answer, without waiting for the end of a stream. */
async function exchange(port: number, bytes: string): Promise<[status: number, text: string]> {
  const { received, isClosed } = await raw(port, bytes);
  await until('the server answers', () => received().includes('\r\n\r\n') || isClosed());
  return [Number(/^HTTP\/1\.1 (\d{3})/.exec(received())?.[1]), received()];
}

const get = (target: string, headers: Record<string, string> = {}, host = '127.0.0.1:9466', method = 'GET') =>
  [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`),
    '',
    '',
  ].join('\r\n');
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

describe('serves', () => {
  test.each([
    ['/', 200, 'text/html; charset=utf-8'],
    ['/?x', 200, 'text/html; charset=utf-8'],
    ['/index.html', 200, 'text/html; charset=utf-8'],
    ['/page.js', 200, 'text/javascript; charset=utf-8'],
    ['/page.css', 200, 'text/css; charset=utf-8'],
    ['/__proto__', 404, 'text/plain; charset=utf-8'],
    ['/toString', 404, 'text/plain; charset=utf-8'],
    ['/../package.json', 404, 'text/plain; charset=utf-8'],
    ['/metrics', 404, 'text/plain; charset=utf-8'],
  ])('%s: %d', async (target, status, type) => {
    const { port } = await start(path());
    const [got, text] = await exchange(port, get(target));
    expect([got, /content-type: (.*)\r/.exec(text)?.[1]]).toEqual([status, type]);
  });

  test.each(['/', '/page.js', '/stream', '/nothing'])(
    '%s with headers that keep others out, and no cookie',
    async (target) => {
      const { port } = await start(path());
      const [, text] = await exchange(port, get(target, AUTHORIZED));
      const policy = /content-security-policy: (.*)\r/.exec(text)?.[1]?.split('; ');
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
        ]),
      );
      expect(policy?.join()).not.toMatch(/unsafe|\*|https?:/);
      for (const header of [
        'cache-control: no-store',
        'referrer-policy: no-referrer',
        'x-content-type-options: nosniff',
        'x-frame-options: DENY',
        'cross-origin-resource-policy: same-origin',
      ])
        expect(text).toContain(header);
      expect(text).not.toMatch(/set-cookie|access-control/i);
    },
  );
});

describe('the stream', () => {
  test.each<[string, Record<string, string>, number]>([
    ['the token', AUTHORIZED, 200],
    ['no token', {}, 401],
    ['an empty token', { authorization: 'Bearer ' }, 401],
    ['another token', { authorization: `Bearer ${'U'.repeat(43)}` }, 401],
    ['the beginning of the token', { authorization: `Bearer ${TOKEN.slice(1)}` }, 401],
    ['the token and more', { authorization: `Bearer ${TOKEN}T` }, 401],
    ['the token in another way', { authorization: `Basic ${TOKEN}` }, 401],
    ['the token as a cookie', { cookie: `token=${TOKEN}` }, 401],
    ['the Origin of the page', { ...AUTHORIZED, origin: 'http://127.0.0.1:9466' }, 200],
    ['the Origin of another site', { ...AUTHORIZED, origin: 'https://evil.example' }, 403],
    ['the Origin of another port', { ...AUTHORIZED, origin: 'http://127.0.0.1:80' }, 403],
    ['an opaque Origin', { ...AUTHORIZED, origin: 'null' }, 403],
    ['a request of another site', { ...AUTHORIZED, 'sec-fetch-site': 'cross-site' }, 403],
    ['a request of another port', { ...AUTHORIZED, 'sec-fetch-site': 'same-site' }, 403],
    ['a request of the page', { ...AUTHORIZED, 'sec-fetch-site': 'same-origin' }, 200],
  ])('%s: %d', async (_name, headers, status) => {
    const { port } = await start(path());
    const [got, text] = await exchange(port, get('/stream', headers));
    expect(got).toBe(status);
    expect(text.includes('event: hello')).toBe(status === 200);
  });

  test('does not accept the token in the address', async () => {
    const { port } = await start(path());
    expect((await exchange(port, get(`/stream?token=${TOKEN}`)))[0]).toBe(401);
  });

  test('serves eight pages, and tells the ninth to close one of them', async () => {
    const { port } = await start(path());
    const request = get('/stream', AUTHORIZED);
    for (let i = 0; i < 8; i++) expect((await exchange(port, request))[0]).toBe(200);
    const [status, text] = await exchange(port, request);
    expect([status, text.split('\r\n\r\n')[1]]).toEqual([
      503,
      'too many pages are open: close one of them\n',
    ]);
    sockets[0]?.destroy();
    await until('there is room again', async () => (await exchange(port, request))[0] === 200);
  });
});

describe('Host (DNS rebinding)', () => {
  test.each([
    ['127.0.0.1:9466', 200],
    ['localhost:9466', 200],
    ['[::1]:9466', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:9466', 403],
    ['', 403],
    ['127.0.0.1\r\nHost: evil.example', 403],
  ])('%j: %d, with and without the token', async (host, status) => {
    const { port } = await start(path());
    for (const target of ['/', '/page.js', '/stream'])
      expect([target, (await exchange(port, get(target, AUTHORIZED, host)))[0]]).toEqual([
        target,
        // Node itself answers a request that names two hosts.
        status === 403 && host.includes('\r') ? expect.any(Number) : status,
      ]);
    const [got] = await exchange(port, get('/stream', AUTHORIZED, host));
    if (status !== 200) expect(got).not.toBe(200);
  });

  test('is required', async () => {
    const { port } = await start(path());
    const [status] = await exchange(port, `GET /stream HTTP/1.0\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    expect(status).toBe(403);
  });
});

describe('refuses', () => {
  test.each([
    ['POST', {}, 405],
    ['PUT', {}, 405],
    ['DELETE', {}, 405],
    ['OPTIONS', { origin: 'https://evil.example', 'access-control-request-headers': 'authorization' }, 403],
    ['GET', { 'content-length': '1' }, 413],
    ['GET', { 'transfer-encoding': 'chunked' }, 413],
  ])('%s %j: %d', async (method, headers, status) => {
    const { port } = await start(path());
    const [got, text] = await exchange(
      port,
      get('/stream', { ...AUTHORIZED, ...headers }, undefined, method),
    );
    expect(got).toBe(status);
    expect(text).not.toMatch(/access-control-allow/i);
  });

  test('headers of more than 8 KiB', async () => {
    const { port } = await start(path());
    expect((await exchange(port, get('/', { x: 'x'.repeat(9000) })))[0]).toBe(431);
  });

  test('connections above the limit: the oldest one without a request is closed, and pages stay open', async () => {
    const { port } = await start(path(), { maxConnections: 3 });
    const page = await raw(port, get('/stream', AUTHORIZED));
    await until('the page has the stream', () => page.received().includes('event: state'));
    const idle = await raw(port);
    const later = await raw(port);
    const newest = await raw(port, get('/'));
    await until('the newest is answered', () => newest.isClosed());
    expect(newest.received()).toContain('200 OK');
    await until('the oldest idle one is closed', () => idle.isClosed());
    expect([page.isClosed(), later.isClosed()]).toEqual([false, false]);
  });

  test('a second request on the same connection', async () => {
    const { port } = await start(path());
    const { received, isClosed } = await raw(port, get('/page.css') + get('/page.js'));
    await until('the connection is closed', isClosed);
    expect(received().match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe('an address', () => {
  test('that is in use: the error says how to choose another one', async () => {
    const { port } = await start(path());
    await expect(start(path(), { address: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
      message: expect.stringContaining('--console 127.0.0.1:PORT'),
    });
  });

  test('that this machine does not have', async () => {
    await expect(start(path(), { address: { host: '192.0.2.1', port: 0 } })).rejects.toMatchObject({
      code: 'ERR_LISTEN_FAILED',
    });
  });

  test('of IPv6', async () => {
    const { url } = await start(path(), { address: { host: '::1', port: 0 } });
    expect((await fetch(url)).status).toBe(200);
  });
});
