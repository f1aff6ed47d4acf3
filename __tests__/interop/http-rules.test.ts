import { execFile, execFileSync } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { proxyFor } from '../../lib/reporters/coder/proxy-route.js';
import { redirectIn } from '../../lib/reporters/coder/redirect.js';
import { random } from '../helpers/cuts.js';
import { CHOICES, EXCEPTIONS, type ProxyCase } from '../helpers/proxy-cases.js';
import { seed } from '../helpers/seed.js';
import { BIN } from './programs.js';

interface Answer {
  proxy: string | null;
  status: number;
  url: string;
  error: string;
}

const answersIn = (output: string): Answer[] =>
  output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

function goProxies(questions: Pick<ProxyCase, 'env' | 'url'>[]): (string | null)[] {
  const input = questions.map((question) => JSON.stringify(question)).join('\n');
  const options = { input, encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  return answersIn(execFileSync(`${BIN}httprules`, options)).map(({ proxy, error }) => {
    if (error !== '') throw new Error(error);
    return proxy;
  });
}

const normal = (proxy: string | null) => (proxy === null ? null : new URL(proxy).href);

describe('the choice of a proxy', () => {
  test('is that of Go, for every case of the tables', () => {
    const cases = [...CHOICES, ...EXCEPTIONS];
    expect(cases.length).toBeGreaterThan(140);
    const go = goProxies(cases);
    const expected = cases.map(({ env, url }, i) => ({ env, url, proxy: go[i] }));
    expect(cases).toEqual(expected);
  });

  test(`is that of Go, for random lists and hosts (TEST_SEED=${seed})`, () => {
    const next = random(seed);
    const one = <T>(values: readonly T[]) => values[Math.floor(next() * values.length)] as T;
    const number = (limit: number) => Math.floor(next() * limit);
    const name = () =>
      one(['a.com', 'b.a.com', '.a.com', '*.a.com', 'com', 'localhost', 'xa.com', '*', 'é.com']);
    const ipv4 = () => one(['10.1.2.3', '10.1.2.4', '10.200.0.1', '127.0.0.1', '192.168.1.1', '0.0.0.0']);
    const ipv6 = () =>
      one(['::1', '2001:db8::1', '2001:db8:8000::', 'fe80::1', '::ffff:10.1.2.3', '::ffff:a01:203', '::']);
    const entry = () =>
      one([
        name,
        () => `${name()}:${one(['80', '443', '8080', ''])}`,
        ipv4,
        ipv6,
        () => `${ipv4()}/${number(34)}`,
        () => `${ipv6()}/${number(130)}`,
        () => `${ipv4()}:${one(['80', '443', '8080'])}`,
        () => `[${one([ipv6, ipv4, name])()}]${one(['', ':80', ':443', ':', 'x:80'])}`,
        () => ` ${name().toUpperCase()}\t`,
        () => Array.from({ length: number(8) }, () => one([...'a.:/[]*1 %'])).join(''),
      ])();
    const host = () =>
      one([
        () =>
          name()
            .replace('*.', '')
            .replace(/^\.|^\*$/, 'c.'),
        ipv4,
        () => `[${ipv6()}]`,
      ])();
    const questions = Array.from({ length: 20_000 }, () => ({
      env: {
        HTTP_PROXY: 'http://one:3128',
        HTTPS_PROXY: 'http://two:3128',
        NO_PROXY: Array.from({ length: number(4) }, entry).join(','),
      },
      url: `${one(['http', 'https'])}://${host()}${one(['', ':80', ':443', ':8080'])}/`,
    }));
    const go = goProxies(questions).map((proxy) => normal(proxy));
    const differing = questions
      .map(({ env, url }, i) => ({
        env,
        url,
        go: go[i],
        here: proxyFor(new URL(url), env)?.url.href ?? null,
      }))
      .filter(({ go, here }) => go !== here);
    expect(differing.slice(0, 5)).toEqual([]);
    expect(new Set(go).size).toBe(3);
  });
});

describe('redirects', () => {
  const seen: { path: string; token: IncomingHttpHeaders[string] }[] = [];
  /** The response to each path: a status, and a location. */
  let respond: (path: string) => [status: number, location?: string] = () => [200];
  const server = createServer((request, response) => {
    seen.push({ path: request.url as string, token: request.headers['coder-session-token'] });
    const [status, location] = respond(request.url as string);
    response.writeHead(status, location === undefined ? {} : { location }).end();
  });
  let port = 0;
  beforeEach(async () => {
    seen.length = 0;
    // Every loopback address, so that there is another host.
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  async function goGets(path: string): Promise<Answer> {
    const question = { get: `http://127.0.0.1:${port}${path}`, headers: { 'Coder-Session-Token': 'secret' } };
    const running = promisify(execFile)(`${BIN}httprules`, [], { encoding: 'utf8' });
    running.child.stdin?.end(JSON.stringify(question));
    return answersIn((await running).stdout)[0] as Answer;
  }

  test('Go follows the statuses that are followed here', async () => {
    const followed = new Set<number>();
    for (let status = 300; status < 400; status++) {
      respond = (path) => (path === '/' ? [status, '/next'] : [200]);
      if ((await goGets('/')).url.endsWith('/next')) followed.add(status);
    }
    const from = new URL('http://127.0.0.1/');
    const here = Array.from({ length: 1000 }, (_, status) => status).filter(
      (statusCode) =>
        redirectIn(from, { statusCode, headers: { location: '/next' } }, 'secret') !== undefined,
    );
    expect(here).toEqual([...followed]);
  });

  test('Go makes at most 10 requests, and sends the token to another host, which is not done here', async () => {
    respond = (path) => [307, `/${Number(path.slice(1)) + 1}`];
    expect(await goGets('/1')).toMatchObject({ error: expect.stringContaining('10 redirects') });
    expect(seen.map(({ path }) => path)).toEqual(Array.from({ length: 10 }, (_, i) => `/${i + 1}`));
    seen.length = 0;
    respond = (path) => (path === '/' ? [302, `http://127.0.0.2:${port}/other`] : [200]);
    await goGets('/');
    expect(seen.at(-1)).toEqual({ path: '/other', token: 'secret' });
  });
});
