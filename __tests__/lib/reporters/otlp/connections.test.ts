import { afterEach, expect, test } from '@jest/globals';
import { OtlpReporter, type OtlpReporterOptions } from '../../../../lib/reporters/otlp/index.js';
import { selfSigned } from '../../../helpers/certificate.js';
import { type ConnectProxy, connectProxies } from '../../../helpers/connect-proxy.js';
import { logBatch } from '../../../helpers/messages.js';
import { OtlpServer, otlpServers } from '../../../helpers/otlp-server.js';
import { thrown } from '../../../helpers/thrown.js';
import { until } from '../../../helpers/until.js';

const startServer = otlpServers();
const startProxy = connectProxies();
const closing: (() => unknown)[] = [];
const NAMES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
]);
const before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** Sets the variables for HTTP proxies, and no others. */
function environment(env: Record<string, string>): void {
  for (const name of NAMES) delete process.env[name];
  Object.assign(process.env, env);
}

/** A reporter for a server, by a name that only the proxy knows: a loopback address is never reached through one. */
function reporterFor({ url }: OtlpServer, host = 'otlp.example', options: Partial<OtlpReporterOptions> = {}) {
  const reporter = new OtlpReporter({ url: url.replace('127.0.0.1', host), ...options });
  closing.push(() => reporter.close());
  return reporter;
}

const report = (reporter: OtlpReporter) =>
  reporter.report(logBatch(1), { signal: new AbortController().signal });
// biome-ignore lint/suspicious/noExplicitAny: a failure may have any property.
const failure = (reporter: OtlpReporter): Promise<any> =>
  report(reporter).then(
    () => undefined,
    (error) => error,
  );
const withUser = ({ url }: ConnectProxy) => url.replace('http://', 'http://user:s3cr3t@');

test('one connection through the proxy is used for all exports', async () => {
  const [server, proxy] = [await startServer(), await startProxy()];
  environment({ HTTP_PROXY: withUser(proxy) });
  const reporter = reporterFor(server);
  for (let i = 0; i < 3; i++) await report(reporter);
  const target = `otlp.example:${new URL(server.url).port}`;
  expect(proxy.asked).toEqual([{ target, authorization: `Basic ${btoa('user:s3cr3t')}` }]);
  expect([server.exports.length, server.connections]).toEqual([3, 1]);
});

test('with TLS, the certificate of the server is checked', async () => {
  const proxy = await startProxy();
  environment({ HTTPS_PROXY: proxy.url });
  const address = selfSigned([192, 0, 2, 1]);
  const server = await new OtlpServer(address).listen();
  closing.push(() => server.close());
  const tls = { ca: address.cert };
  await report(reporterFor(server, '192.0.2.1', { tls }));
  expect(server.exports).toHaveLength(1);
  const error = await failure(reporterFor(server, '192.0.2.2', { tls }));
  expect(error).toMatchObject({
    code: 'ERR_CONNECT_FAILED',
    cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  });
  expect(server.exports).toHaveLength(1);
});

test.each([
  [407, 'Add user and password to HTTPS_PROXY'],
  [403, 'Allow this address in the proxy, or bypass it with NO_PROXY'],
  [400, 'CONNECT with 400'],
  [503, 'CONNECT with 503'],
  [204, 'CONNECT with 204'],
])('what the proxy refuses with %i is not what the server rejects', async (status, text) => {
  const [server, proxy] = [await startServer(), await startProxy()];
  environment({ HTTP_PROXY: withUser(proxy) });
  proxy.status = status;
  const reporter = reporterFor(server);
  const error = await failure(reporter);
  expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED', message: expect.stringContaining(text) });
  expect(error.permanent).toBeUndefined();
  expect(String(error)).not.toContain('s3cr3t');
  proxy.status = 200;
  await report(reporter);
  expect(server.exports).toHaveLength(1);
});

test('a proxy that does not answer costs one export, and no connection', async () => {
  const [server, proxy] = [await startServer(), await startProxy()];
  environment({ HTTP_PROXY: proxy.url });
  proxy.status = 0;
  const reporter = reporterFor(server, undefined, { timeoutMs: 100 });
  expect(await failure(reporter)).toMatchObject({ code: 'ERR_CALL_TIMEOUT' });
  await until('the connection is closed', () => proxy.open() === 0);
  proxy.status = 200;
  await report(reporter);
  expect(server.exports).toHaveLength(1);
});

test('a proxy that cannot be reached is named', async () => {
  const server = await startServer();
  environment({ ALL_PROXY: 'http://user:s3cr3t@127.0.0.1:1' });
  const error = await failure(reporterFor(server));
  expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
  expect(error.message).toContain('through the HTTP proxy 127.0.0.1:1 (ECONNREFUSED');
  expect(String(error)).not.toContain('s3cr3t');
});

test.each([
  ['NO_PROXY excludes the host', { NO_PROXY: 'localhost.example' }],
  ['it is a loopback address', {}],
])('there is no proxy if %s', async (_why, env: Record<string, string>) => {
  const [server, proxy] = [await startServer(), await startProxy()];
  environment({ HTTP_PROXY: proxy.url, ...env });
  await report(reporterFor(server, '127.0.0.1'));
  expect(proxy.asked).toEqual([]);
});

test.each(['socks5://user:s3cr3t@host', 'http://user:s3cr3t%zz@host', 'http://[s3cr3t]'])(
  'the address %s is an error that does not show it',
  async (address) => {
    environment({ HTTP_PROXY: address });
    const error = thrown(() => new OtlpReporter({ url: 'http://otlp.example/v1/logs' }));
    expect(error).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringMatching(/^HTTP_PROXY: expected/),
    });
    expect(String(error)).not.toContain('s3cr3t');
  },
);
