import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { MetricsServer, type MetricsServerOptions } from '../../../lib/cli/metrics-server.js';
import type { Health } from '../../../lib/index.js';
import { MAX_HTTP_CONNECTIONS } from '../../../lib/server/descriptors.js';
import { logLines } from '../../helpers/log-lines.js';
import { until } from '../../helpers/until.js';

const servers: MetricsServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function things(): Registry {
  const registry = new Registry();
  new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(3);
  return registry;
}

/** A registry with a metric that is read by a function. */
function registryWith(collect: () => void): Registry {
  const registry = new Registry();
  new Counter({ name: 'things_total', help: 'Things.', registers: [registry], collect });
  return registry;
}

/** Starts a server, whose log is at `lines`. */
async function listen(options: Partial<MetricsServerOptions> = {}, host = '127.0.0.1') {
  const logger = logLines();
  const health = (): Health => ({ status: 'ok', reasons: [] });
  const all = { registry: things(), health, allowedHosts: [], logger, ...options };
  const server = await MetricsServer.listen({ host, port: 0 }, all);
  servers.push(server);
  server.announce();
  return { url: server.url, port: Number(new URL(server.url).port), lines: logger.lines };
}

interface Raw {
  readonly socket: Socket;
  /** What the server has sent so far. */
  received(): string;
  isClosed(): boolean;
}

/** Opens a connection that only does what the test says. */
async function raw(port: number, bytes = ''): Promise<Raw> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => (text += chunk)).on('error', () => undefined);
  if (bytes !== '') socket.write(bytes);
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return { socket, received: () => text, isClosed: () => socket.closed };
}

/** Sends bytes, and returns everything that the server answers until it closes the connection. */
async function exchange(port: number, bytes: string): Promise<string> {
  const { received, isClosed } = await raw(port, bytes);
  await until('the server closes the connection', isClosed);
  return received();
}

const get = (path: string, headers = '', host = 'localhost') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;

const statusOf = (answer: string) => /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];

describe('serves', () => {
  test.each([
    ['GET', '/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8', /^# HELP things_total Things\./],
    ['GET', '/metrics?name=x', 200, 'text/plain; version=0.0.4; charset=utf-8', /^things_total 3$/m],
    ['HEAD', '/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8', /^$/],
    ['GET', '/healthz', 200, 'application/json', /^\{"status":"ok","reasons":\[\]\}\n$/],
    ['GET', '/livez', 200, 'text/plain; charset=utf-8', /^ok\n$/],
    ['GET', '/', 404, 'text/plain; charset=utf-8', /\/metrics, \/healthz or \/livez/],
    ['GET', '/metrics/', 404, 'text/plain; charset=utf-8', /not found/],
    ['POST', '/metrics', 405, 'text/plain; charset=utf-8', /GET and HEAD/],
    ['DELETE', '/livez', 405, 'text/plain; charset=utf-8', /GET and HEAD/],
  ])('%s %s: %d', async (method, path, status, type, body) => {
    const { url } = await listen();
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null);
    expect(await response.text()).toMatch(body);
  });

  test('also on IPv6', async () => {
    const { url } = await listen({}, '::1');
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

test.each<[number, Health]>([
  [200, { status: 'ok', reasons: [] }],
  [200, { status: 'degraded', reasons: ['reporter_failing'] }],
  [503, { status: 'failing', reasons: ['dropping', 'reporter_failing'] }],
])('/healthz answers %d for %j, and /livez always 200', async (status, state) => {
  const { url } = await listen({ health: () => state });
  const response = await fetch(`${url}/healthz`);
  expect([response.status, await response.json()]).toEqual([status, state]);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
});

describe('a failure inside', () => {
  test.each<[string, string, Partial<MetricsServerOptions>]>([
    ['a metric that throws', '/metrics', { registry: registryWith(() => fail(new Error('no such sensor'))) }],
    ['a metric that throws no error', '/metrics', { registry: registryWith(() => fail('no such sensor')) }],
    ['a health that throws', '/healthz', { health: () => fail(new Error('no such sensor')) }],
  ])('%s: 500 with the reason, one line of the log, and the server goes on', async (_name, path, options) => {
    const { url, lines } = await listen(options);
    for (let i = 0; i < 3; i++) {
      const response = await fetch(url + path);
      expect([response.status, await response.text()]).toEqual([
        500,
        'the metrics cannot be collected: no such sensor\n',
      ]);
    }
    expect(lines.filter(({ message }) => message === 'metrics cannot be collected')).toHaveLength(1);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  test('a metric that never answers holds a connection only for as long as any other', async () => {
    const registry = new Registry();
    const collect = () => new Promise<void>(() => undefined);
    new Counter({ name: 'things_total', help: 'Things.', registers: [registry], collect });
    const { port, url } = await listen({ registry, maxConnectionMs: 50 });
    expect(await exchange(port, get('/metrics'))).toBe('');
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});

describe('Host', () => {
  test.each<[string, string, string | undefined]>([
    ['of this machine', 'localhost:9465', '200'],
    ['that is allowed', 'metrics.example.com', '200'],
    ['of another site', 'evil.example', '403'],
    ['that is empty', '', '403'],
    ['twice, the second of another site', 'localhost\r\nHost: evil.example', '403'],
    ['twice, the first of another site', 'evil.example\r\nHost: localhost', '403'],
  ])('%s', async (_name, host, status) => {
    const { port } = await listen({ allowedHosts: ['metrics.example.com'] });
    for (const path of ['/metrics', '/healthz', '/livez', '/other']) {
      const answer = await exchange(port, get(path, '', host));
      expect(statusOf(answer)).toBe(path === '/other' && status === '200' ? '404' : status);
      if (status === '403') expect(answer).toContain('--allow-host');
    }
  });

  test('may be missing in HTTP/1.0, which simple checkers send, and not in HTTP/1.1', async () => {
    const { port } = await listen();
    expect(statusOf(await exchange(port, 'GET /livez HTTP/1.0\r\n\r\n'))).toBe('200');
    expect(statusOf(await exchange(port, 'GET /livez HTTP/1.1\r\n\r\n'))).toBe('400');
  });

  test.each([
    ['0.0.0.0', '200', 1],
    ['127.0.0.1', '403', 0],
  ])(
    '%s: a foreign name leads to %s, and the number of warnings is %d',
    async (address, status, warnings) => {
      const { port, lines } = await listen({}, address);
      expect(statusOf(await exchange(port, get('/livez', '', 'proxy.example')))).toBe(status);
      expect(lines.filter(({ message }) => /^other machines can read/.test(message))).toHaveLength(warnings);
    },
  );
});

describe('a hostile client', () => {
  test('500 silent connections: scrapes succeed, and few connections are held', async () => {
    const { port, url } = await listen();
    const silent = await Promise.all(Array.from({ length: 500 }, () => raw(port)));
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${url}/metrics`);
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.stringMatching(/http_connections_closed_total\{reason="too_many"\} 4\d\d\n/),
      ]);
    }
    await until(
      'the rest is closed',
      () => silent.filter((one) => !one.isClosed()).length <= MAX_HTTP_CONNECTIONS,
    );
  });

  test.each<[string, string]>([
    ['sends nothing', ''],
    ['sends half a request line', 'GET /met'],
    ['never ends its headers', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nA: b\r\n'],
  ])('one that %s is closed when its time is up', async (_name, bytes) => {
    const { port, url } = await listen({ maxConnectionMs: 100 });
    expect(await exchange(port, bytes)).toBe('');
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('closed_total{reason="too_slow"} 1\n');
  });

  test('a byte now and then does not prolong a connection', async () => {
    const { port } = await listen({ maxConnectionMs: 100 });
    const { socket, isClosed, received } = await raw(port, 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n');
    const drip = setInterval(() => socket.write('A: b\r\n'), 5);
    await until('it is closed', isClosed).finally(() => clearInterval(drip));
    expect(received()).toBe('');
  });

  test('a reader that does not read a large answer is closed when its time is up', async () => {
    const registry = new Registry();
    new Counter({ name: 'things_total', help: 'x'.repeat(32 << 20), registers: [registry] });
    const { port, url } = await listen({ registry, maxConnectionMs: 300 });
    const { socket } = await raw(port);
    socket.pause();
    socket.write(get('/metrics'));
    await until('the server answers', () => socket.readableLength > 0);
    registry.removeSingleMetric('things_total');
    // The client does not notice the end before it reads.
    await until('it is counted', async () =>
      (await (await fetch(`${url}/metrics`)).text()).includes('closed_total{reason="too_slow"} 1\n'),
    );
  });

  test.each<[string, string, string]>([
    ['headers of 1 MB', get('/metrics', `A: ${'b'.repeat(1 << 20)}\r\n`), '431'],
    ['10,000 headers', get('/metrics', 'A: b\r\n'.repeat(10_000)), '431'],
    ['a request line of 100 KB', get(`/${'a'.repeat(100_000)}`), '431'],
    ['something else than HTTP', '\x00\x00\x00\x01 not HTTP\r\n\r\n', '400'],
    ['a length that is not a number', get('/metrics', 'Content-Length: many\r\n'), '400'],
    [
      'two ways to find the end',
      get('/metrics', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'),
      '400',
    ],
    ['a body', `${get('/metrics', 'Content-Length: 3\r\n')}abc`, '413'],
    ['the promise of a body', get('/metrics', 'Content-Length: 9007199254740993\r\n'), '413'],
    ['a body in chunks', `${get('/metrics', 'Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n`, '413'],
    [
      'the question whether a body is welcome',
      get('/metrics', 'Content-Length: 3\r\nExpect: 100-continue\r\n'),
      '413',
    ],
    ['another expectation', get('/metrics', 'Expect: the-unexpected\r\n'), '200'],
    ['the URL of another server', get('http://evil.example/metrics'), '404'],
    ['an upgrade', get('/livez', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'), '200'],
  ])('that sends %s gets one answer, and the connection closes', async (_name, bytes, status) => {
    const { port, url } = await listen();
    const answer = await exchange(port, bytes);
    expect(statusOf(answer)).toBe(status);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  test('CONNECT gets no answer, and the connection closes', async () => {
    const { port } = await listen();
    expect(await exchange(port, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe('');
  });

  test('2,000 requests at once are one request: the metrics are collected once', async () => {
    let collected = 0;
    const registry = registryWith(() => {
      collected += 1;
    });
    const { port } = await listen({ registry });
    const answer = await exchange(port, get('/metrics').repeat(2000));
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(collected).toBe(1);
  });
});

test('an address that is in use is an error that says how to choose another', async () => {
  const { port } = await listen();
  const options = {
    registry: new Registry(),
    health: () => fail('never asked'),
    allowedHosts: [],
    logger: logLines(),
  };
  await expect(MetricsServer.listen({ host: '127.0.0.1', port }, options)).rejects.toMatchObject({
    code: 'ERR_ADDRESS_IN_USE',
    message: `another program uses the metrics address 127.0.0.1:${port}: choose another address with --metrics HOST:PORT, or turn metrics off with --metrics off`,
  });
});

function fail(error: unknown): never {
  throw error;
}
