import { describe, expect, test } from '@jest/globals';
import { until } from '../helpers/until.js';
import { expectAccepted } from './events.js';
import { programs, type Served } from './programs.js';

const EVENTS = 20;
const { agentApi, serve, send, path } = programs();

const sendTo = (proxy: Served) => send(proxy.socket, '-events', String(EVENTS));

/** Waits for a log line with this message and this error. */
const logged = (proxy: Served, msg: RegExp, why: RegExp) =>
  until(`the log contains ${msg} with the error ${why}`, () =>
    proxy.log().some((line) => msg.test(line.msg) && why.test(line.err?.message ?? '')),
  );

describe('a failure that lasts until somebody acts: the batches are kept', () => {
  test.each([
    ['400, an API older than the method', ['-api-version', '2.6'], [400], /400/],
    ['400, an API whose servers ignore the role', ['-api-version', '2.7'], [400], /--coder-allow-old/],
    ['unknown method', ['-fault', 'unknown-method'], [101], /unknown rpc/],
    ['unimplemented', ['-fault', 'unimplemented'], [101], /unimplemented/i],
  ])('%s', async (_, fault, attempts, why) => {
    const spool = path();
    const faulty = await agentApi(...fault);
    const proxy = await serve(faulty.url, ['--spool', spool, '--drain', '0']);
    await sendTo(proxy);
    await logged(proxy, /./, why);
    expect(await proxy.close()).toMatchObject({
      received: { logs: EVENTS },
      forwarded: { logs: 0 },
      kept: { logs: EVENTS },
    });
    // The proxy does not retry for minutes.
    expect(faulty.attempts.map(({ status }) => status)).toEqual(attempts);
    expect(faulty.calls.filter(({ answer }) => answer === 'ok')).toEqual([]);

    const healthy = await agentApi();
    const next = await serve(healthy.url, ['--spool', spool]);
    await expectAccepted(healthy, EVENTS);
    await next.close();
  });

  test('401, another token: the batches are kept from the first answer on', async () => {
    const spool = path();
    const faulty = await agentApi('-token', 'of another agent');
    const proxy = await serve(faulty.url, ['--spool', spool, '--drain', '0']);
    await sendTo(proxy);
    await logged(proxy, /is not available/, /401.*use the token of its latest build/);
    expect(await proxy.close()).toMatchObject({ forwarded: { logs: 0 }, kept: { logs: EVENTS } });
    expect(new Set(faulty.attempts.map(({ status }) => status))).toEqual(new Set([401]));
    const healthy = await agentApi();
    const next = await serve(healthy.url, ['--spool', spool]);
    await expectAccepted(healthy, EVENTS);
    await next.close();
  });

  test.each([
    ['2.7', ['--coder-allow-old'], '2.7'],
    ['2.8', [], '2.8'],
    ['2.10', [], '2.8'],
    ['2.10', ['--coder-allow-old'], '2.7'],
  ])('a server with API %s and %j: the proxy asks for %s, with its role', async (api, args, version) => {
    const server = await agentApi('-api-version', api);
    const proxy = await serve(server.url, args);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    expect(server.attempts.map(({ status, version, role }) => [status, version, role])).toEqual([
      [101, version, 'boundary-log-proxy'],
    ]);
    await proxy.close();
  });
});

describe('a failure that passes: the proxy retries', () => {
  test.each([
    ['429', ['-refuse', '429']],
    ['503', ['-refuse', '503']],
  ])('%s, not before Retry-After', async (status, fault) => {
    const server = await agentApi(...fault, '-retry-after', '2', '-times', '1');
    const proxy = await serve(server.url);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    const [refused, accepted] = server.attempts;
    expect([refused?.status, accepted?.status]).toEqual([Number(status), 101]);
    expect((accepted?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(2000);
    expect(await proxy.close()).toMatchObject({ forwarded: { logs: EVENTS } });
  });

  test('401, until the workspace is built: a few seconds later, everything is delivered', async () => {
    const server = await agentApi('-refuse', '401', '-times', '4');
    const proxy = await serve(server.url);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    expect(server.attempts.map(({ status }) => status)).toEqual([401, 401, 401, 401, 101]);
    const times = server.attempts.map(({ at }) => at);
    for (let i = 1; i < times.length; i++) {
      expect((times[i] as number) - (times[i - 1] as number)).toBeLessThan(30_000);
    }
    expect(await proxy.close()).toMatchObject({ forwarded: { logs: EVENTS } });
  });

  test.each([
    ['403', ['-refuse', '403']],
    ['404', ['-refuse', '404']],
    ['502', ['-refuse', '502']],
  ])('%s', async (status, fault) => {
    const server = await agentApi(...fault, '-times', '2');
    const proxy = await serve(server.url);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    expect(server.attempts.map(({ status }) => status)).toEqual([Number(status), Number(status), 101]);
    expect(await proxy.close()).toMatchObject({ forwarded: { logs: EVENTS } });
  });

  test.each([
    [9, [101]],
    [10, []],
  ])('%d redirects', async (redirects, statuses) => {
    const server = await agentApi('-redirects', String(redirects));
    const proxy = await serve(server.url, ['--drain', '0']);
    await sendTo(proxy);
    if (statuses.length > 0) await expectAccepted(server, EVENTS);
    else await logged(proxy, /is not available/, /after 10 requests/);
    expect(server.attempts.map(({ status }) => status)).toEqual(statuses);
    await proxy.close();
  });

  test.each([
    ['the stream ends without an answer', 'end-stream', 1],
    ['the session ends in a call', 'end-session', 2],
  ])('%s', async (_, fault, connections) => {
    const server = await agentApi('-fault', fault, '-times', '1');
    const proxy = await serve(server.url);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    // The batches that waited meanwhile may have become one call.
    const [first, ...others] = server.calls.map(({ answer }) => answer);
    expect([first, ...new Set(others)]).toEqual([fault, 'ok']);
    expect(server.attempts).toHaveLength(connections);
    expect(await proxy.close()).toMatchObject({ forwarded: { logs: EVENTS } });
  });
});

describe('a failure of one batch: the batch is dropped as rejected, and the next one follows', () => {
  test.each([
    ['more logs than the server accepts', ['-batch', '20'], /too many boundary logs/],
    ['a batch that the server cannot decode', ['-unparsable'], /UTF-8/],
  ])('%s', async (_, args, why) => {
    const server = await agentApi('-max-logs', '10');
    const proxy = await serve(server.url);
    await send(proxy.socket, '-events', '20', ...args);
    await logged(proxy, /^dropping boundary logs$/, why);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    expect(await proxy.close()).toMatchObject({
      forwarded: { logs: EVENTS },
      dropped: { rejected: { logs: 20 } },
    });
  });
});
