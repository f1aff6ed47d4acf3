import { afterEach, describe, expect, test } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { MetricsServer } from '../../../lib/cli/metrics-server.js';

const servers: MetricsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function listen(host = '127.0.0.1', registry = new Registry()): Promise<MetricsServer> {
  const server = await MetricsServer.listen({ host, port: 0 }, registry);
  servers.push(server);
  return server;
}

describe('serves', () => {
  test.each([
    ['GET', '/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8', /^# HELP things_total Things\./],
    ['GET', '/metrics?name=x', 200, 'text/plain; version=0.0.4; charset=utf-8', /^things_total 3$/m],
    ['HEAD', '/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8', /^$/],
    ['GET', '/healthz', 200, 'text/plain', /^ok\n$/],
    ['GET', '/', 404, 'text/plain', /\/metrics or \/healthz/],
    ['POST', '/metrics', 405, null, /^$/],
  ])('%s %s: %d', async (method, path, status, type, body) => {
    const registry = new Registry();
    new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(3);
    const server = await listen('127.0.0.1', registry);
    const response = await fetch(server.url + path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe(type);
    expect(await response.text()).toMatch(body);
  });

  test('also on IPv6', async () => {
    const server = await listen('::1');
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});

test('a metric that throws ends the request, not the process', async () => {
  const registry = new Registry();
  new Counter({
    name: 'things_total',
    help: 'Things.',
    registers: [registry],
    collect() {
      throw new Error('no');
    },
  });
  const server = await listen('127.0.0.1', registry);
  await expect(fetch(`${server.url}/metrics`)).rejects.toThrow();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test('an address that is in use is an error that says how to choose another', async () => {
  const { port } = new URL((await listen()).url);
  await expect(
    MetricsServer.listen({ host: '127.0.0.1', port: Number(port) }, new Registry()),
  ).rejects.toMatchObject({
    code: 'ERR_ADDRESS_IN_USE',
    message: `another program uses the metrics address 127.0.0.1:${port}: choose another address with --metrics HOST:PORT, or turn metrics off with --metrics off`,
  });
});
